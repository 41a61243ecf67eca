"""A canary: one student is placed, goes through every RPC of placements and is looked for wherever she must not be."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from liancai.placement.v1 import placements_pb2 as pb

from services import host
from services.platform.database import Database
from tests.conftest import token_of
from tests.office import request_id
from tests.placement.conftest import NewDesk
from tests.placement.desk import CITY, COUNTY, Desk, Post, a_placement
from tests.placement.test_canary import NAME, NUMBER, PHONE, found_in, spelled_in, stored
from tests.platform.test_canary import stuffed
from tests.test_contract import PATHS, ROLES, RPCS

OURS = [rpc for rpc in RPCS if rpc.full_name.startswith("liancai.placement.v1.Placements.")]
HER: dict[str, Any] = {"full_name": NAME, "resident_id": NUMBER, "phone": PHONE, "kind": Post.INTERNSHIP}


@pytest.fixture(scope="module")
def heard(grpc_channel: grpc.Channel, settings: host.Settings, new_desk: NewDesk) -> list[tuple[str, bytes]]:
    """Every reply and every status that came back while she went through everything."""
    said: list[tuple[str, bytes]] = []
    metadata = [("authorization", f"Bearer {token_of(settings, roles=ROLES, division=CITY, unit='370100-sci')}")]

    def ask(name: str, request: Message | bytes) -> None:
        rpc = next(each for each in OURS if each.name == name)
        raw = request if isinstance(request, bytes) else request.SerializeToString()
        try:
            said.append((name, grpc_channel.unary_unary(PATHS[rpc.full_name])(raw, metadata=metadata, timeout=30)))
        except grpc.RpcError as error:
            said.append((name, (error.details() or "").encode()))
            for _, value in error.trailing_metadata() or ():
                said.append((name, value if isinstance(value, bytes) else value.encode()))

    bureau = new_desk(COUNTY, "science_officer")
    mine, other = bureau.place(**HER), bureau.place(**HER)
    said += [("CreatePlacement", each.SerializeToString()) for each in (mine, other)]
    for wrong in ({"full_name": PHONE, "phone": NAME}, {"resident_id": NUMBER[:-1] + "?"}, {"full_name": NAME * 11}):
        request = pb.CreatePlacementRequest(placement=a_placement(**{**HER, **wrong}), request_id=request_id())
        ask("CreatePlacement", request)
    for name in (mine.name, other.name):
        for verb, fields in (
            ("Submit", {}),
            ("Approve", {}),  # the host has not consented, and much could not be checked
            ("Approve", {"reason": "已书面核实"}),
            ("Begin", {"begun_on": "2026-11-20"}),
            ("End", {"ended_on": "2026-11-21", "reason": "提前返校"}),
        ):
            ask(
                f"{verb}Placement", getattr(pb, f"{verb}PlacementRequest")(name=name, request_id=request_id(), **fields)
            )
        report = pb.PlacementReport(first_day="2026-11-20", last_day="2026-11-20", text="熟悉设备")
        ask("AddPlacementReport", pb.AddPlacementReportRequest(name=name, request_id=request_id(), report=report))
        ask("GetPlacement", pb.GetPlacementRequest(name=name))
        ask("ExplainPlacement", pb.ExplainPlacementRequest(name=name))
        ask("ListPlacementReports", pb.ListPlacementReportsRequest(name=name))
    ask("ListPlacements", pb.ListPlacementsRequest())
    for query in (NAME, NAME[:2], "ouyangdan", "oydqy", NUMBER, PHONE, NUMBER[:-1], PHONE[:-1]):
        ask("SearchPlacements", pb.SearchPlacementsRequest(query=query, page_size=1))
    for rpc in OURS:
        request = stuffed(GetMessageClass(rpc.input_type)())
        ask(rpc.name, request)
        ask(rpc.name, request.SerializeToString()[:-1] + b"\xff")
    return said


def test_no_reply_and_no_status_shows_her(heard: list[tuple[str, bytes]]) -> None:
    assert {name for name, _ in heard} == {rpc.name for rpc in OURS}
    assert not {(rpc, kind) for rpc, data in heard for kind in found_in(data)}


def test_no_table_holds_her_in_clear_but_her_name(heard: list[tuple[str, bytes]], placement_database: Database) -> None:
    hits = {(column, kind) for column, value in stored(placement_database) for kind in spelled_in(value)}
    assert hits == {("placements.full_name", "name")}


def test_she_would_have_been_found(new_desk: NewDesk, heard: list[tuple[str, bytes]]) -> None:
    county: Desk = new_desk(COUNTY, "science_officer")
    found = county.placements.SearchPlacements(pb.SearchPlacementsRequest(query=NUMBER)).placements
    assert len(found) == 2
    request = pb.RevealPlacementRequest(name=found[0].name, purpose="核对身份", request_id=request_id())
    shown = county.placements.RevealPlacement(request)
    assert found_in(shown.SerializeToString()) == ["number", "phone", "name"]
