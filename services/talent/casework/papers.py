"""The documents of steps (材料) as acts on steps want them: read with two statements, however many steps."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from liancai.common.v1 import types_pb2
from sqlalchemy import Connection, select

from services.platform.boundary import Call
from services.platform.errors import Refused
from services.platform.prepared import Prepared, any_of
from services.reference.clock import day_of
from services.talent.casefiles import StepFile
from services.talent.casework.advancing import Desk
from services.talent.rules import papers
from services.talent.rules.papers import DocumentState, Gap, Held, Papers, PromiseState, Stage
from services.talent.tables import DocumentPromiseRow, DocumentRow

_STATES = Prepared(
    select(DocumentRow.step_id, DocumentRow.key, DocumentRow.state)
    .where(any_of(DocumentRow.__table__.c.step_id, "ids"))
    .distinct()
)
_SAID = Prepared(
    select(DocumentPromiseRow.step_id, DocumentPromiseRow.key, DocumentPromiseRow.state, DocumentPromiseRow.due).where(
        any_of(DocumentPromiseRow.__table__.c.step_id, "ids"), DocumentPromiseRow.state != PromiseState.KEPT
    )
)


def read(connection: Connection, steps: Iterable[int]) -> Papers:
    """What there is of the documents of these steps."""
    wanted = {"ids": sorted(set(steps))}
    if not wanted["ids"]:
        return {}
    states: dict[tuple[int, str], set[DocumentState]] = {}
    for step_id, key, state in _STATES.rows(connection, wanted):
        states.setdefault((step_id, key), set()).add(DocumentState(state))
    said: dict[tuple[int, str], tuple[date | None, bool]] = {}
    for step_id, key, state, due in _SAID.rows(connection, wanted):
        before_due, before_waived = said.get((step_id, key), (None, False))
        is_open = state == PromiseState.OPEN
        said[step_id, key] = (due if is_open else before_due, before_waived or not is_open)
    found: dict[int, dict[str, Held]] = {}
    for step_id, key in states.keys() | said.keys():
        due, waived = said.get((step_id, key), (None, False))
        held = Held(frozenset(states.get((step_id, key), ())), due, waived)
        found.setdefault(step_id, {})[key] = held
    return found


def require(desk: Desk, step: StepFile, stage: Stage) -> None:
    """Raises Refused STEP_DOCUMENTS, with a Finding for each, unless the documents are there, or promised."""
    if desk.papers is None:
        return
    kind = desk.kind(step)
    lacking = papers.gaps(kind.documents, desk.papers.get(step.id, {}), stage, day_of(desk.occurred))
    if lacking:
        raise Refused(
            "STEP_DOCUMENTS",
            details=[finding(desk.call, each) for each in lacking],
            step=step.name,
            documents=", ".join(each.document.key for each in lacking),
        )


def finding(call: Call, gap: Gap) -> types_pb2.Finding:
    """A gap in words."""
    document = gap.document
    values = {
        "title": getattr(document.title, call.language),
        "document": document.key,
        "due": gap.due.isoformat() if gap.due else "",
        "circumstance": getattr(document.when, call.language) if document.when else "",
    }
    return types_pb2.Finding(
        level=types_pb2.Finding.ERROR, code=gap.code, field=document.key, message=call.say(gap.code, values)
    )
