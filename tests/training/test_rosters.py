"""Roster imports over the wire: every row a verdict, whatever the mode."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date

import grpc
import pytest
from liancai.common.v1.types_pb2 import Finding
from liancai.training.v1 import enrolments_pb2
from liancai.training.v1 import rosters_pb2 as pb

from services.platform.database import Database
from services.platform.errors import Unavailable
from services.reference import resident_id
from services.training.rosters import importing
from services.training.seats.decisions import Application, Decision
from services.training.seats.enrolling import Series
from services.training.seats.known import Glance
from tests.office import Office, a_class, request_id, somebody
from tests.training.journal import prove
from tests.training.roster_desk import Header, Result, bring, rows_of


def enrolled_in(office: Office, name: str) -> tuple[int, int]:
    found = office.the_class(name)
    return found.enrolled, found.waitlisted


def test_valid_rows_fill_the_class_then_the_waitlist_and_every_row_has_a_verdict(
    office: Office, database: Database
) -> None:
    order = office.contracted(headcount=30).name
    held = office.open_class(order, capacity=20).name
    rows = rows_of([somebody() for _ in range(25)])
    rows[3].resident_id = rows[3].resident_id[:-1] + ("1" if rows[3].resident_id[-1] != "1" else "2")
    rows[9].phone = "1380000"
    done = bring(office, held, rows)
    assert [verdict.row_number for verdict in done.verdicts] == list(range(4, 29))
    assert (done.summary.enrolled, done.summary.waitlisted, done.summary.refused) == (20, 3, 2)
    assert done.codes(7) == ["TR-ID-CHECKSUM"]
    assert done.codes(13) == ["TR-PHONE-FORMAT"]
    assert done.summary.changed
    assert not done.summary.seen_before
    assert done.progress[-1].decided == 25
    assert enrolled_in(office, held) == (20, 3)
    prove(database, order)


def test_where_one_slice_cannot_be_written_those_after_it_are_not_either(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else they would have seats, or places on the waitlist, before people who stand before them."""
    held = office.open_class(office.contracted(headcount=30).name, capacity=6).name
    rows = rows_of([somebody() for _ in range(10)])
    monkeypatch.setattr(importing, "SLICE", 1)
    monkeypatch.setattr(importing, "SLICES", 2)
    enrol, slices = Series.enrol, itertools.count(1)

    def third_fails(series: Series, applications: Sequence[Application], seen: Glance) -> list[Decision]:
        if next(slices) == 3:
            raise Unavailable
        return enrol(series, applications, seen)

    monkeypatch.setattr(Series, "enrol", third_fails)
    with pytest.raises(grpc.RpcError) as refused:
        bring(office, held, rows)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert enrolled_in(office, held) == (2, 0)
    again = bring(office, held, rows)
    assert again.results == [Result.UNCHANGED] * 2 + [Result.ENROLLED] * 4 + [Result.WAITLISTED] * 4


def test_whoever_goes_away_leaves_whole_groups_of_slices_behind(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun is written to its end, and what comes after it is not."""
    monkeypatch.setattr(importing, "SLICE", 1)
    monkeypatch.setattr(importing, "SLICES", 2)
    order = office.contracted(headcount=30).name
    held = office.open_class(order, capacity=20).name
    rows = rows_of([somebody() for _ in range(20)])
    header = Header(class_name=held, mode=Header.VALID_ROWS, file_sha256="0" * 64, request_id=request_id())
    parts = (
        pb.ImportRosterRequest(header=header),
        pb.ImportRosterRequest(chunk=pb.ImportRosterRequest.Chunk(rows=rows)),
        pb.ImportRosterRequest(end=pb.ImportRosterRequest.End()),
    )
    answers = office.rosters.ImportRoster(iter(parts))
    assert next(each for each in answers if each.HasField("verdicts"))
    answers.cancel()
    again = bring(office, held, rows).results
    there = again.count(Result.UNCHANGED)
    assert there >= 2
    assert there % 2 == 0
    assert again == [Result.UNCHANGED] * there + [Result.ENROLLED] * (20 - there)
    assert enrolled_in(office, held) == (20, 0)
    prove(database, order)


def test_importing_the_same_file_again_changes_nothing_and_says_so(office: Office) -> None:
    held = office.open_class(office.contracted(headcount=30).name, capacity=4).name
    rows = rows_of([somebody() for _ in range(6)])
    bring(office, held, rows)
    again = bring(office, held, rows)
    assert again.results == [Result.UNCHANGED] * 6
    assert again.summary.seen_before
    assert not again.summary.changed
    assert {verdict.state for verdict in again.verdicts} == {
        enrolments_pb2.Enrolment.ENROLLED,
        enrolments_pb2.Enrolment.WAITLISTED,
    }
    assert enrolled_in(office, held) == (4, 2)


def test_check_only_says_what_would_come_of_it_and_stores_nothing(office: Office) -> None:
    held = office.open_class(office.contracted().name, capacity=3).name
    rows = rows_of([somebody() for _ in range(5)])
    checked = bring(office, held, rows, Header.CHECK_ONLY)
    assert checked.results == [Result.ENROLLED] * 3 + [Result.WAITLISTED] * 2
    assert not checked.summary.changed
    assert enrolled_in(office, held) == (0, 0)
    assert not bring(office, held, rows).summary.seen_before


def test_all_or_nothing_takes_nothing_when_one_row_is_wrong_and_all_when_none_is(office: Office) -> None:
    held = office.open_class(office.contracted().name, capacity=10).name
    people = [somebody() for _ in range(8)]
    rows = rows_of(people)
    rows[2].full_name = ""
    spoilt = bring(office, held, rows, Header.ALL_OR_NOTHING)
    assert spoilt.results.count(Result.NOT_TAKEN) == 7
    assert spoilt.results[2] == Result.REFUSED
    assert enrolled_in(office, held) == (0, 0)
    whole = bring(office, held, rows_of(people), Header.ALL_OR_NOTHING)
    assert whole.results == [Result.ENROLLED] * 8


def test_all_or_nothing_is_undone_when_a_rule_blocks_one_person(office: Office) -> None:
    held = office.open_class(office.contracted().name, capacity=10).name
    people = [somebody() for _ in range(3)]
    people[1].resident_id = resident_id.make("370103", date(2015, 5, 1), 12)
    done = bring(office, held, rows_of(people), Header.ALL_OR_NOTHING)
    assert done.results == [Result.NOT_TAKEN, Result.REFUSED, Result.NOT_TAKEN]
    assert "TR-AGE-MIN" in done.codes(5)
    assert enrolled_in(office, held) == (0, 0)


def test_both_rows_of_a_duplicate_are_named(office: Office) -> None:
    held = office.open_class(office.contracted().name, capacity=10).name
    people = [somebody() for _ in range(6)]
    people[4].CopyFrom(people[1])
    people[5].resident_id = people[2].resident_id
    people[5].full_name = "另一姓名"
    done = bring(office, held, rows_of(people))
    assert done.codes(5) == ["TR-ROW-DUPLICATE-KEPT"]
    assert done.codes(8) == ["TR-ROW-DUPLICATE"]
    assert (done.codes(6), done.codes(9)) == (["TR-ROW-DUPLICATE-NAME"], ["TR-ROW-DUPLICATE-NAME"])
    named = {verdict.row_number: [list(finding.others) for finding in verdict.findings] for verdict in done.verdicts}
    assert (named[5], named[8]) == ([["row 8"]], [["row 5"]])
    assert done.results == [Result.ENROLLED] * 2 + [Result.REFUSED, Result.ENROLLED] + [Result.REFUSED] * 2


def test_what_excel_did_to_a_number_is_said(office: Office) -> None:
    held = office.open_class(office.contracted().name, capacity=10).name
    people = [somebody() for _ in range(3)]
    full_width = str.maketrans("0123456789X", "０１２３４５６７８９x")
    people[0].resident_id = " " + people[0].resident_id.translate(full_width) + "\u3000"
    people[1].resident_id = "3.70103E+17"
    people[2].resident_id = "370103900101001"
    done = bring(office, held, rows_of(people))
    assert done.results == [Result.ENROLLED, Result.REFUSED, Result.REFUSED]
    assert (done.codes(5), done.codes(6)) == (["TR-ID-EXCEL"], ["TR-ID-FIFTEEN"])


def test_no_verdict_carries_a_full_number_or_phone(office: Office) -> None:
    held = office.open_class(office.contracted().name, capacity=1).name
    people = [somebody() for _ in range(4)]
    people[1].resident_id = people[1].resident_id[:17] + ("0" if people[1].resident_id[17] != "0" else "1")
    people[2].phone = "139123456"
    people[3].CopyFrom(people[0])
    done = bring(office, held, rows_of(people))
    said = "".join(str(verdict) for verdict in done.verdicts)
    for each in people:
        assert each.resident_id not in said
        assert each.phone not in said


def test_a_roster_for_a_class_that_is_not_open_is_refused_row_by_row(office: Office) -> None:
    order = office.contracted().name
    from liancai.training.v1 import classes_pb2

    draft = office.classes.CreateClass(
        classes_pb2.CreateClassRequest(training_class=a_class(order), request_id=request_id())
    ).name
    done = bring(office, draft, rows_of([somebody()]))
    assert done.codes(4) == ["TR-CLASS-CLOSED"]
    assert done.verdicts[0].findings[0].level == Finding.ERROR


@pytest.mark.parametrize(
    ("parts", "code", "reason"),
    [
        ([], grpc.StatusCode.INVALID_ARGUMENT, "ROSTER_PROTOCOL"),
        (
            [pb.ImportRosterRequest(end=pb.ImportRosterRequest.End())],
            grpc.StatusCode.INVALID_ARGUMENT,
            "ROSTER_PROTOCOL",
        ),
        ([pb.ImportRosterRequest(header=Header())], grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        (
            [
                pb.ImportRosterRequest(
                    header=Header(
                        class_name="classes/20990100001",
                        mode=Header.VALID_ROWS,
                        file_sha256="0" * 64,
                        request_id="12345678",
                    )
                )
            ],
            grpc.StatusCode.NOT_FOUND,
            "NOT_FOUND",
        ),
    ],
)
def test_a_stream_that_is_no_import_is_refused(
    office: Office, parts: list[pb.ImportRosterRequest], code: grpc.StatusCode, reason: str
) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        list(office.rosters.ImportRoster(iter(parts)))
    assert refusal.value.code() == code
    assert reason in str(dict(refusal.value.trailing_metadata()))


def test_an_import_that_breaks_off_before_its_end_stores_nothing(office: Office) -> None:
    held = office.open_class(office.contracted().name, capacity=10).name
    header = Header(class_name=held, mode=Header.VALID_ROWS, file_sha256="0" * 64, request_id=request_id())
    parts = [
        pb.ImportRosterRequest(header=header),
        pb.ImportRosterRequest(chunk=pb.ImportRosterRequest.Chunk(rows=rows_of([somebody()]))),
    ]
    with pytest.raises(grpc.RpcError):
        list(office.rosters.ImportRoster(iter(parts)))
    assert enrolled_in(office, held) == (0, 0)
