from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.talent import catalogue as folder
from services.talent.rules import graph
from services.talent.rules.catalogue import Matter
from services.talent.rules.states import STEP_ENDED, MatterState, StepState
from tests.talent.rules.documents import changed

FIRST = changed().matter("first")
SHIPPED = folder.shipped()
ARCHIVE = SHIPPED.matter("archive")


def opened(matter: Matter, *skips: str) -> dict[str, StepState]:
    """The steps of a matter of which none has begun."""
    return {step.key: StepState.SKIPPED if step.key in skips else StepState.PENDING for step in matter.steps}


def test_a_matter_opens_with_what_waits_for_nothing() -> None:
    assert graph.ready(FIRST, opened(FIRST)) == ("check",)
    assert graph.ready(ARCHIVE, opened(ARCHIVE)) == ("letter", "emp_hand")


def test_what_comes_after_steps_that_are_left_out_begins() -> None:
    pension = SHIPPED.matter("pension")
    skips = pension.branch("370103", "511002").skips
    assert graph.ready(pension, opened(pension, *skips)) == ("review",)


def test_steps_that_are_done_let_others_begin_on_parallel_tracks() -> None:
    states = opened(FIRST)
    rounds = []
    while begins := graph.ready(FIRST, states):
        rounds.append(begins)
        states |= dict.fromkeys(begins, StepState.DONE)
    assert rounds == [("check",), ("out", "side_track"), ("money",), ("in",)]
    # one of two that come before is not enough, nor one that runs or was sent back
    for state in (StepState.READY, StepState.RUNNING, StepState.RETURNED):
        waiting = opened(FIRST) | {"check": StepState.DONE, "out": StepState.DONE, "money": StepState.DONE}
        assert graph.ready(FIRST, waiting | {"side_track": state}) == ()


def test_what_follows_a_step() -> None:
    assert graph.following(graph.edges(FIRST), "out") == ("money", "in")
    assert graph.following(graph.edges(FIRST), "in") == ()


@pytest.mark.parametrize(
    ("state", "goes_on"),
    [
        (MatterState.DONE, True),
        (MatterState.NOT_REQUIRED, True),
        (MatterState.WITHDRAWN, True),
        (MatterState.MERGED, True),
        (MatterState.WAITING, False),
        (MatterState.RUNNING, False),
        (MatterState.REFUSED, False),
    ],
)
def test_a_matter_waits_for_those_before_it(state: MatterState, goes_on: bool) -> None:
    second = changed().matter("second")
    assert graph.may_start(second, [("first", state), ("other", MatterState.RUNNING)]) is goes_on


def test_a_matter_that_the_case_has_not_is_not_waited_for() -> None:
    assert graph.may_start(changed().matter("second"), [("other", MatterState.RUNNING)])


def test_a_cycle_is_found_and_refused() -> None:
    loop = {"a": ("b",), "b": ("c",), "c": ("a",), "d": ("a",)}
    found = graph.cycle(loop)
    assert set(found) == {"a", "b", "c"}
    assert all(found[n - 1] in loop[found[n]] for n in range(len(found)))
    assert graph.cycle({"a": ("a",)}) == ("a",)
    with pytest.raises(ValueError, match="a cycle"):
        graph.ordered(loop)


graphs = st.integers(1, 7).flatmap(
    lambda size: st.fixed_dictionaries(
        {
            str(key): st.lists(st.sampled_from([str(n) for n in range(size)]), max_size=3, unique=True).map(tuple)
            for key in range(size)
        }
    )
)


@given(graphs)
def test_a_graph_has_an_order_or_a_cycle(after: dict[str, tuple[str, ...]]) -> None:
    """Against every order there is, for small graphs."""
    sound = any(
        all(way.index(before) < way.index(key) for key in after for before in after[key]) for way in permutations(after)
    )
    loop = graph.cycle(after)
    assert bool(loop) is not sound
    if loop:
        assert all(loop[n - 1] in after[loop[n]] for n in range(len(loop)))
    else:
        way = graph.ordered(after)
        assert all(way.index(before) < way.index(key) for key in after for before in after[key])


@pytest.mark.parametrize("matter", SHIPPED.matters, ids=lambda matter: matter.key)
def test_every_matter_that_ships_can_be_walked_to_its_end(matter: Matter) -> None:
    states = opened(matter, *matter.branch("370103", "371526").skips)
    while begins := graph.ready(matter, states):
        states |= dict.fromkeys(begins[:1], StepState.DONE)
    assert all(state in STEP_ENDED for state in states.values())
