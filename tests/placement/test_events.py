"""Watching what becomes of commissioners, requests and agreements: everything once, and only what one may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.message import Message
from liancai.common.v1 import event_pb2 as pb
from liancai.placement.v1 import (
    assignments_pb2,
    commissioners_pb2,
    placements_pb2,
    plans_pb2,
    requests_pb2,
    service_agreements_pb2,
    technology_transfers_pb2,
    visits_pb2,
)
from sqlalchemy import select

from services.placement.events import VISIBLE
from services.placement.tables import Base
from services.platform import watching
from services.platform.database import Database
from tests.office import TODAY, request_id
from tests.placement.conftest import NewDesk
from tests.placement.desk import (
    COUNTY,
    HOME_UNIT,
    HOST,
    OTHER_UNIT,
    SERVED,
    Agreement,
    Desk,
    Role,
    a_transfer,
    accepted,
    dispatchable,
    file,
)
from tests.placement.placing import SECONDMENT
from tests.placement.plan_desk import a_plan
from tests.talent.told import harmless, words

OUTBOX = Base.metadata.tables["outbox_event"]


def events(desk: Desk, **fields: Any) -> list[pb.Event]:
    """All that is stored and may be seen."""
    request = pb.WatchEventsRequest(stop_at_end=True, **fields)
    return [event for part in desk.events.WatchEvents(request) for event in part.events]


@pytest.fixture(scope="module")
def happened(unit: Desk, county: Desk, city: Desk, served: Desk, home_org: Desk) -> str:
    """Something of each collection; the agreement."""
    sent = file(unit, county, city).name
    served.turn("SubmitRequest", served.ask(partner_division="").name)  # one that the other side does not see
    served.ask()
    served.agree(sent, kind=Agreement.FRAMEWORK)  # in which no host has a part
    agreement = served.agree(sent).name
    served.sign(agreement, Role.HOST)
    who = dispatchable(unit, county, city, served)
    asked = accepted(served, working_days=1, window_start=TODAY.isoformat())
    assignment = unit.answer("Accept", served.assign(asked, who, TODAY.isoformat()).name).name
    unit.log(assignment)
    served.plans.CreatePlan(plans_pb2.CreatePlanRequest(plan=a_plan(), request_id=request_id()))
    unit.transfers.RecordTechnologyTransfer(a_transfer(who, assignment=assignment))
    county.place()
    home_org.place(**SECONDMENT)  # which no bureau sees but an organisation department
    return agreement


@pytest.fixture(scope="module")
def everybody(new_desk: NewDesk, unit: Desk, county: Desk, served: Desk) -> dict[str, Desk]:
    """Who may see some, all or none of what COUNTY sends to SERVED."""
    return {
        "sending county": county,
        "county served": served,
        "stranger": new_desk("371525", "science_officer"),
        "unit": unit,
        "host": new_desk(SERVED, "enterprise", unit=HOST),
        "another": new_desk(SERVED, "enterprise", unit=OTHER_UNIT),
        "supervisor": new_desk(SERVED, "supervisor"),
        "auditor": new_desk(COUNTY, "auditor"),
    }


SEEN = {
    "commissioners": {"sending county", "county served", "unit", "supervisor", "auditor"},
    "requests": {"sending county", "county served", "host", "supervisor", "auditor"},
    "serviceAgreements": {"sending county", "county served", "unit", "host", "supervisor", "auditor"},
    "assignments": {"sending county", "county served", "unit", "host", "supervisor", "auditor"},
    "plans": {"sending county", "county served", "supervisor", "auditor"},
    "visits": {"sending county", "county served", "unit", "host", "supervisor", "auditor"},
    "technologyTransfers": {"sending county", "county served", "unit", "host", "supervisor", "auditor"},
    "placements": {"sending county", "county served", "host", "supervisor", "auditor"},
}


def test_every_collection_is_known_and_seen_by_whoever_may_read_it(
    happened: str, everybody: dict[str, Desk], placement_database: Database
) -> None:
    with placement_database.reading() as session:
        subjects = set(session.scalars(select(OUTBOX.c.subject)))
    assert {subject.partition("/")[0] for subject in subjects} == set(SEEN) == set(VISIBLE)
    for who, desk in everybody.items():
        seen = {event.subject.partition("/")[0] for event in events(desk)}
        assert seen == {collection for collection, by in SEEN.items() if who in by}, who


def test_what_is_told_can_be_looked_at_and_nothing_else(happened: str, everybody: dict[str, Desk]) -> None:
    """The scope of events is that of the resources themselves."""

    def listed(who: str, desk: Desk) -> set[str]:
        commissioners = desk.commissioners.ListCommissioners(commissioners_pb2.ListCommissionersRequest(page_size=1000))
        requests = desk.requests.ListRequests(requests_pb2.ListRequestsRequest(page_size=1000))
        agreements = desk.agreements.ListServiceAgreements(
            service_agreements_pb2.ListServiceAgreementsRequest(page_size=1000)
        )
        assignments = desk.assignments.ListAssignments(assignments_pb2.ListAssignmentsRequest(page_size=1000))
        visits = desk.visits.ListVisits(visits_pb2.ListVisitsRequest(page_size=1000))
        transfers = desk.transfers.ListTechnologyTransfers(
            technology_transfers_pb2.ListTechnologyTransfersRequest(page_size=1000)
        )
        plans = [] if who in ("unit", "host", "another") else desk.plans.ListPlans(plans_pb2.ListPlansRequest()).plans
        placements = desk.placements.ListPlacements(placements_pb2.ListPlacementsRequest(page_size=1000))
        found = [
            *(*commissioners.commissioners, *requests.requests, *agreements.service_agreements),
            *(
                *assignments.assignments,
                *visits.visits,
                *transfers.technology_transfers,
                *placements.placements,
                *plans,
            ),
        ]
        return {each.name for each in found}

    told = {who: {event.subject for event in events(desk)} for who, desk in everybody.items()}
    assert told == {who: listed(who, desk) for who, desk in everybody.items()}
    assert len({frozenset(subjects) for subjects in told.values()}) > 3
    for name in (happened, "serviceAgreements/20991199999", "plans/1"):
        assert events(everybody["stranger"], subject=name) == [], "as if it were not there"


def test_a_predicate_that_sees_everything_would_be_noticed(
    happened: str, everybody: dict[str, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    follow = watching.Watching._follow

    def careless(self: watching.Watching, *given: Any, **more: Any) -> Iterator[Message]:
        with monkeypatch.context() as patch:
            patch.setattr(self, "_sees", lambda _session, _call, subjects: set(subjects))
            yield from follow(self, *given, **more)

    monkeypatch.setattr(watching.Watching, "_follow", careless)
    assert events(everybody["stranger"], subject=happened)


def test_everything_comes_once_in_order_and_from_any_position(happened: str, served: Desk) -> None:
    got = events(served)
    assert [event.sequence for event in got] == sorted({event.sequence for event in got})
    assert {event.source for event in got} == {"/liancai/placement"}
    assert events(served, position=got[2].sequence) == got[3:]
    mine = events(served, subject=happened)
    assert [event.type for event in mine] == [
        "liancai.placement.service_agreement.created",
        "liancai.placement.service_agreement.signature",
    ]
    assert mine == [event for event in got if event.subject == happened]


def test_what_is_told_is_codes_days_and_names_of_resources(happened: str, placement_database: Database) -> None:
    with placement_database.reading() as session:
        data = session.scalars(select(OUTBOX.c.data)).all()
    assert data
    assert not [word for each in data for word in words(each) if not harmless(word)]
    assert not harmless("市中区样例农业科学研究所")


def test_an_agreement_is_followed_while_it_is_signed(happened: str, served: Desk, new_desk: NewDesk) -> None:
    unit = new_desk(COUNTY, "institution", unit=HOME_UNIT)
    last = events(served)[-1].sequence
    stream = unit.events.WatchEvents(pb.WatchEventsRequest(position=last, subject=happened), timeout=60)
    assert not next(stream).events, "the first part comes at once, whatever there is"
    served.sign(happened, Role.COMMISSIONER)
    (event,) = next(stream).events
    assert (event.type.rpartition(".")[2], event.subject) == ("signature", happened)
    stream.cancel()
