"""A hand-over is accepted and recalled at the same moment, by two replicas: exactly one of them has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier
from typing import Any

import grpc
import pytest
from liancai.talent.v1 import audit_pb2, clock_pb2
from liancai.talent.v1 import handovers_pb2 as pb

from services import host
from tests.conftest import token_of
from tests.office import request_id
from tests.races.servers import QUICK, replica, served
from tests.statuses import info_of
from tests.talent.conftest import ROLES
from tests.talent.desk import GAOTANG, JINAN, Desk

NewSettings = Callable[..., host.Settings]
ROUNDS = 12


def desk_at(stack: ExitStack, address: str, settings: host.Settings, division: str) -> Desk:
    channel = stack.enter_context(grpc.insecure_channel(address, options=QUICK))
    subject = f"officer-{division}"
    return Desk(channel, token_of(settings, division=division, roles=ROLES, unit=f"{division}-tf", subject=subject))


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """Does everything at the same moment; why each was refused."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> str:
        start.wait(30)
        try:
            act()
        except grpc.RpcError as error:
            return info_of(error)[0]
        return ""

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_accept_and_recall_at_once(kind: str, new_settings: NewSettings, folders: Iterator[Path]) -> None:
    settings = new_settings(kind)
    with ExitStack() as stack:
        if kind == "postgresql":
            servers = stack.enter_context(served(settings, next(folders), next(folders)))
            addresses = [server.address for server in servers]
        else:
            folder = next(folders)
            stack.enter_context(replica(settings, folder))
            addresses = [f"unix:{folder}/s"] * 2
        giving = desk_at(stack, addresses[0], settings, GAOTANG)
        taking = desk_at(stack, addresses[1], settings, JINAN)
        winners = {contend(giving, taking) for _ in range(ROUNDS)}
    assert winners <= {"accept", "recall", "return"}


def contend(giving: Desk, taking: Desk) -> str:
    """One offer that is accepted twice, returned and recalled at once; who had it."""
    case = giving.open("pension").name
    offered = giving.offer(case)
    assert at_once(lambda: giving.offer(case), lambda: giving.offer(case)) == ["HANDOVER_OFFERED_ALREADY"] * 2
    said = at_once(
        lambda: taking.settle("Accept", offered.name),
        lambda: giving.settle("Recall", offered.name),
        lambda: taking.settle("Return", offered.name, reason="缺件"),
        lambda: taking.settle("Accept", offered.name),
    )
    assert sorted(said) == ["", *["HANDOVER_NOT_OFFERED"] * 3]
    won = ("accept", "recall", "return", "accept")[said.index("")]
    found = giving.handover(offered.name)
    assert (
        pb.Handover.State.Name(found.state) == {"accept": "ACCEPTED", "recall": "RECALLED", "return": "RETURNED"}[won]
    )
    holder = clock_pb2.ORIGIN if won == "accept" else clock_pb2.DESTINATION
    assert giving.case(case).custody == holder
    settled = [
        entry.action
        for side in (giving, taking)
        for entry in side.trail.ListCaseTrail(audit_pb2.ListCaseTrailRequest(resource=case)).entries
        if entry.action.startswith("talent.handover.")
    ]
    assert len(settled) == 2  # the offer, and what became of it
    return won


def test_two_offers_at_once_are_one(new_settings: NewSettings, folders: Iterator[Path]) -> None:
    settings = new_settings("postgresql")
    with served(settings, next(folders), next(folders)) as servers, ExitStack() as stack:
        one, other = (desk_at(stack, server.address, settings, GAOTANG) for server in servers)
        for _ in range(ROUNDS):
            offer_twice(one, other)


def offer_twice(one: Desk, other: Desk) -> None:
    """A case is offered by both at once: the second is refused. Then both recall it with one request id."""
    case = one.open("pension").name
    assert sorted(at_once(lambda: one.offer(case), lambda: other.offer(case))) == ["", "HANDOVER_OFFERED_ALREADY"]
    asked = pb.ListHandoversRequest(filter=pb.ListHandoversRequest.Filter(case_name=case))
    (offered,) = other.handovers.ListHandovers(asked).handovers
    recall = pb.RecallHandoverRequest(name=offered.name, request_id=request_id())
    done = at_once(lambda: one.handovers.RecallHandover(recall), lambda: other.handovers.RecallHandover(recall))
    assert done == ["", ""]
