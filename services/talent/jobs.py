"""Long work of the talent service: acts on many steps or cases, each with its verdict (批量办理)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from services.platform.boundary import Call
from services.platform.errors import Fault, NotFound
from services.platform.job_process import Kinds, Run
from services.platform.jobs import Json, Outcome, Verdict
from services.platform.policy import Policy
from services.platform.texts import Texts
from services.platform.transaction import Tx
from services.talent import casefiles, queries
from services.talent.casework.acting import Act, Actor
from services.talent.casework.editions import Editions
from services.talent.tables import BOOKS, JOBS

HERE = Path(__file__).parent
TOGETHER = 50  # things in one transaction

Thing = tuple[str, str, str]  # case, matter, step
Together = Callable[[Tx, Call, Sequence[Thing]], list[Fault | None]]


def reassign(run: Run) -> Json:
    """Gives steps to an officer."""
    values = {"unit": "", "assignee": run.arguments["assignee"]}
    return _each(run, "talent.step.assign", partial(_act, "assign", values))


def suspend(run: Run) -> Json:
    """Stops the clocks of steps because a system is down."""
    known = ("basis", "evidence", "reason", "approver")
    values = {"suspension": "FORCE", "maximum": None, **{name: run.arguments[name] for name in known}}
    return _each(run, "talent.step.suspend", partial(_act, "suspend", values))


def notify(run: Run) -> Json:
    """Tells those who watch cases."""
    return _each(run, "talent.case.read", partial(_notify, str(run.arguments["message"])))


def _each(run: Run, action: str, together: Together) -> Json:
    """Does it to one after the other, so many in a transaction, from where the last attempt ended."""
    call = run.call(action, _policy())
    call.texts = Texts.load(HERE / "texts.toml")
    things = [(each[0], each[1], each[2]) for each in run.arguments["things"]]
    done = int(run.checkpoint.get("done", 0))
    while done < len(things):
        run.check()
        some = things[done : done + TOGETHER]

        def work(tx: Tx, some: Sequence[Thing] = some) -> list[Verdict]:
            return [_verdict(*each) for each in zip(some, _done(tx, call, some, together, run), strict=True)]

        after = done + len(some)
        run.step(work, {"done": after}, first=done + 1, done=after, total=len(things), stage="acting")
        done = after
    return {"items": len(things), "dry": bool(run.arguments["dry"])}


def _done(tx: Tx, call: Call, some: Sequence[Thing], together: Together, run: Run) -> list[Fault | None]:
    """What became of some things; of a dry run nothing stays."""
    if not run.arguments["dry"]:
        return together(tx, call, some)
    aside = tx.beside()
    savepoint = tx.session.begin_nested()
    try:
        return together(aside, call, some)
    finally:
        savepoint.rollback()


def _verdict(thing: Thing, fault: Fault | None) -> Verdict:
    case, matter, step = thing
    about = {"thing": f"{matter}/{step}" if step else "-"}
    if fault is None:
        return Verdict(f"cases/{case}", Outcome.DONE, "BULK_DONE", about)
    return Verdict(f"cases/{case}", Outcome.REFUSED, fault.reason, {**fault.metadata, **about})


def _act(verb: str, values: dict[str, Any], tx: Tx, call: Call, some: Sequence[Thing]) -> list[Fault | None]:
    """One verb on steps, by the path that single steps take."""
    acts = [Act(call, verb, thing, "", tx.now, "", dict(values)) for thing in some]
    answers = Actor(_editions()).act_many(tx, acts)
    return [answer if isinstance(answer, Fault) else None for answer in answers]


def _notify(message: str, tx: Tx, call: Call, some: Sequence[Thing]) -> list[Fault | None]:
    files = casefiles.read(tx.connection, [case for case, _, _ in some], lock=True)
    faults: list[Fault | None] = []
    for case, _, _ in some:
        try:
            file = files.get(case)
            if file is None:
                raise NotFound(f"cases/{case}")
            call.require(queries.scope_of(file), file.name)
        except Fault as fault:
            faults.append(fault)
            continue
        number = file.count_event()
        tx.record(call, file.name, event="case.notified", detail={"message": message}, number=number)
        faults.append(None)
    told = [files[case] for (case, _, _), fault in zip(some, faults, strict=True) if fault is None]
    casefiles.write(tx, told)
    return faults


@cache
def _editions() -> Editions:
    return Editions()


@cache
def _policy() -> Policy:
    files = (HERE.parent / "policy.cedar", HERE / "policy.cedar")
    return Policy("\n".join(path.read_text(encoding="utf-8") for path in files))


KINDS = Kinds(BOOKS, JOBS, {"bulk.reassign": reassign, "bulk.suspend": suspend, "bulk.notify": notify})
