"""How the dates of a step come about."""

from __future__ import annotations

from liancai.talent.v1 import steps_pb2 as pb

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import NotFound
from services.platform.requests import Reading
from services.reference.workdays import published
from services.talent import casefiles
from services.talent.casefiles import StepFile
from services.talent.casework import clocks
from services.talent.casework.advancing import type_of
from services.talent.casework.editions import Editions
from services.talent.queries import read_step, scope_of_ledger
from services.talent.rules import clock
from services.talent.rules.clock import Deadline, Which


def explain(
    database: Database, editions: Editions, call: Call, request: pb.ExplainDeadlineRequest
) -> pb.DeadlineExplanation:
    """The derivation of every date of a step, from its ledger and the calendar in force."""
    reading = Reading()
    case_id, matter, key = read_step(reading, "name", request.name)
    reading.done()
    with database.reading() as session:
        connection = session.connection()
        files = casefiles.read(connection, [case_id])
        file = files.get(case_id)
        step = file.step(matter, key) if file else None
        if file is None or step is None:
            raise NotFound(request.name)
        call.require(scope_of_ledger(file, step), request.name)
        casefiles.read_ledgers(connection, files, [step])
        edition = editions.of(session, file.catalogue_id)
    kind, calendar, ledger = edition.matter(type_of(matter)).step(key), published(), file.ledger(step)
    terms, entries = editions.timing(kind, file, step).terms, [clocks.entry_of(entry) for entry in ledger]
    found = clock.deadline(terms, entries, calendar)
    lines = [
        clocks.line(call, which, line, kind.limit.unit)
        for which in Which
        if found.of(which).day is not None
        for line in clock.explain(terms, entries, calendar, which)
    ]
    return pb.DeadlineExplanation(
        step=request.name,
        limit=clocks.limit(kind.limit),
        promise=clocks.promise(kind, step.division),
        deadline=clocks.of_rules(call, found, edition.fingerprint),
        stored=clocks.of_step(step, edition.fingerprint),
        base_date=found.started.isoformat() if found.started else "",
        remarks=_remarks(call, step, found, unknown=kind.limit.n is None),
        entries=[clocks.entry(call, entry, found.void) for entry in ledger],
        lines=lines,
    )


def _remarks(call: Call, step: StepFile, found: Deadline, *, unknown: bool) -> list[str]:
    """What is no day: where the clock stands, from what it counts, what stopped and lengthened it."""
    said = [call.say(f"PHASE_{found.phase}", {"check_by": str(found.check_by or "")})]
    if found.begun is not None:
        said.append(call.say(f"BEGUN_{found.begun}", {"day": str(found.started)}))
    if unknown:
        said.append(call.say("REMARK_NO_LIMIT", {"bureau": step.unit}))
    if found.outstanding:
        said.append(call.say("REMARK_OUTSTANDING", {"count": str(len(found.outstanding))}))
    for pause in found.pauses:
        values = {
            "suspension": call.say(f"SUSPENSION_{pause.kind}"),
            "start": str(pause.start),
            "end": str(pause.end or ""),
        }
        said.append(
            call.say("REMARK_PAUSE_CUT" if pause.cut else "REMARK_PAUSE" if pause.end else "REMARK_PAUSED", values)
        )
    if found.extended:
        said.append(call.say("REMARK_EXTENDED", {"n": str(found.extended)}))
    return said
