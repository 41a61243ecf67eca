"""Cases that have to do with one another: related, or one that turns out to be another one's duplicate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from liancai.talent.v1 import cases_pb2 as pb
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.platform.boundary import Call
from services.platform.errors import Invalid, NotFound, Refused, Violation
from services.platform.requests import Reading, check_etag
from services.platform.transaction import Tx
from services.talent import casefiles
from services.talent.casefiles import CaseFile, MatterFile
from services.talent.casework import clocks
from services.talent.casework.advancing import Desk
from services.talent.casework.editions import Editions
from services.talent.queries import read_case, scope_of
from services.talent.rules.states import CASE_VERBS, CaseState, MatterState
from services.talent.tables import CaseRelationRow, CaseRow, MatterRow, StepRow


def relate(reading: Reading, request: pb.RelateCaseRequest) -> Callable[[Tx, Desk], tuple[str, dict[str, Any]]]:
    """Notes a relation with both cases."""
    other = read_case(reading, "other", request.other)
    kinds = reading.choices("kind", [request.kind], pb.Relation.Kind)
    if request.other == request.name:
        reading.wrong("other", "FIELD_OTHER_CASE")

    def change(tx: Tx, desk: Desk) -> tuple[str, dict[str, Any]]:
        row = tx.session.get(CaseRow, other)
        if row is None:
            raise NotFound(request.other)
        desk.call.require(scope_of(row), request.other)
        make = sqlite.insert if tx.connection.dialect.name == "sqlite" else postgresql.insert
        for one, another in ((desk.file.id, other), (other, desk.file.id)):
            values = {"case_id": one, "other_id": another, "kind": kinds[0], "record_time": tx.now}
            statement = make(CaseRelationRow).values(values)
            tx.connection.execute(
                statement.on_conflict_do_update(index_elements=["case_id", "other_id"], set_={"kind": kinds[0]})
            )
        return "case.related", {"other": request.other, "kind": kinds[0]}

    return change


def merge(tx: Tx, call: Call, editions: Editions, duplicate: tuple[str, str], into: str, reason: str) -> CaseFile:
    """Moves the matters that the other case lacks to it, with their ledgers; ends the rest. Gives the other case."""
    files = casefiles.read(tx.connection, [duplicate[0], into], lock=True)
    for number in (duplicate[0], into):
        if number not in files:
            raise NotFound(f"cases/{number}")
        call.require(scope_of(files[number]), f"cases/{number}")
    source, target = files[duplicate[0]], files[into]
    check_etag(duplicate[1], source.name, source.version)
    _same(tx, source, target)
    for file in (source, target):
        casefiles.read_ledgers(tx.connection, files, file.steps)
    old, new = (editions.desk(tx.session, call, file, tx.now, tx.now) for file in (source, target))
    moved = [matter for matter in source.matters if target.matter(matter.key) is None]
    if any(matter.member for matter in moved):
        raise Invalid(Violation("into", "FIELD_MERGE_CHILDREN"))
    for matter in source.matters:
        if matter not in moved and not matter.ended:
            old.end_matter(matter, MatterState.MERGED, reason=reason)
    source.values |= {
        "state": CASE_VERBS["merge"][1], "result": "UNFULFILLED", "reason": reason, "merged_into": into,
        "close_time": tx.now,
    }  # fmt: skip
    old.record(tx, "case.merged", reason=reason, into=target.name, moved=[matter.key for matter in moved])
    casefiles.write(tx, [source])
    for matter in moved:
        _move(tx, source, target, matter)
    new.settle()
    for step in target.steps:
        step.alarm = clocks.alarm(target, step)
    target.values["update_time"] = tx.now
    new.record(tx, "case.absorbed", reason=reason, other=source.name, moved=[matter.key for matter in moved])
    casefiles.write(tx, [target])
    return target


def _same(tx: Tx, source: CaseFile, target: CaseFile) -> None:
    """Raises Refused unless both are open cases of one talent that lead the same way by one catalogue."""
    for file in (source, target):
        if file.state != CaseState.OPEN:
            raise Refused("CASE_STATE", case_name=file.name, state=file.state, allowed=CaseState.OPEN)
    wanted = select(CaseRow.talent_id).where(CaseRow.id.in_([source.id, target.id])).distinct()
    if len(tx.connection.execute(wanted).all()) != 1:
        raise Refused("CASE_OTHER_TALENT", case_name=source.name, other=target.name)
    ways = {(file.origin, file.destination, file.catalogue_id) for file in (source, target)}
    if len(ways) != 1:
        raise Refused("CASE_OTHER_WAY", case_name=source.name, other=target.name)


def _move(tx: Tx, source: CaseFile, target: CaseFile, matter: MatterFile) -> None:
    """Gives a matter with its steps and their ledgers to another case."""
    place = max((each.position for each in target.matters), default=0) + 1
    connection, table, steps = tx.connection, MatterRow.__table__.c, source.steps_of(matter.key)
    values = {"case_id": target.id, "position": place}
    connection.execute(update(MatterRow).where(table.case_id == source.id, table.key == matter.key).values(values))
    moved = update(StepRow).where(StepRow.__table__.c.id.in_([step.id for step in steps]))
    connection.execute(moved.values(case_id=target.id, owner=target.owner))
    matter.case_id, matter.position = target.id, place
    target.matters.append(matter)
    for step in steps:
        step.case_id, step.owner = target.id, target.owner
        target.steps.append(step)
        target.ledgers[step.id] = source.ledger(step)
        target.touch(step, tx.now)
