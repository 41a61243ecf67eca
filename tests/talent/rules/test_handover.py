from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.talent.rules import handover
from services.talent.rules.handover import (
    Custody,
    Difference,
    Discrepancy,
    HandoverRefused,
    Manifest,
    Refusal,
    compare,
)
from services.talent.rules.states import HandoverState, Side

OLD, NEW = Side.ORIGIN, Side.DESTINATION
LIST = Manifest(
    {"身份证.pdf": "a" * 64, "合同.pdf": "b" * 64}, {"预防接种证": "2026-04-01"}, {"pension.out": "RUNNING 2026-03-23"}
)
MORE = Manifest({**LIST.documents, "补件.pdf": "c" * 64}, LIST.obligations, LIST.clocks)


def refused(act: Callable[[], object]) -> Refusal:
    with pytest.raises(HandoverRefused) as caught:
        act()
    return caught.value.refusal


def offered() -> Custody:
    return handover.offer(Custody(OLD), OLD, NEW, LIST, "officer-o")


def test_a_case_passes_with_acceptance_and_two_signatures() -> None:
    accepted = handover.accept(offered(), 1, NEW, LIST, "officer-d")
    assert accepted.holder is NEW
    (last,) = accepted.handovers
    assert (last.state, last.offered_by, last.settled_by) == (HandoverState.ACCEPTED, "officer-o", "officer-d")
    back = handover.accept(handover.offer(accepted, NEW, OLD, LIST, "officer-d"), 2, OLD, LIST, "officer-o")
    assert (back.holder, len(back.handovers)) == (OLD, 2)


def test_a_case_that_is_returned_or_recalled_stays() -> None:
    returned = handover.give_back(offered(), 1, NEW, "合同缺页", "officer-d")
    assert (returned.holder, returned.handovers[0].state, returned.handovers[0].reason) == (
        OLD,
        HandoverState.RETURNED,
        "合同缺页",
    )
    recalled = handover.recall(offered(), 1, OLD, "officer-o")
    assert (recalled.holder, recalled.handovers[0].state) == (OLD, HandoverState.RECALLED)
    assert handover.offer(returned, OLD, NEW, MORE, "officer-o").offered is not None


def test_what_the_protocol_forbids() -> None:
    waiting = offered()
    settled = handover.recall(waiting, 1, OLD, "o")
    assert refused(lambda: handover.offer(Custody(OLD), NEW, OLD, LIST, "d")) is Refusal.NOT_HOLDER
    assert refused(lambda: handover.offer(Custody(OLD), OLD, OLD, LIST, "o")) is Refusal.SAME_SIDE
    assert refused(lambda: handover.offer(waiting, OLD, NEW, LIST, "o")) is Refusal.OFFERED_ALREADY
    assert refused(lambda: handover.offer(Custody(OLD), OLD, NEW, LIST, "")) is Refusal.NO_SIGNATURE
    assert refused(lambda: handover.accept(waiting, 1, OLD, LIST, "o")) is Refusal.NOT_RECEIVER
    assert refused(lambda: handover.accept(waiting, 1, NEW, LIST, "")) is Refusal.NO_SIGNATURE
    assert refused(lambda: handover.accept(waiting, 2, NEW, LIST, "d")) is Refusal.NOT_OFFERED
    assert refused(lambda: handover.accept(settled, 1, NEW, LIST, "d")) is Refusal.NOT_OFFERED
    assert refused(lambda: handover.give_back(waiting, 1, OLD, "理由", "o")) is Refusal.NOT_RECEIVER
    assert refused(lambda: handover.give_back(waiting, 1, NEW, " ", "d")) is Refusal.NO_REASON
    assert refused(lambda: handover.recall(waiting, 1, NEW, "d")) is Refusal.NOT_SENDER
    assert refused(lambda: handover.recall(settled, 1, OLD, "o")) is Refusal.NOT_OFFERED


def test_nobody_accepts_what_has_changed() -> None:
    assert refused(lambda: handover.accept(offered(), 1, NEW, MORE, "d")) is Refusal.NOT_AS_LISTED
    moved = Manifest(LIST.documents, LIST.obligations, {"pension.out": "SUSPENDED"})
    assert refused(lambda: handover.accept(offered(), 1, NEW, moved, "d")) is Refusal.NOT_AS_LISTED


def test_how_a_case_differs_from_its_manifest() -> None:
    now = Manifest({"身份证.pdf": "f" * 64, "补件.pdf": "c" * 64}, {}, LIST.clocks)
    assert compare(LIST, now) == (
        Discrepancy("documents", "合同.pdf", Difference.MISSING),
        Discrepancy("documents", "补件.pdf", Difference.UNLISTED),
        Discrepancy("documents", "身份证.pdf", Difference.CHANGED),
        Discrepancy("obligations", "预防接种证", Difference.MISSING),
    )
    assert compare(LIST, LIST) == ()


ACTS: dict[str, Callable[[Custody, Side], Custody]] = {
    "offer": lambda c, by: handover.offer(c, by, OLD if by is NEW else NEW, LIST, f"officer-{by}"),
    "accept": lambda c, by: handover.accept(c, len(c.handovers), by, LIST, f"officer-{by}"),
    "return": lambda c, by: handover.give_back(c, len(c.handovers), by, "理由", f"officer-{by}"),
    "recall": lambda c, by: handover.recall(c, len(c.handovers), by, f"officer-{by}"),
}


def test_all_interleavings_of_five_acts_keep_the_promises() -> None:
    """Every sequence of five acts of the two sides, 8 to the fifth: what goes through must keep each of them."""
    for acts in product(product(ACTS, (OLD, NEW)), repeat=5):
        custody = Custody(OLD)
        for verb, by in acts:
            before = custody
            try:
                custody = ACTS[verb](custody, by)
            except HandoverRefused:
                assert custody == before
                continue
            assert (verb == "accept") == (custody.holder is not before.holder)
            check(custody)


def check(custody: Custody) -> None:
    waiting = [each for each in custody.handovers if each.state is HandoverState.OFFERED]
    assert len(waiting) <= 1
    assert not waiting or waiting == [custody.handovers[-1]]
    for each in custody.handovers:
        assert each.offered_by == f"officer-{each.sender}"
        if each.state is HandoverState.ACCEPTED:
            assert each.settled_by == f"officer-{each.receiver}"


class Handing(RuleBasedStateMachine):
    """Long runs, with manifests that go out of date."""

    def __init__(self) -> None:
        super().__init__()
        self.custody = Custody(OLD)
        self.now = LIST

    @rule(verb=st.sampled_from(sorted(ACTS)), by=st.sampled_from((OLD, NEW)), current=st.booleans())
    def act(self, verb: str, by: Side, current: bool) -> None:
        manifest = self.now if current else MORE
        acts: dict[str, Callable[[], Custody]] = {
            "offer": lambda: handover.offer(self.custody, by, OLD if by is NEW else NEW, manifest, f"officer-{by}"),
            "accept": lambda: handover.accept(self.custody, len(self.custody.handovers), by, self.now, f"officer-{by}"),
            "return": lambda: ACTS["return"](self.custody, by),
            "recall": lambda: ACTS["recall"](self.custody, by),
        }
        waiting = self.custody.offered
        try:
            self.custody = acts[verb]()
        except HandoverRefused:
            return
        if verb == "accept":
            assert waiting is not None
            assert waiting.manifest == self.now

    @precondition(lambda self: self.now is LIST)
    @rule()
    def a_document_comes(self) -> None:
        self.now = Manifest({**self.now.documents, "新.pdf": "d" * 64}, self.now.obligations, self.now.clocks)

    @invariant()
    def promises(self) -> None:
        check(self.custody)


TestHanding = Handing.TestCase
TestHanding.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
