"""Whoever watches a service from a position that is kept no longer is told so over the wire, and where to go on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import grpc
import pytest
from liancai.common.v1 import event_pb2 as pb
from liancai.placement.v1.events_pb2_grpc import DispatchEventsStub
from liancai.talent.v1.events_pb2_grpc import CaseEventsStub
from liancai.training.v1.events_pb2_grpc import EventsStub

from services import host
from services.platform.database import Database
from services.platform.pruning import Pruning
from tests.conftest import token_of
from tests.office import clock
from tests.platform.test_tail import tell
from tests.statuses import info_of, status_of

STUBS: dict[str, Any] = {"training": EventsStub, "talent": CaseEventsStub, "placement": DispatchEventsStub}
ROLES = ("hr_officer", "caseworker", "science_officer")


@pytest.mark.parametrize("service", STUBS)
def test_a_position_that_is_gone_is_out_of_range(
    service: str,
    grpc_channel: grpc.Channel,
    grpc_servicer: tuple[dict[str, Database], host.Settings],
    settings: host.Settings,
) -> None:
    database = grpc_servicer[0][service]
    for number in range(3):
        tell(database, f"things/{number}")
    stub = STUBS[service](grpc_channel)

    def watch(position: int) -> list[int]:
        metadata = [("authorization", f"Bearer {token_of(settings, roles=ROLES)}")]
        request = pb.WatchEventsRequest(position=position, stop_at_end=True)
        return [part.position for part in stub.WatchEvents(request, metadata=metadata, timeout=30)]

    *_, newest = watch(0)
    assert newest >= 3
    Pruning(database, service, timedelta(days=30), ()).run(clock() + timedelta(days=31))
    for gone in (0, newest - 2):
        with pytest.raises(grpc.RpcError) as refused:
            watch(gone)
        assert refused.value.code() is grpc.StatusCode.OUT_OF_RANGE
        assert info_of(refused.value) == ("EVENTS_PRUNED", {"position": str(gone), "resume": str(newest - 1)})
        assert f"go on from position {newest - 1}" in status_of(refused.value).message
    assert watch(newest - 1) == [newest]
