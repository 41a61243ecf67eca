"""The relay of a matter's clock over its legs (接力时限)."""

from __future__ import annotations

from liancai.talent.v1 import clock_pb2, matters_pb2
from liancai.talent.v1 import steps_pb2 as pb
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import NotFound
from services.platform.requests import Reading
from services.reference.clock import day_of
from services.reference.workdays import published
from services.talent import casefiles, queries
from services.talent.casefiles import CaseFile, StepFile
from services.talent.casework import clocks
from services.talent.casework.editions import Editions
from services.talent.queries import read_matter
from services.talent.rules import catalogue, relay
from services.talent.rules.limits import promised
from services.talent.rules.relay import Leg, LegTime
from services.talent.rules.states import StepState


def read_relay(database: Database, editions: Editions, call: Call, request: pb.GetRelayRequest) -> pb.Relay:
    """Who holds the clock of a matter, what each bureau has used, and the promise from end to end."""
    reading = Reading()
    number, key = read_matter(reading, "name", request.name)
    reading.done()
    with database.reading() as session:
        file = queries.visible(session, call, number)
        return _relay(session, editions, call, file, key, request.name, database)


def _relay(
    session: Session, editions: Editions, call: Call, file: CaseFile, key: str, name: str, database: Database
) -> pb.Relay:
    matter = file.matter(key)
    if matter is None:
        raise NotFound(name)
    steps = {step.key: step for step in file.steps_of(key) if step.state != StepState.SKIPPED}
    casefiles.read_ledgers(session.connection(), {file.id: file}, steps.values())
    edition = editions.of(session, file.catalogue_id)
    kind = edition.matter(matter.type)
    legs = [
        Leg(
            step=known.key,
            side=known.side,
            bureau=known.bureau,
            terms=editions.timing(known, file, steps[known.key]).terms,
            entries=tuple(map(clocks.entry_of, file.ledger(steps[known.key]))),
        )
        for known in kind.steps
        if known.key in steps
    ]
    own = promised(kind.promises, file.destination)
    found = relay.relay(legs, kind.total, own.n if own else None, published(), day_of(database.clock()))
    holding = {holder.step for holder in found.holders}
    return pb.Relay(
        matter=name,
        legs=[
            _leg(call, steps[each.step], kind.step(each.step), each, edition.fingerprint, each.step in holding)
            for each in found.legs
        ],
        holders=[
            pb.Relay.Holder(step=each.step, side=clock_pb2.Side.Value(each.side), bureau=each.bureau or "")
            for each in found.holders
        ],
        shares=[
            pb.Relay.Share(
                side=clock_pb2.Side.Value(each.side), bureau=each.bureau or "", working_days=each.working_days
            )
            for each in found.shares
        ],
        between=found.between,
        used=found.used,
        start_date=found.started.isoformat() if found.started else "",
        total=clocks.limit(kind.total) if kind.total else None,
        promise_date=found.promised.day.isoformat() if found.promised.day else "",
        statutory_date=found.statutory.day.isoformat() if found.statutory.day else "",
        provisional=found.promised.provisional or found.statutory.provisional,
    )


def _leg(call: Call, step: StepFile, known: catalogue.Step, each: LegTime, version: str, holds: bool) -> pb.Relay.Leg:
    return pb.Relay.Leg(
        step=step.name,
        title=getattr(known.title, call.language),
        side=clock_pb2.Side.Value(step.side),
        bureau=step.bureau,
        division=step.division,
        state=matters_pb2.Step.State.Value(step.state),
        used=each.used,
        limit=clocks.limit(known.limit),
        deadline=clocks.of_rules(call, each.deadline, version) if each.deadline.started else None,
        holds_clock=holds,
    )
