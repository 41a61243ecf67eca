"""What an import may come to: modes, warnings with reasons, limits; and a check that says what an import will do."""

from __future__ import annotations

from datetime import date

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from liancai.common.v1.types_pb2 import Finding
from liancai.training.v1 import audit_pb2, enrolments_pb2, quotas_pb2
from liancai.training.v1 import rosters_pb2 as pb
from sqlalchemy import select

from services.platform.database import Database
from services.reference import resident_id
from services.training.rosters import importing
from services.training.tables import EnrolmentRow
from tests.office import Office, request_id, somebody
from tests.training.journal import prove
from tests.training.roster_desk import Header, Imported, Result, bring, rows_of
from tests.training.roster_outcomes import FEN, OUTCOMES, proven

SHARED = {"TR-PHONE-SHARED": "夫妻共用"}


@pytest.mark.parametrize("code", OUTCOMES)
def test_an_import_that_comes_to_it_and_one_that_nearly_does(office: Office, code: str) -> None:
    bad, good = OUTCOMES[code]
    assert code in bad(office)
    assert code not in good(office)


def people(count: int) -> list[pb.RosterRow]:
    return rows_of([somebody() for _ in range(count)])


def held(office: Office, capacity: int = 10) -> str:
    return office.open_class(office.contracted().name, capacity=capacity).name


def sharing() -> list[pb.RosterRow]:
    """Four rows, the first two with one phone."""
    rows = people(4)
    rows[1].phone = rows[0].phone
    return rows


def counts(done: Imported) -> tuple[int, ...]:
    said = done.summary
    return (
        said.enrolled,
        said.waitlisted,
        said.unchanged,
        said.refused,
        said.not_taken,
        said.needs_reason,
        said.no_quota,
    )


def test_a_row_that_warns_waits_for_a_reason_and_is_taken_with_one(office: Office, database: Database) -> None:
    order = office.contracted().name
    name = office.open_class(order, capacity=10).name
    rows = sharing()
    first = bring(office, name, rows)
    assert first.results == [Result.NEEDS_REASON] * 2 + [Result.ENROLLED] * 2
    assert first.codes(4) == ["TR-PHONE-SHARED", "TR-NEEDS-REASON"]
    assert first.verdicts[0].findings[0].level == Finding.WARNING
    assert "TR-PHONE-SHARED" in first.verdicts[0].findings[1].message
    assert (first.verdicts[0].enrolment, first.verdicts[0].state) == ("", 0)
    again = bring(office, name, rows, accept=SHARED)
    assert again.results == [Result.ENROLLED] * 2 + [Result.UNCHANGED] * 2
    assert again.codes(4) == ["TR-PHONE-SHARED"]
    # once they are in, nobody asks again
    assert bring(office, name, rows).results == [Result.UNCHANGED] * 4
    prove(database, order)


def test_a_warning_of_a_rule_wants_a_reason_too_and_it_stays_on_record(office: Office, database: Database) -> None:
    name = held(office)
    (row,) = people(1)
    bring(office, held(office), [row])
    row.full_name = "样例别名"
    done = bring(office, name, [row])
    assert (done.results, done.codes(4)) == ([Result.NEEDS_REASON], ["TR-NAME-DIFFERS", "TR-NEEDS-REASON"])
    taken = bring(office, name, [row], accept={"TR-NAME-DIFFERS": "已核对户口簿，改名"})
    assert taken.results == [Result.ENROLLED]
    with database.reading() as session:
        stored = session.get_one(EnrolmentRow, taken.verdicts[0].enrolment.partition("/")[2])
        assert stored.accepted == [{"code": "TR-NAME-DIFFERS", "reason": "已核对户口簿，改名"}]


def test_what_was_accepted_is_in_the_audit_trail_of_the_class(office: Office) -> None:
    name = held(office)
    bring(office, name, sharing(), accept=SHARED)
    found = office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource=name))
    entries = [each for each in found.entries if "roster" in each.action]
    assert "夫妻共用" in str(entries[-1].detail)


def test_errors_and_open_warnings_of_a_row_are_said_at_once(office: Office) -> None:
    """What the rules say of somebody whose row is refused for its cells is not kept for the next round."""
    rows = people(2)
    rows[0].phone = "1"
    other = held(office)
    bring(
        office,
        other,
        [pb.RosterRow(row_number=1, full_name="样例旧名", resident_id=rows[0].resident_id, phone="13800000001")],
    )
    done = bring(office, held(office), rows)
    assert done.codes(4) == ["TR-PHONE-FORMAT", "TR-NAME-DIFFERS"]
    assert done.results == [Result.REFUSED, Result.ENROLLED]


def test_all_or_nothing_takes_nobody_when_one_row_wants_a_reason(office: Office) -> None:
    name, rows = held(office), sharing()
    done = bring(office, name, rows, Header.ALL_OR_NOTHING)
    assert counts(done) == (0, 0, 0, 0, 2, 2, 0)
    assert office.the_class(name).enrolled == 0
    assert not done.summary.changed
    whole = bring(office, name, rows, Header.ALL_OR_NOTHING, accept=SHARED)
    assert whole.summary.enrolled == 4
    assert not whole.summary.seen_before


@pytest.mark.parametrize(("percent", "taken"), [(19, 0), (20, 8), (100, 8)])
def test_the_threshold_is_allowed_and_more_is_not(office: Office, database: Database, percent: int, taken: int) -> None:
    order = office.contracted().name
    name = office.open_class(order, capacity=10).name
    rows = people(10)
    rows[3].resident_id = rows[3].resident_id[:-1]
    rows[7].full_name = ""
    done = bring(office, name, rows, Header.THRESHOLD, threshold_percent=percent)
    assert counts(done) == (taken, 0, 0, 2, 8 - taken, 0, 0)
    assert office.the_class(name).enrolled == taken
    assert done.summary.changed == bool(taken)
    prove(database, order)


def test_errors_that_only_the_rules_see_count_for_the_threshold(office: Office) -> None:
    """Found out in the transaction, which is undone."""
    name, rows = held(office), people(4)
    rows[2].resident_id = resident_id.make("370103", date(2015, 5, 1), 12)
    refused = bring(office, name, rows, Header.THRESHOLD, threshold_percent=24)
    assert counts(refused) == (0, 0, 0, 1, 3, 0, 0)
    assert "TR-FILE-THRESHOLD" in refused.said
    assert office.the_class(name).enrolled == 0
    assert all(not verdict.enrolment for verdict in refused.verdicts)
    taken = bring(office, name, rows, Header.THRESHOLD, threshold_percent=25)
    assert counts(taken) == (3, 0, 0, 1, 0, 0, 0)


def test_without_the_threshold_they_would_have_been_taken(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: with the guard off the same file is taken."""
    monkeypatch.setattr(importing.Import, "_too_many", lambda *_: False)
    rows = people(4)
    rows[0].phone = "1"
    assert bring(office, held(office), rows, Header.THRESHOLD, threshold_percent=0).summary.enrolled == 3


def test_rows_that_a_limit_leaves_out_are_told_which(office: Office) -> None:
    year = 2040
    limit = office.quotas.SetQuota(
        quotas_pb2.SetQuotaRequest(
            kind=quotas_pb2.DIVISION_BUDGET, division="371526", year=year, fund=quotas_pb2.EMPLOYMENT_SUBSIDY,
            granted=2 * FEN + 50_000, source="样例文号", request_id=request_id(),
        )
    ).name  # fmt: skip
    order = office.contracted(start_date=f"{year}-06-01").name
    name = office.paid_class(order, start_date=f"{year}-03-01", end_date=f"{year}-03-31", subsidy_fen=FEN).name
    rows = [proven(row, place) for place, row in enumerate(people(4))]
    checked = bring(office, name, rows, Header.CHECK_ONLY)
    done = bring(office, name, rows)
    assert checked.results == done.results == [Result.ENROLLED] * 2 + [Result.NO_QUOTA] * 2
    assert done.summary.binding_quota == checked.summary.binding_quota == limit
    finding = done.verdicts[2].findings[-1]
    assert (finding.code, list(finding.others)) == ("TR-NO-QUOTA", [limit])
    assert "500.00 元" in finding.message
    assert bring(office, name, rows, Header.ALL_OR_NOTHING).summary.not_taken == 0  # two are in already
    assert counts(bring(office, name, rows)) == (0, 0, 2, 0, 0, 0, 2)


def test_a_subsidised_class_wants_category_and_proof_and_keeps_them(office: Office, database: Database) -> None:
    order = office.contracted(start_date="2041-06-01").name
    name = office.paid_class(order, start_date="2041-03-01", end_date="2041-03-31").name
    rows = people(3)
    proven(rows[1], 1)
    rows[2].category, rows[2].proof_kind = "企业职工", "劳动合同"
    done = bring(office, name, rows)
    assert done.results == [Result.REFUSED, Result.ENROLLED, Result.REFUSED]
    assert done.codes(4) == ["TR-CATEGORY-MISSING", "TR-PROOF-MISSING"]
    assert {"TR-PROOF-MISSING", "TR-EMPLOYER-MISSING", "TR-USCC-MISSING"} <= set(done.codes(6))
    with database.reading() as session:
        stored = session.scalars(select(EnrolmentRow).where(EnrolmentRow.class_id == name.partition("/")[2])).one()
        assert stored.category == "UNE"
        sealed = database.vault.unseal(stored.proof_sealed, f"enrolments/{stored.id}", "proof")
        assert sealed == f"就业创业证 {rows[1].proof_number}"


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_check_says_what_the_import_will_do_however_it_is_sliced(
    office: Office, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """With seats for some, a duplicate, a fault and open warnings in between."""
    monkeypatch.setattr(importing, "SLICE", size)
    name = held(office, capacity=5)
    office.enrol(name)
    rows = people(10)
    rows[2].phone = "1"
    rows[5].CopyFrom(rows[1])
    rows[5].row_number = 9
    rows[8].phone = rows[7].phone
    checked = bring(office, name, rows, Header.CHECK_ONLY)
    done = bring(office, name, rows)
    assert checked.results == done.results
    assert done.results.count(Result.ENROLLED) == 4
    assert done.results.count(Result.WAITLISTED) == 2
    assert counts(checked) == counts(done) == (4, 2, 0, 2, 0, 2, 0)


@pytest.mark.parametrize("mode", [Header.ALL_OR_NOTHING, Header.THRESHOLD])
def test_one_transaction_of_many_slices(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    monkeypatch.setattr(importing, "SLICE", 2)
    order = office.contracted().name
    name = office.open_class(order, capacity=5).name
    rows = people(7)
    done = bring(office, name, rows, mode)
    assert counts(done) == (5, 2, 0, 0, 0, 0, 0)
    places = {verdict.enrolment for verdict in done.verdicts}
    assert len(places) == 7
    prove(database, order)
    assert bring(office, name, rows, mode).results == [Result.UNCHANGED] * 7


@pytest.mark.parametrize("count", [0, 1])
def test_an_empty_roster_says_so(office: Office, count: int) -> None:
    done = bring(office, held(office), people(count))
    assert ("TR-FILE-EMPTY" in done.said) == (count == 0)
    assert done.summary.rows == count


def test_what_the_reader_found_out_is_in_the_summary(office: Office) -> None:
    remark = pb.ImportRosterRequest.FileRemark
    done = bring(
        office, held(office), people(1),
        remarks=[remark(code="TR-FILE-TITLE", about="2"), remark(code="TR-FILE-SHEETS", about="名单")],
        missing_columns=["email", "sex"], unknown_columns=["鞋码"],
    )  # fmt: skip
    said = {finding.code: finding.message for finding in done.summary.findings}
    assert "2 行标题" in said["TR-FILE-TITLE"]
    assert "名单" in said["TR-FILE-SHEETS"]
    assert "性别" in said["TR-COLUMN-MISSING"] or "电子邮箱" in said["TR-COLUMN-MISSING"]
    assert "鞋码" in said["TR-COLUMN-UNKNOWN"]


REMARK, WARNING = pb.ImportRosterRequest.FileRemark, enrolments_pb2.AcceptedWarning


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"threshold_percent": 101}, "header.threshold_percent"),
        ({"threshold_percent": -1}, "header.threshold_percent"),
        ({"accepted": [WARNING(code="TR-ID-CHECKSUM", reason="看过原件")]}, "header.accepted[0].code"),
        ({"accepted": [WARNING(code="TR-NO-SUCH", reason="看过原件")]}, "header.accepted[0].code"),
        ({"accepted": [WARNING(code="TR-PHONE-SHARED", reason="x")]}, "header.accepted[0].reason"),
        ({"accepted": [WARNING(code="TR-PHONE-SHARED", reason="夫妻")] * 51}, "header.accepted"),
        ({"remarks": [REMARK(code="TR-ID-CHECKSUM")]}, "header.remarks[0].code"),
        ({"remarks": [REMARK(code="TR-FILE-TITLE", about="x" * 201)]}, "header.remarks[0].about"),
        ({"remarks": [REMARK(code="TR-FILE-TITLE")] * 51}, "header.remarks"),
        ({"missing_columns": ["x"] * 101}, "header.missing_columns"),
    ],
)
def test_a_header_that_is_wrong_is_refused_with_its_field(
    office: Office, fields: dict[str, object], field: str
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        bring(office, held(office), people(1), Header.CHECK_ONLY, **fields)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    bad = error_details_pb2.BadRequest()
    assert any(
        detail.Unpack(bad) and [each.field for each in bad.field_violations] == [field]
        for detail in rpc_status.from_call(refused.value).details
    )
