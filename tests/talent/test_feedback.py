"""Notes, ratings and complaints over the wire: sealed, counted in days, once."""

from __future__ import annotations

import grpc
import pytest
from liancai.talent.v1 import cases_pb2, complaints_pb2, matters_pb2, notes_pb2, ratings_pb2
from liancai.talent.v1 import ratings_pb2_grpc as ratings_grpc
from sqlalchemy import text

from services.platform.database import Database
from tests.office import request_id
from tests.statuses import refused
from tests.talent.desk import Desk, stamp
from tests.talent.handing import let_in

Rating, Complaint = ratings_pb2.Rating, complaints_pb2.Complaint
SECRET = "样例秘密内容"


def code_of(desk: Desk, matter: str) -> str:
    return str(desk.ratings.GetRatingCode(ratings_pb2.GetRatingCodeRequest(name=matter)).code)


def rated_by_applicant(channel: grpc.Channel, matter: str, code: str, level: int) -> ratings_pb2.RateMatterResponse:
    """Without a token."""
    asked = ratings_pb2.RateMatterRequest(
        matter=matter,
        code=code,
        level=level,
        comment=SECRET,
        request_id=request_id(),  # type: ignore[arg-type]
    )
    answer: ratings_pb2.RateMatterResponse = ratings_grpc.RatingsStub(channel).RateMatter(asked, timeout=30)
    return answer


def complain(desk: Desk, case: str, **fields: object) -> complaints_pb2.Complaint:
    asked = complaints_pb2.FileComplaintRequest(
        case_name=case,
        channel=Complaint.HOTLINE,
        text=SECRET,
        request_id=request_id(),
        **fields,  # type: ignore[arg-type]
    )
    filed: complaints_pb2.Complaint = desk.complaints.FileComplaint(asked)
    return filed


def extend(desk: Desk, name: str) -> complaints_pb2.Complaint:
    asked = complaints_pb2.ExtendComplaintRequest(
        name=name, approver="head", reason="情况复杂", request_id=request_id()
    )
    extended: complaints_pb2.Complaint = desk.complaints.ExtendComplaint(asked)
    return extended


def answer(desk: Desk, name: str) -> complaints_pb2.Complaint:
    asked = complaints_pb2.AnswerComplaintRequest(name=name, answer="已办理", request_id=request_id())
    answered: complaints_pb2.Complaint = desk.complaints.AnswerComplaint(asked)
    return answered


def test_notes_are_read_by_the_sides_that_were_let_in_newest_first(
    desk: Desk, other_side: Desk, talent_database: Database
) -> None:
    case = desk.open("pension").name
    for kind, said in ((notes_pb2.Note.REMARK, SECRET), (notes_pb2.Note.CALL_OUT, "已电话告知")):
        asked = notes_pb2.AddNoteRequest(
            case_name=case, matter="pension", kind=kind, text=said, request_id=request_id()
        )
        desk.notes.AddNote(asked)
    wanted = notes_pb2.ListNotesRequest(case_name=case)
    assert [note.text for note in desk.notes.ListNotes(wanted).notes] == ["已电话告知", SECRET]
    with refused(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
        other_side.notes.ListNotes(wanted)
    let_in(talent_database, case)
    assert len(other_side.notes.ListNotes(wanted).notes) == 2
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
        desk.notes.AddNote(
            notes_pb2.AddNoteRequest(
                case_name=case, matter="medical", kind=notes_pb2.Note.REMARK, text="无", request_id=request_id()
            )
        )


def undecided(desk: Desk, matter: str) -> bool:
    """Whether a matter that has ended is not rated, neither with a code nor on the phone."""
    for ask in (lambda: code_of(desk, matter), lambda: desk.rate(matter, Rating.FAIR)):
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "RATING_UNDECIDED"):
            ask()
    return matter not in [each.matter for each in listed(desk)]


def test_what_was_decided_is_rated_and_what_came_to_nothing_is_not(desk: Desk) -> None:
    not_required = matters_pb2.Matter.NOT_REQUIRED
    granted = desk.open("archive").name
    for step in desk.case(granted).matters[0].steps:
        desk.finish(step.name)
    assert desk.case(granted).matters[0].state == matters_pb2.Matter.DONE
    begun = desk.open("pension").name
    desk.act("StartStep", f"{begun}/matters/pension/steps/check")
    found_out = desk.open("pension").name
    desk.finish(f"{found_out}/matters/pension/steps/check", outcome="not_needed")
    for matter in (
        f"{granted}/matters/archive",
        desk.ended(desk.open("pension").name, "pension"),
        desk.ended(begun, "pension", not_required),
        f"{found_out}/matters/pension",
    ):
        assert desk.rate(matter, Rating.SATISFIED).matter == matter
    withdrawn = desk.open("pension").name
    desk.act("StartStep", f"{withdrawn}/matters/pension/steps/check")
    desk.cases.WithdrawMatter(
        cases_pb2.WithdrawMatterRequest(name=f"{withdrawn}/matters/pension", reason="本人放弃", request_id=request_id())
    )
    assert undecided(desk, f"{withdrawn}/matters/pension")
    assert undecided(desk, desk.ended(desk.open("pension").name, "pension", not_required))


def test_a_matter_is_rated_once_when_it_has_ended(desk: Desk, grpc_channel: grpc.Channel) -> None:
    case = desk.open("pension").name
    matter = f"{case}/matters/pension"
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "RATING_UNFINISHED"):
        code_of(desk, matter)
    desk.ended(case, "pension")
    code = code_of(desk, matter)
    assert len(code) == 10
    rated = rated_by_applicant(grpc_channel, matter, f"{code[:5]}-{code[5:].lower()}", Rating.SATISFIED)
    assert rated.visit_due_date == ""
    with refused(grpc.StatusCode.ALREADY_EXISTS, "RATING_EXISTS"):
        rated_by_applicant(grpc_channel, matter, code, Rating.VERY_DISSATISFIED)
    with refused(grpc.StatusCode.ALREADY_EXISTS, "RATING_EXISTS"):
        desk.rate(matter, Rating.FAIR)
    [found] = [each for each in listed(desk) if each.matter == matter]
    assert (found.level, found.channel, found.comment, found.actor) == (Rating.SATISFIED, Rating.CODE, SECRET, "")


def test_whoever_has_no_code_learns_nothing(desk: Desk, grpc_channel: grpc.Channel) -> None:
    case = desk.open("pension", "medical").name
    ended = desk.ended(case, "pension")
    code = code_of(desk, ended)
    absent = "cases/LT37010337152620260101000010/matters/pension"
    for matter, given in ((ended, "AAAAAAAAAA"), (f"{case}/matters/medical", code), (absent, code)):
        with refused(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"):
            rated_by_applicant(grpc_channel, matter, given, Rating.FAIR)
    codes = [_code_of_try(grpc_channel, ended) for _ in range(12)]
    assert codes[-1] is grpc.StatusCode.RESOURCE_EXHAUSTED


def _code_of_try(channel: grpc.Channel, matter: str) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as error:
        rated_by_applicant(channel, matter, "AAAAAAAAAA", Rating.FAIR)
    code: grpc.StatusCode = error.value.code()
    return code


def listed(desk: Desk, **fields: object) -> list[ratings_pb2.Rating]:
    found: list[ratings_pb2.Rating] = []
    request = ratings_pb2.ListRatingsRequest(page_size=1, **fields)  # type: ignore[arg-type]
    while True:
        page = desk.ratings.ListRatings(request)
        found += page.ratings
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def test_a_bad_rating_wants_a_visit_within_fifteen_working_days(desk: Desk) -> None:
    matters = [desk.ended(desk.open("pension").name, "pension") for _ in range(3)]
    rated = [
        desk.rate(matter, level)
        for matter, level in zip(matters, (Rating.DISSATISFIED, Rating.VERY_DISSATISFIED, Rating.FAIR), strict=True)
    ]
    # 23 November 2026 and fifteen working days: the notice for 2027 may still move days of December
    assert [each.visit_due_date for each in rated] == ["2026-12-14", "2026-12-14", ""]
    assert [each.provisional for each in rated] == [True, True, False]
    due = [each.matter for each in listed(desk, visit_due=True)]
    assert sorted(each for each in due if each in matters) == sorted(matters[:2])
    asked = ratings_pb2.VisitRatingRequest(
        name=matters[0], result="已说明并改正", etag=rated[0].etag, request_id=request_id()
    )
    visited = desk.ratings.VisitRating(asked)
    assert (visited.visit_result, visited.visit_actor) == ("已说明并改正", "caseworker")
    assert matters[0] not in [each.matter for each in listed(desk, visit_due=True)]
    for matter in (matters[0], matters[2]):
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "RATING_VISIT"):
            desk.ratings.VisitRating(
                ratings_pb2.VisitRatingRequest(name=matter, result="再次回访", request_id=request_id())
            )


def test_a_complaint_is_answered_in_five_days_and_extended_by_ten_where_the_law_says_so(other_side: Desk) -> None:
    case = other_side.open("pension").name
    filed = complain(other_side, case, matter="pension")
    assert (filed.due_date, filed.confidence, filed.late) == ("2026-11-30", "confirmed", False)
    extended = extend(other_side, filed.name)
    assert (extended.due_date, extended.approver, extended.provisional) == ("2026-12-14", "head", True)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "COMPLAINT_EXTENSION"):
        extend(other_side, filed.name)
    answered = answer(other_side, filed.name)
    assert (answered.state, answered.answer, answered.late) == (Complaint.ANSWERED, "已办理", False)
    for act in (answer, extend):
        with refused(grpc.StatusCode.FAILED_PRECONDITION, "COMPLAINT_ANSWERED"):
            act(other_side, filed.name)
    late = complain(other_side, case, occur_time=stamp("2026-11-02"), late_reason="补录")
    assert (late.due_date, late.late) == ("2026-11-09", True)


def test_where_no_time_is_set_none_is_promised(desk: Desk) -> None:
    filed = complain(desk, desk.open("pension").name)
    assert (filed.due_date, filed.confidence) == ("", "")
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "COMPLAINT_EXTENSION"):
        extend(desk, filed.name)
    unanswered = complaints_pb2.ListComplaintsRequest(unanswered=True)
    assert filed.name in [each.name for each in desk.complaints.ListComplaints(unanswered).complaints]
    answer(desk, filed.name)
    assert filed.name not in [each.name for each in desk.complaints.ListComplaints(unanswered).complaints]


def test_what_was_said_is_nowhere_in_clear(desk: Desk, talent_database: Database) -> None:
    complain(desk, desk.open("pension").name)
    with talent_database.writing_engine.connect() as connection:
        for table in ("notes", "ratings", "complaints", "audit_entry", "outbox_event"):
            rows = connection.execute(text(f"SELECT * FROM {table}")).fetchall()
            assert rows, table
            assert not [row for row in rows if SECRET in str(row) or SECRET.encode() in b"".join(_bytes(row))], table


def _bytes(row: object) -> list[bytes]:
    return [bytes(value) for value in row if isinstance(value, bytes | memoryview)]  # type: ignore[attr-defined]
