"""The protocol over the wire against the model: every act in every shape a case can be in, on both databases."""

from __future__ import annotations

import grpc
from liancai.talent.v1 import clock_pb2
from liancai.talent.v1 import handovers_pb2 as pb

from tests.office import request_id
from tests.statuses import info_of
from tests.talent.desk import Desk
from tests.talent.handover_model import SIDES, VERBS, Model

Act = tuple[str, str]
ACTS: list[Act] = [(what, side) for what in ("offer", *VERBS) for side in SIDES] + [("change", "")]


class Walk:
    """One case, both its desks, and the model beside it."""

    def __init__(self, desk: Desk, other_side: Desk) -> None:
        self.desks = {"DESTINATION": desk, "ORIGIN": other_side}
        self.start()

    def start(self) -> None:
        """A new case: there is no way back from having been let in."""
        self.case = self.desks["DESTINATION"].open("pension").name
        self.model = Model()

    def do(self, act: Act) -> str:
        """Does an act on both; why it was refused, the same for both."""
        what, side = act
        if what == "change":
            self._change()
            self.model = self.model.change()
            return ""
        number = max(1, len(self.model.offers))
        after, expected = self.model.offer(side) if what == "offer" else self.model.settle(what, number, side)
        # a hand-over that is not there, and a case that one was not let into
        if (not self.model.offers) if what != "offer" else self.model.sees(side) != "ALL":
            expected = "NOT_FOUND"
        said = self._ask(what, side, number)
        assert said.removeprefix("HANDOVER_") == expected, (self.model, act)
        self.model = after
        return expected

    def _change(self) -> None:
        """A step is given to another unit: the manifest lists who has it."""
        step = f"{self.case}/matters/pension/steps/check"
        self.desks[self.model.holder].act("AssignStep", step, unit=f"unit-{request_id()[:12]}")

    def _ask(self, what: str, side: str, number: int) -> str:
        desk = self.desks[side]
        try:
            if what == "offer":
                desk.offer(self.case)
            else:
                reason = {} if what == "accept" else {"reason": "缺件"}
                desk.settle(what.capitalize(), f"{self.case}/handovers/{number}", **reason)
        except grpc.RpcError as error:
            return info_of(error)[0]
        return ""

    def agrees(self) -> None:
        """Looks at the case and its hand-overs from both sides."""
        for side, desk in self.desks.items():
            sees = self.model.sees(side)
            try:
                found = desk.case(self.case)
                assert sees == "ALL"
                assert clock_pb2.Side.Name(found.custody) == self.model.holder
            except grpc.RpcError:
                assert sees != "ALL"
            asked = pb.ListHandoversRequest(filter=pb.ListHandoversRequest.Filter(case_name=self.case))
            listed = [*reversed(desk.handovers.ListHandovers(asked).handovers)]
            told = tuple((clock_pb2.Side.Name(each.sender), pb.Handover.State.Name(each.state)) for each in listed)
            assert told == self.model.offers
            for each in listed:
                whole = desk.handover(each.name)
                assert whole.HasField("manifest") is (sees == "ALL")
                assert whole.HasField("summary") is (sees == "ALL" or each.state == pb.Handover.OFFERED)


def after(model: Model, act: Act) -> Model:
    """What an act makes of a case."""
    what, side = act
    if what == "change":
        return model.change()
    return model.offer(side)[0] if what == "offer" else model.settle(what, max(1, len(model.offers)), side)[0]


def way(model: Model, seen: set[tuple[object, Act]]) -> list[Act]:
    """The fewest acts that end with one that was not yet done in such a shape; none if there are none."""
    paths: list[tuple[Model, list[Act]]] = [(model, [])]
    shapes = {model.shape}
    for here, path in paths:
        for act in ACTS:
            if (here.shape, act) not in seen:
                return [*path, act]
        for act in ACTS:
            there = after(here, act)
            if there.shape not in shapes:
                shapes.add(there.shape)
                paths.append((there, [*path, act]))
    return []


def test_every_act_in_every_shape_of_a_case(desk: Desk, other_side: Desk) -> None:
    walk = Walk(desk, other_side)
    seen: set[tuple[object, Act]] = set()
    answers: set[str] = set()
    while path := way(walk.model, seen) or way(Model(), seen):
        if not way(walk.model, seen):
            walk.start()
        for act in path:
            seen.add((walk.model.shape, act))
            answers.add(walk.do(act))
        walk.agrees()
    # held by the destination alone, then by either once both were let in; each with no, a true and a stale offer
    assert len({shape for shape, _ in seen}) == 9
    assert len(seen) == 9 * len(ACTS)
    refusals = {"NOT_HOLDER", "OFFERED_ALREADY", "NOT_OFFERED", "NOT_RECEIVER", "NOT_SENDER", "NOT_AS_LISTED"}
    assert answers == {"", "NOT_FOUND", *refusals}
