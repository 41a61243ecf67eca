"""The replay's own functions: the model against the dataset, and two presentations through the services."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest

from examples.replay import __main__ as replay
from examples.replay import events, oulad
from examples.replay.events import Event, Kind
from examples.replay.model import Outcome, expected
from examples.replay.oulad import Presentation, Registration
from examples.replay.people import trainee
from examples.replay.run import Bureau, Mismatch, Task
from examples.replay.server import PARAMETERS
from services import host
from tests.conftest import fresh_settings, token_of

SMALL = (Presentation("AAA", "2013J"), Presentation("AAA", "2014J"))


@pytest.fixture(scope="module")
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> host.Settings:
    """A fresh SQLite database, as the replay has, under the replay's own parameter pack."""
    return fresh_settings(request, tmp_path_factory, "sqlite", LIANCAI_TRAINING_PARAMETERS=str(PARAMETERS))


@pytest.fixture(scope="module")
def bureau(grpc_channel: grpc.Channel, settings: host.Settings) -> Bureau:
    tokens = (token_of(settings, roles=("hr_officer",), subject=subject) for subject in ("replay", "replay-2"))
    return Bureau(grpc_channel, *tokens)


@pytest.fixture(scope="module")
def both() -> list[Task]:
    """Both runs of every presentation."""
    return [*replay.tasks(replay.UNLIMITED), *replay.tasks(replay.LIMITED)]


def test_the_order_of_events() -> None:
    rows = [
        Registration(9, 3, None),
        Registration(10, 3, 3),
        Registration(2, 1, 3),
        Registration(100, None, 1),
        Registration(11, 3, None),
    ]
    assert events.in_order(rows) == [
        Event(0, Kind.REGISTER, 100),  # without a day: before everything
        Event(1, Kind.WITHDRAW, 100),  # who leaves makes room for
        Event(1, Kind.REGISTER, 2),  # who comes on that day
        Event(3, Kind.WITHDRAW, 2),
        Event(3, Kind.REGISTER, 9),  # by number, not by text
        Event(3, Kind.REGISTER, 10),
        Event(3, Kind.REGISTER, 11),
        Event(3, Kind.WITHDRAW, 10),  # came and left on one day
    ]


def test_the_model_serves_who_came_first() -> None:
    came = [Event(0, Kind.REGISTER, student) for student in (5, 4, 3, 2)]
    left = [Event(1, Kind.WITHDRAW, student) for student in (3, 5)]
    assert expected([*came, *left], 2) == Outcome(2, frozenset({4, 2}), (), 1, 1, 1)


def test_everybody_is_somebody_else() -> None:
    students = {row.student for rows in oulad.registrations().values() for row in rows}
    assert len(students) == 28_785
    assert len({trainee(student).resident_id for student in students}) == len(students)


def test_the_model_ends_as_the_dataset_does(both: list[Task]) -> None:
    truth = oulad.active_at_end()
    ended = {
        task.presentation: len(expected(task.events, task.capacity).enrolled)
        for task in both
        if task.run == replay.UNLIMITED
    }
    assert ended == truth
    assert len(ended) == 22
    assert sum(ended.values()) == 22_521


def test_the_services_end_as_the_model_does(bureau: Bureau, both: list[Task]) -> None:
    chosen = {(replay.UNLIMITED, SMALL[1]), (replay.LIMITED, SMALL[0])}
    wanted = [task for task in both if (task.run, task.presentation) in chosen]
    outcomes = replay.replay(bureau, wanted, threads=2)
    assert replay.differences(wanted, outcomes) == []
    assert replay.table(wanted, outcomes).to_numpy().tolist() == [
        ["AAA", "2014J", 365, 299, 0, 0, 66, 0],
        ["AAA", "2013J", 306, 306, 17, 49, 53, 7],
    ]


def test_a_difference_is_found(both: list[Task]) -> None:
    task = next(each for each in both if each.presentation == SMALL[0])
    right = expected(task.events, task.capacity)
    someone, other = min(right.enrolled), next(e.student for e in task.events if e.kind is Kind.WITHDRAW)
    swapped = Outcome(**{**vars(right), "enrolled": right.enrolled - {someone} | {other}})
    fewer = Outcome(**{**vars(right), "enrolled": right.enrolled - {someone}})
    assert replay.differences([task], [right]) == []
    assert replay.differences([task], [swapped]) == [
        "run1, AAA 2013J: the numbers agree with the model, the people do not"
    ]
    assert len(replay.differences([task], [fewer])) == 2


def test_a_failure_stops_the_others(both: list[Task]) -> None:
    class Broken(Bureau):
        def __init__(self) -> None:
            pass

        def replay(self, task: Task, done: object = None) -> Outcome:  # type: ignore[override]
            if task.run == replay.UNLIMITED:
                raise Mismatch("no")
            for _ in _forever():
                done()  # type: ignore[operator]
            raise AssertionError

    with pytest.raises(Mismatch):
        replay.replay(Broken(), [both[0], both[-1]], threads=2)


def _forever() -> Iterator[None]:
    while True:
        yield
