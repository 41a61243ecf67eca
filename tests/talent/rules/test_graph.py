from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.talent import catalogue as folder
from services.talent.rules import graph
from services.talent.rules.catalogue import Branch
from services.talent.rules.states import STEP_ENDED, MatterState, StepState
from tests.talent.rules.documents import changed

FIRST = changed().matter("first")
SHIPPED = folder.shipped()
P, R, D, S = StepState.PENDING, StepState.READY, StepState.DONE, StepState.SKIPPED


def test_a_matter_opens_with_what_waits_for_nothing() -> None:
    assert graph.opening(FIRST, Branch()) == {"check": R, "out": P, "money": P, "side_track": P, "in": P}
    archive = graph.opening(SHIPPED.matter("archive"), Branch())
    assert [key for key, state in archive.items() if state is R] == ["letter", "emp_hand"]


def test_a_branch_leaves_steps_out_and_what_comes_after_them_begins() -> None:
    pension = SHIPPED.matter("pension")
    assert graph.opening(pension, pension.branch("370103", "511002")) == {"check": S, "review": R, "out": P, "in": P}


def test_steps_that_are_done_let_others_begin_on_parallel_tracks() -> None:
    states = graph.opening(FIRST, Branch())
    states, ended = graph.completed(FIRST, states, FIRST.step("check"), FIRST.step("check").outcomes[0])
    assert states == {"check": D, "out": R, "money": P, "side_track": R, "in": P}
    assert ended is None
    states, _ = graph.completed(FIRST, states, FIRST.step("out"), None)
    states, _ = graph.completed(FIRST, states, FIRST.step("money"), None)
    assert states["in"] is P
    states, _ = graph.completed(FIRST, states, FIRST.step("side_track"), None)
    assert states["in"] is R
    states, ended = graph.completed(FIRST, states, FIRST.step("in"), None)
    assert ended is MatterState.DONE
    assert set(states.values()) == {D}


def test_an_outcome_may_end_the_matter() -> None:
    check = FIRST.step("check")
    states, ended = graph.completed(FIRST, graph.opening(FIRST, Branch()), check, check.outcomes[1])
    assert ended is MatterState.NOT_REQUIRED
    assert states == {"check": D, "out": S, "money": S, "side_track": S, "in": S}


def test_an_outcome_may_skip_a_step() -> None:
    check = FIRST.step("check")
    states, ended = graph.completed(FIRST, graph.opening(FIRST, Branch()), check, check.outcomes[2])
    assert (states["money"], ended) == (S, None)
    states, _ = graph.completed(FIRST, states, FIRST.step("out"), None)
    states, _ = graph.completed(FIRST, states, FIRST.step("side_track"), None)
    assert states["in"] is R


def test_what_is_sent_back_takes_what_came_after_it_back() -> None:
    states = dict.fromkeys(("check", "out", "side_track"), D) | {"money": S, "in": StepState.RUNNING}
    assert graph.returned(FIRST, states, "out") == {
        "check": D,
        "out": StepState.RETURNED,
        "money": S,
        "side_track": D,
        "in": P,
    }


def test_the_rounds_and_what_follows() -> None:
    assert graph.tracks(FIRST) == (("check",), ("out", "side_track"), ("money",), ("in",))
    assert graph.following(graph.edges(FIRST), "out") == ("money", "in")
    assert graph.tracks(SHIPPED.matter("housing_fund"))[0] == ("open", "seal")


def test_the_critical_path_is_the_heaviest_way() -> None:
    after = graph.edges(FIRST)
    assert graph.longest(after, {"check": 5, "out": 10, "money": 20, "side_track": 7, "in": 1}) == (
        ("check", "out", "money", "in"),
        36,
    )
    assert graph.longest(after, {"check": 5, "out": 1, "money": 1, "side_track": 70, "in": 1})[0] == (
        "check",
        "side_track",
        "in",
    )


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
def test_every_matter_that_ships_can_be_walked_to_its_end(matter) -> None:  # type: ignore[no-untyped-def]
    states = graph.opening(matter, matter.branch("370103", "371526"))
    ended = None
    while ended is None:
        key = next(key for key, state in states.items() if state is R)
        step = matter.step(key)
        states, ended = graph.completed(matter, states, step, next(iter(step.outcomes), None))
    assert ended is MatterState.DONE
    assert all(state in STEP_ENDED for state in states.values())
