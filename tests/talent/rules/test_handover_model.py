"""The protocol of hand-overs against a model, in every state that is reached within eight acts, for every act."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from services.talent.rules import handover as rules
from services.talent.rules.handover import Custody, HandoverRefused, Manifest
from services.talent.rules.states import Side
from tests.talent.handover_model import SIDES, VERBS, Model, other

DEPTH = 8
Act = tuple[str, str, int]  # what, by which side, which hand-over


def manifest(of: int) -> Manifest:
    """The manifest of a case that was changed so many times."""
    return Manifest({"d": "0" * 64}, {"m": "RUNNING"}, {"s": str(of)})


def acts(model: Model) -> Iterator[Act]:
    yield ("change", "", 0)
    for side in SIDES:
        yield ("offer", side, 0)
        # the first, the last and one that is not there
        for number in {1, len(model.offers), len(model.offers) + 1} - {0}:
            yield from ((verb, side, number) for verb in VERBS)


def ruled(custody: Custody, changes: int, act: Act) -> tuple[Custody, str]:
    """What the rules make of an act: the custody, and why not."""
    what, side, number = act
    signed = f"officer of {side}"
    steps: dict[str, Callable[[], Custody]] = {
        "offer": lambda: rules.offer(custody, Side(side), Side(other(side)), manifest(changes), signed),
        "accept": lambda: rules.accept(custody, number, Side(side), manifest(changes), signed),
        "return": lambda: rules.give_back(custody, number, Side(side), "缺件", signed),
        "recall": lambda: rules.recall(custody, number, Side(side), signed),
    }
    try:
        return steps[what](), ""
    except HandoverRefused as refused:
        return custody, refused.refusal.value


def expected(model: Model, act: Act) -> tuple[Model, str]:
    what, side, number = act
    return model.offer(side) if what == "offer" else model.settle(what, number, side)


def differences(depth: int) -> tuple[list[str], int]:
    """Where rules and model differ, and how many acts were looked at."""
    found: list[str] = []
    looked = 0
    states: dict[Model, tuple[Custody, int]] = {Model(): (Custody(Side.DESTINATION), 0)}
    reached = dict(states)
    for _ in range(depth):
        following: dict[Model, tuple[Custody, int]] = {}
        for model, (custody, changes) in states.items():
            for act in acts(model):
                if act[0] == "change":
                    following.setdefault(model.change(), (custody, changes + 1))
                    continue
                looked += 1
                (after, said), (ruling, refused) = expected(model, act), ruled(custody, changes, act)
                if said != refused or not agree(after, ruling):
                    found.append(f"{model} {act}: {said or 'done'}, not {refused or 'done'}")
                following.setdefault(after, (ruling, changes))
        states = {model: pair for model, pair in following.items() if model not in reached}
        reached |= states
    return found, looked


def agree(model: Model, custody: Custody) -> bool:
    told = tuple((each.sender.value, each.state.value) for each in custody.handovers)
    signed = all(
        each.offered_by == f"officer of {each.sender}"
        and bool(each.settled_by) is (each.state.value != "OFFERED")
        and each.number == number
        for number, each in enumerate(custody.handovers, start=1)
    )
    return custody.holder.value == model.holder and told == model.offers and signed


def test_rules_and_model_agree_on_every_act_in_every_state() -> None:
    found, looked = differences(DEPTH)
    assert found[:5] == []
    assert looked > 1_000


@pytest.mark.parametrize("name", ["offer", "accept", "give_back", "recall"])
def test_a_rule_that_lets_everybody_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: each rule in turn asks nobody who they are."""
    rule = getattr(rules, name)

    def lax(custody: Custody, *rest: object) -> Custody:
        if name == "offer":
            return rule(replace(custody, holder=rest[0]), *rest)  # type: ignore[no-any-return]
        waiting = custody.offered
        side = waiting and (waiting.sender if name == "recall" else waiting.receiver)
        return rule(custody, rest[0], side or rest[1], *rest[2:])  # type: ignore[no-any-return]

    monkeypatch.setattr(rules, name, lax)
    assert differences(3)[0]


def test_an_offer_that_is_accepted_stale_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "compare", lambda *_: ())
    assert differences(3)[0]
