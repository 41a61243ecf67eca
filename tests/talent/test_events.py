"""Watching what becomes of cases: who sees what, counted without a gap, and nothing that somebody has written."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from liancai.common.v1 import event_pb2
from liancai.talent.v1 import cases_pb2 as pb
from liancai.talent.v1 import catalogue_pb2, clock_pb2, matters_pb2, recalculation_pb2
from sqlalchemy import insert, text

from services import host
from services.platform.database import Database
from services.reference.workdays import published
from services.talent import events as handler
from services.talent.cases.windows import Windows
from services.talent.casework.acting import VERBS
from services.talent.casework.editions import Editions
from services.talent.catalogue import document
from services.talent.tables import Base
from tests.conftest import token_of
from tests.office import request_id, somebody
from tests.talent.desk import CHILD, Desk, a_case, stamp
from tests.talent.handing import let_in, with_an_old_calendar
from tests.talent.test_races import crowd
from tests.talent.told import faults, harmless

OUTBOX = Base.metadata.tables["outbox_event"]
PERSON = somebody(full_name="欧阳丹青瑶")
TALENT = pb.Talent(full_name=PERSON.full_name, resident_id=PERSON.resident_id, phone=PERSON.phone)
TYPED = f"{PERSON.full_name} {PERSON.resident_id} {PERSON.phone}"  # what officers should not write, and do
KINDS = {
    *("case.opened", "case.updated", "case.assigned", "case.related", "case.merged", "case.absorbed", "case.closed"),
    *("case.reopened", "case.window_opened", "matter.added", "matter.begun", "matter.ended", "matter.done"),
    *("matter.refused", "matter.withdrawn", "matter.not_required", "matter.merged", "step.ready"),
    *(f"step.{event}" for event, _ in VERBS.values()),
    *("deadline.moved", "deadlines.recalculated", "catalogue.created", "catalogue.published"),
    *("document.received", "document.accepted"),
}


def events(desk: Desk, subject: str = "", position: int = 0) -> list[event_pb2.Event]:
    """All that is stored and may be seen."""
    request = event_pb2.WatchEventsRequest(subject=subject, position=position, stop_at_end=True)
    return [event for part in desk.events.WatchEvents(request) for event in part.events]


def kinds(told: list[event_pb2.Event]) -> list[str]:
    return [event.type.removeprefix("liancai.talent.") for event in told]


def numbers(desk: Desk, case: str) -> list[int]:
    return [event.case_sequence for event in events(desk, case)]


def change(desk: Desk, verb: str, name: str, **fields: Any) -> pb.Case:
    """One change of a case, with everything one may write written."""
    request = getattr(pb, f"{verb}Request")(name=name, request_id=request_id(), **fields)
    if "reason" in request.DESCRIPTOR.fields_by_name:
        request.reason = TYPED
    changed: pb.Case = getattr(desk.cases, verb)(request)
    return changed


# ---- no personal data ------------------------------------------------------------------------------


def every_verb(desk: Desk) -> None:
    """A pension through every verb of a step but the extension, which it does not know."""
    typed = {"evidence": TYPED}
    name = desk.open("pension", talent=TALENT, at="2026-08-31").name + "/matters/pension"
    desk.act("StartStep", f"{name}/steps/check", at="2026-08-31")
    desk.act(
        "CompleteStep", f"{name}/steps/check", outcome="needed", result={"evidence": TYPED}, at="2026-09-01", **typed
    )
    step = f"{name}/steps/review"
    desk.act("ReceiveStep", step, at="2026-09-01", **typed)
    desk.act("NotifyGaps", step, gaps=[TYPED], at="2026-09-02", **typed)
    desk.act("SupplyStep", step, at="2026-09-03", **typed)
    desk.act("AcceptStep", step, at="2026-09-04", **typed)
    desk.act("CorrectStep", step, corrects=4, corrected_time=stamp("2026-09-05"), reason=TYPED)
    desk.act(
        "SuspendStep", step, suspension=clock_pb2.ClockEntry.FORCE, legal_basis=TYPED, approver=TYPED, reason=TYPED,
        at="2026-09-07", **typed,
    )  # fmt: skip
    desk.act("ResumeStep", step, at="2026-09-08", **typed)
    desk.act("AssignStep", step, assignee=TYPED)
    desk.finish(step, outcome="accepted", at="2026-09-09")
    desk.act("ReturnStep", step, reason=TYPED)
    desk.act("SkipStep", step, reason=TYPED)


def extended(desk: Desk) -> None:
    """A residence permit takes longer."""
    step = desk.open("residence_permit", talent=TALENT).name + "/matters/residence_permit/steps/issue"
    desk.act("StartStep", step)
    desk.act("ExtendStep", step, extension=5, approver=TYPED, reason=TYPED, evidence=TYPED)


def every_change(desk: Desk) -> None:
    """Cases opened, changed, merged, closed and reopened."""
    spoken = {"employer_name": PERSON.full_name, "levels": [PERSON.full_name], "owner": TYPED, "brought_by": TYPED}
    kept = desk.open("pension", "archive", "hukou", talent=TALENT, **spoken)
    double = desk.open("pension", "unemployment", talent=TALENT, at="2026-11-20")
    change(desk, "RelateCase", kept.name, other=double.name, kind=pb.Relation.SEE_ALSO)
    change(desk, "MergeCase", double.name, into=kept.name)
    wished = pb.Case(name=kept.name, employer_name=PERSON.full_name, brought_by=TYPED)
    paths = ["employer_name", "brought_by"]
    desk.cases.UpdateCase(pb.UpdateCaseRequest(case=wished, update_mask={"paths": paths}, request_id=request_id()))
    change(desk, "AssignCase", kept.name, owner=TYPED)
    change(desk, "AddMatter", kept.name, matter=pb.MatterChoice(type="medical"))
    for matter in desk.case(kept.name).matters:
        kind = matter.name.rpartition("/")[2]
        if kind == "hukou":
            change(desk, "WithdrawMatter", matter.name)
        elif kind == "archive":
            while ready := [step for step in desk_steps(desk, matter.name) if step.state == matters_pb2.Step.READY]:
                for step in ready:
                    desk.finish(step.name)
        elif matter.state not in (matters_pb2.Matter.NOT_REQUIRED, matters_pb2.Matter.DONE):
            state = matters_pb2.Matter.REFUSED if kind == "pension" else matters_pb2.Matter.NOT_REQUIRED
            change(desk, "CloseMatter", matter.name, state=state, evidence=TYPED, remedy=TYPED)
    change(desk, "CloseCase", kept.name)
    change(desk, "ReopenCase", kept.name)


def desk_steps(desk: Desk, matter: str) -> list[matters_pb2.Step]:
    case = desk.case(matter.partition("/matters/")[0])
    return [step for each in case.matters if each.name == matter for step in each.steps]


def recalculated(desk: Desk, database: Database) -> None:
    """A deadline moves."""
    with_an_old_calendar(database, desk.open("pension", at="2026-11-16").name)
    desk.recalculations.RecalculateDeadlines(
        recalculation_pb2.RecalculateDeadlinesRequest(
            reason=TYPED, calendar_version=published().version, request_id=request_id()
        )
    )


def every_other(desk: Desk, database: Database) -> None:
    """A run after a new calendar, a new catalogue with an extension and a window, and the window's opening."""
    recalculated(desk, database)
    content = document().replace("  opens: null\n  closes: null\n", "  opens: 06-01\n  closes: 08-31\n", 1)
    made = desk.catalogues.CreateCatalogue(
        catalogue_pb2.CreateCatalogueRequest(content=content, source=TYPED, request_id=request_id())
    )
    today = database.clock().date().isoformat()
    desk.catalogues.PublishCatalogue(
        catalogue_pb2.PublishCatalogueRequest(name=made.name, valid_from=today, reason=TYPED, request_id=request_id())
    )
    desk.open("school_new-1", family=[pb.FamilyMember(kind=CHILD)], talent=TALENT)
    kept, database.clock = database.clock, lambda: datetime(2027, 6, 1, 1, tzinfo=UTC)
    try:
        Windows(database, Editions()).run(database.clock())
    finally:
        database.clock = kept


def test_no_event_of_any_kind_says_what_somebody_has_written(desk: Desk, talent_database: Database) -> None:
    every_verb(desk)
    extended(desk)
    every_change(desk)
    every_other(desk, talent_database)
    told = events(desk)
    assert set(kinds(told)) >= KINDS, "the others are looked at after the module that makes them"
    for event in told:
        said = str(event) + json.dumps(json.loads(event.data), ensure_ascii=False)
        for secret in (PERSON.full_name, PERSON.resident_id, PERSON.phone):
            assert secret not in said, event.type
    assert not faults(talent_database)


@pytest.mark.parametrize("data", [{"reason": TYPED}, {"a": [{"b": PERSON.phone}]}, {PERSON.resident_id: 1}])
def test_an_event_with_a_person_in_it_would_be_noticed(desk: Desk, talent_database: Database, data: Any) -> None:
    """The negative control; and so would be a gap."""
    now = talent_database.clock()
    values = {"type": "liancai.talent.x", "subject": "units/1", "time": now, "record_time": now, "data": data}
    case = desk.open("pension").name
    with talent_database.writing_engine.begin() as connection:
        made = connection.execute(insert(OUTBOX).values(**values, number=0)).inserted_primary_key
        connection.execute(text("UPDATE cases SET events = events + 1 WHERE id = :id"), {"id": case.partition("/")[2]})
    try:
        found = faults(talent_database)
    finally:
        with talent_database.writing_engine.begin() as connection:
            connection.execute(OUTBOX.delete().where(OUTBOX.c.sequence == made[0]))  # type: ignore[index]
            undo = text("UPDATE cases SET events = events - 1 WHERE id = :id")
            connection.execute(undo, {"id": case.partition("/")[2]})
    assert [each.partition(":")[0] for each in found] == ["liancai.talent.x", case]
    assert harmless("cases/LT37010337152620261123000015")


# ---- counted without a gap -------------------------------------------------------------------------


def test_the_events_of_a_case_come_as_they_are_counted(desk: Desk) -> None:
    case = desk.open("pension", "archive")
    desk.finish(f"{case.name}/matters/archive/steps/letter")
    told = events(desk, case.name)
    assert [event.case_sequence for event in told] == list(range(1, len(told) + 1))
    assert kinds(told)[0] == "case.opened"
    assert {event.source for event in told} == {"/liancai/talent"}
    assert {event.subject for event in told} == {case.name}
    assert events(desk, case.name, position=told[2].sequence) == told[3:]


def test_many_at_once_leave_no_gap_and_a_merge_goes_on_counting(desk: Desk) -> None:
    first = a_case("pension", talent=TALENT)
    kept = desk.cases.OpenCase(first).name
    double = desk.open("archive", "hukou", "residence_permit", "spouse_job", talent=TALENT)
    ready = [step.name for matter in double.matters for step in matter.steps if step.state == matters_pb2.Step.READY]
    merging: list[Callable[[], Any]] = [lambda: change(desk, "MergeCase", double.name, into=kept)]
    acting: list[Callable[[], Any]] = [lambda name=name: desk.act("StartStep", name) for name in ready]
    check = f"{kept}/matters/pension/steps/check"
    crowd(*acting, *merging, lambda: desk.act("StartStep", check), *acting)
    for name in (kept, double.name):
        told = events(desk, name)
        assert [event.case_sequence for event in told] == list(range(1, len(told) + 1)), name
    assert kinds(events(desk, double.name))[-1] == "case.merged"
    before = len(numbers(desk, kept))
    moved = next(s for m in desk.case(kept).matters for s in m.steps if s.name.endswith("/archive/steps/letter"))
    desk.finish(moved.name)
    told = events(desk, kept)
    assert [event.case_sequence for event in told] == list(range(1, len(told) + 1))
    assert len(told) > before, "what moved is told of the case that has it now"


# ---- who sees what ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def everybody(grpc_channel: grpc.Channel, settings: host.Settings, desk: Desk, other_side: Desk) -> dict[str, Desk]:
    """Who may see some, all or none of what happens to a pension from 370103 to 371526."""

    def at(**of: Any) -> Desk:
        return Desk(grpc_channel, token_of(settings, **of))

    return {
        "home": desk,
        "other side": other_side,
        "third": at(roles=("caseworker",), division="371525", unit="371525-tf"),
        "bureau": at(roles=("bureau",), unit="371526-sic"),
        "bureau of the other side": at(roles=("bureau",), division="370103", unit="370103-sic"),
        "another bureau": at(roles=("bureau",), unit="371526-police"),
        "supervisor": at(roles=("supervisor",), unit="371526-gov"),
        "auditor": at(roles=("auditor",), unit="371526-audit"),
        "auditor of the other side": at(roles=("auditor",), division="370103"),
    }


HOME = {"home", "bureau", "supervisor", "auditor"}
AFTER = HOME | {"other side", "bureau of the other side", "auditor of the other side"}


def test_a_case_is_seen_by_whoever_may_read_it_and_by_the_other_side_once_it_was_let_in(
    everybody: dict[str, Desk], talent_database: Database
) -> None:
    case = everybody["home"].open("pension").name
    for who, desk in everybody.items():
        told = events(desk)
        assert (case in {event.subject for event in told}) is (who in HOME), who
        assert bool(events(desk, case)) is (who in HOME), who
    let_in(talent_database, case)
    everything = events(everybody["home"], case)
    for who, desk in everybody.items():
        assert events(desk, case) == (everything if who in AFTER else []), who


def test_what_is_told_is_what_can_be_looked_at(everybody: dict[str, Desk]) -> None:
    for who, desk in everybody.items():
        listed, request = set(), pb.ListCasesRequest(page_size=100)
        while True:
            page = desk.cases.ListCases(request)
            listed |= {case.name for case in page.cases}
            request.page_token = page.next_page_token
            if not request.page_token:
                break
        assert {event.subject for event in events(desk) if event.subject.startswith("cases/")} == listed, who


def test_the_catalogue_is_told_to_all_and_a_run_to_those_who_cover_it(
    everybody: dict[str, Desk], talent_database: Database
) -> None:
    recalculated(everybody["home"], talent_database)
    seen = {who: {event.subject.partition("/")[0] for event in events(desk)} for who, desk in everybody.items()}
    assert all("catalogues" in each for each in seen.values())
    assert {who for who, each in seen.items() if "recalculations" in each} == {"home", "supervisor", "auditor"}


def test_a_predicate_that_sees_every_case_would_be_noticed(
    everybody: dict[str, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    case = everybody["home"].open("pension").name
    monkeypatch.setattr(handler.queries, "within_reach", lambda *_: text("1 = 1"))
    assert events(everybody["third"], case)


def test_whoever_has_no_part_in_cases_is_refused(grpc_channel: grpc.Channel, settings: host.Settings) -> None:
    for roles in (("catalogue_editor",), ("hr_officer",), ("enterprise",)):
        with pytest.raises(grpc.RpcError) as refused:
            events(Desk(grpc_channel, token_of(settings, roles=roles)))
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
