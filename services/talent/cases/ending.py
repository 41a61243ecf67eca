"""How matters and cases end, and begin again: withdrawn, refused, not required, closed, reopened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from liancai.talent.v1 import cases_pb2 as pb
from liancai.talent.v1 import matters_pb2

from services.platform.boundary import Call
from services.platform.errors import NotFound, Refused
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.talent.casefiles import MatterFile
from services.talent.casework.advancing import Desk
from services.talent.queries import read_matter
from services.talent.rules.states import CASE_VERBS, MATTER_VERBS, MatterState

_CLOSES = {MatterState.REFUSED: "refuse", MatterState.NOT_REQUIRED: "waive"}


class Ending:
    """Each gives what the handler of cases needs: the call, the request, what was read, and the change."""

    def withdraw(self, call: Call, request: pb.WithdrawMatterRequest) -> tuple[Call, Any, Reading, Any]:
        """A matter at the talent's wish."""
        reading = Reading()
        key = read_matter(reading, "name", request.name)[1]
        reason = reading.text("reason", request.reason, 1, 500)

        def change(_: Tx, desk: Desk) -> tuple[str, dict[str, Any]]:
            matter = _matter(desk, request.name, key, "withdraw")
            desk.end_matter(matter, MatterState.WITHDRAWN, reason=reason)
            desk.settle()
            return "matter.ended", {"matter": key, "state": matter.state, "reason": reason}

        return call, request, reading, change

    def close_matter(self, call: Call, request: pb.CloseMatterRequest) -> tuple[Call, Any, Reading, Any]:
        """A matter that is refused or not required; a refusal tells of the remedy (救济途径)."""
        reading = Reading()
        key = read_matter(reading, "name", request.name)[1]
        reason = reading.text("reason", request.reason, 1, 500)
        evidence = reading.text("evidence", request.evidence, 1, 200)
        refused = request.state == matters_pb2.Matter.REFUSED
        remedy = reading.text("remedy", request.remedy, 1 if refused else 0, 200)
        if not refused and request.state != matters_pb2.Matter.NOT_REQUIRED:
            reading.wrong("state", "FIELD_CHOICE", allowed=", ".join(_CLOSES))
        state = MatterState.REFUSED if refused else MatterState.NOT_REQUIRED

        def change(_: Tx, desk: Desk) -> tuple[str, dict[str, Any]]:
            matter = _matter(desk, request.name, key, _CLOSES[state])
            desk.end_matter(matter, state, reason=reason, evidence=evidence)
            desk.settle()
            noted = {"evidence": evidence, **({"remedy": remedy} if remedy else {})}
            return "matter.ended", {"matter": key, "state": state, "reason": reason, "noted": noted}

        return call, request, reading, change

    def close(self, call: Call, request: pb.CloseCaseRequest) -> tuple[Call, Any, Reading, Any]:
        """Open -> closed, once every matter has ended."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)

        def change(_: Tx, desk: Desk) -> tuple[str, dict[str, Any]]:
            file = desk.file
            if running := [matter.key for matter in file.matters if not matter.ended]:
                raise Refused("CASE_HAS_OPEN_MATTERS", case_name=file.name, matters=", ".join(running))
            if owing := [f"{step.matter}/{step.key}" for step in file.steps if step.owed is not None]:
                raise Refused("CASE_OWES_DOCUMENTS", case_name=file.name, steps=", ".join(owing))
            result = result_of(file.matters)
            file.values |= {
                "state": CASE_VERBS["close"][1], "result": result, "reason": reason, "close_time": desk.occurred
            }  # fmt: skip
            return "case.closed", {"result": result}

        return call, request, reading, change

    def reopen(self, call: Call, request: pb.ReopenCaseRequest) -> tuple[Call, Any, Reading, Any]:
        """Closed -> open; what has ended stays as it is until something of it is returned or added."""
        reading = Reading()
        reason = reading.text("reason", request.reason, 1, 500)

        def change(_: Tx, desk: Desk) -> tuple[str, dict[str, Any]]:
            desk.file.values |= {
                "state": CASE_VERBS["reopen"][1], "result": "", "reason": reason, "close_time": None
            }  # fmt: skip
            return "case.reopened", {"reason": reason}

        return call, request, reading, change


def result_of(matters: Iterable[MatterFile]) -> str:
    """What came of a case whose matters have ended."""
    states = {MatterState(matter.state) for matter in matters}
    good = {MatterState.DONE, MatterState.NOT_REQUIRED}
    if states <= good:
        return "FULFILLED"
    if states & good:
        return "PARTLY"
    return "GIVEN_UP" if states == {MatterState.WITHDRAWN} else "UNFULFILLED"


def _matter(desk: Desk, name: str, key: str, verb: str) -> MatterFile:
    """The matter, if this may be done to it."""
    matter = desk.file.matter(key)
    if matter is None:
        raise NotFound(name)
    allowed = MATTER_VERBS[verb][0]
    if matter.state not in allowed:
        raise Refused("MATTER_STATE", matter=matter.name, state=matter.state, allowed=", ".join(allowed))
    return matter
