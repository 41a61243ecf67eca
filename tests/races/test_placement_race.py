"""One person, two placements at the same time, two officers at once: one of them is told of the other's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from liancai.placement.v1 import placements_pb2 as pb

from services import host
from services.placement.other_placements import facts, steps
from tests.conftest import token_of
from tests.office import request_id, somebody
from tests.placement.desk import COUNTY, HOST, SERVED, Desk
from tests.races.crowd import Meeting, together
from tests.races.servers import replica
from tests.races.test_request_id_race import reason_of

NewSettings = Callable[..., host.Settings]
Post = pb.Placement
CLERKS = 8


def desks(settings: host.Settings, folders: Iterator[Path], stack: ExitStack, replicas: int) -> tuple[list[Desk], Desk]:
    """The bureau of the home side at each replica, and the host at one."""
    found, token = [], token_of(settings, division=COUNTY, roles=("science_officer",), unit="370103-sci")
    for folder in (next(folders) for _ in range(replicas)):
        stack.enter_context(replica(settings, folder))
        channel = stack.enter_context(grpc.insecure_channel(f"unix:{folder}/s"))
        found.append(Desk(channel, token))
    return found, Desk(channel, token_of(settings, division=SERVED, roles=("enterprise",), unit=HOST))


@pytest.fixture
def replicas(new_settings: NewSettings, folders: Iterator[Path]) -> Iterator[tuple[list[Desk], Desk]]:
    """Two on PostgreSQL."""
    with ExitStack() as stack:
        yield desks(new_settings("postgresql"), folders, stack, 2)


def two_of_one_person(bureau: Desk, receiver: Desk) -> list[str]:
    """Two placements that share days, each ready to be approved without a reason."""
    person = {"resident_id": somebody().resident_id}
    names = [bureau.place(**person, start_date=day).name for day in ("2026-11-20", "2026-12-20")]
    for name in names:
        bureau.act("Submit", name)
        receiver.act("Consent", name)
    return names


def approve(bureaus: list[Desk], names: list[str]) -> list[object]:
    acts = [partial(desk.act, "Approve", name) for desk, name in zip(bureaus, names, strict=True)]
    return together(*acts)


def kept_apart(answers: list[object]) -> None:
    """One is approved, the other told."""
    done = [each for each in answers if isinstance(each, Post)]
    assert [each.state for each in done] == [Post.APPROVED], answers
    assert [reason_of(each) for each in answers if each not in done] == ["PLACEMENT_OPEN"]


def test_two_replicas_never_approve_both_unseen(
    replicas: tuple[list[Desk], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    bureaus, receiver = replicas
    names, meeting, turn = two_of_one_person(bureaus[0], receiver), Meeting(), steps.take_turn

    def both_stand_before_it(*arguments: Any) -> None:
        meeting.wait()
        turn(*arguments)

    monkeypatch.setattr(steps, "take_turn", both_stand_before_it)
    answers = approve(bureaus, names)
    assert meeting.happened
    kept_apart(answers)


def test_without_turns_two_replicas_approve_both(
    replicas: tuple[list[Desk], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    bureaus, receiver = replicas
    names, meeting, of = two_of_one_person(bureaus[0], receiver), Meeting(), facts.of

    def both_have_read(*arguments: Any) -> Any:
        found = of(*arguments)
        meeting.wait()
        return found

    monkeypatch.setattr(steps, "take_turn", lambda *_: None)
    monkeypatch.setattr(facts, "of", both_have_read)
    answers = approve(bureaus, names)
    assert meeting.happened
    assert [type(each) for each in answers] == [Post] * 2


@pytest.mark.parametrize("lanes", ["1", "0"])
def test_on_sqlite_one_is_told_of_the_other(lanes: str, new_settings: NewSettings, folders: Iterator[Path]) -> None:
    with ExitStack() as stack:
        bureaus, receiver = desks(new_settings("sqlite", LIANCAI_LANES=lanes), folders, stack, 2)
        for _ in range(5):
            kept_apart(approve(bureaus, two_of_one_person(bureaus[0], receiver)))


def test_of_many_who_report_on_one_day_one_does(replicas: tuple[list[Desk], Desk]) -> None:
    bureaus, receiver = replicas
    name = two_of_one_person(bureaus[0], receiver)[0]
    bureaus[0].act("Approve", name)
    bureaus[0].act("Begin", name, begun_on="2026-11-20")
    said = pb.PlacementReport(first_day="2026-11-20", last_day="2026-11-21", text="调试")

    def report(desk: Desk) -> Callable[[], object]:
        request = pb.AddPlacementReportRequest(name=name, request_id=request_id(), report=said)
        return lambda: desk.placements.AddPlacementReport(request)

    answers = together(*(report(bureaus[clerk % 2]) for clerk in range(CLERKS)))
    done = [each for each in answers if isinstance(each, pb.PlacementReport)]
    assert [each.name for each in done] == [f"{name}/reports/1"]
    assert {reason_of(each) for each in answers if each not in done} == {"PLACEMENT_REPORTED"}
