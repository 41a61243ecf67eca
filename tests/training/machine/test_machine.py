"""The state machine on SQLite and PostgreSQL, and proof that it notices what is wrong."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as profile
from hypothesis.stateful import run_state_machine_as_test

from services.training.rules import waitlist
from tests.training.machine.machine import Machine
from tests.training.machine.world import World

# "500x40": so many examples of so many steps, other ones each time
BIG = os.environ.get("LIANCAI_MACHINE", "")


def budget(examples: int, steps: int, *, phases: tuple[Phase, ...] = tuple(Phase)) -> profile:
    """The same examples each time, whatever machine they run on."""
    return profile(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=not BIG,
        database=None,
        deadline=None,
        print_blob=True,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )


def test_whatever_is_done_comes_to_what_was_to_be_expected(world: World) -> None:
    examples, steps = (int(each) for each in (BIG or "25x20").split("x"))
    run_state_machine_as_test(lambda: Machine(world), settings=budget(examples, steps))


def test_a_waitlist_served_from_its_end_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    served = waitlist.served
    monkeypatch.setattr(
        waitlist,
        "served",
        lambda waiting, seats, *, pass_over: served(list(reversed(waiting)), seats, pass_over=pass_over),
    )
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(lambda: Machine(world), settings=budget(25, 20, phases=(Phase.generate,)))
