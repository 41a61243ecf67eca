"""A canary: one talent goes through every RPC of the service and is then looked for wherever she must not be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from liancai.common.v1 import event_pb2
from liancai.talent.v1 import cases_pb2 as pb

from services import host
from services.platform.database import Database
from services.reference import resident_id
from services.talent.tables import Base
from tests.conftest import token_of
from tests.office import request_id
from tests.platform.test_canary import stuffed
from tests.talent.desk import SPOUSE, Desk, a_case
from tests.test_contract import PATHS, ROLES, RPCS

NAME, PHONE, SPOUSE_NAME = "欧阳丹青瑶", "13957246813", "慕容晓晨光"
NUMBER = resident_id.make("370103", date(1987, 6, 5), 432)
SECRETS = {
    "number": [NUMBER.encode()],
    "phone": [PHONE.encode()],
    "name": [NAME.encode(), json.dumps(NAME).strip('"').encode()],
    "spouse": [SPOUSE_NAME.encode(), json.dumps(SPOUSE_NAME).strip('"').encode()],
}
OURS = [rpc for rpc in RPCS if rpc.full_name.startswith("liancai.talent.")]


def found_in(data: bytes) -> list[str]:
    """Which of her secrets are in it."""
    return [kind for kind, spellings in SECRETS.items() if any(each in data for each in spellings)]


@pytest.fixture(scope="module")
def heard(grpc_channel: grpc.Channel, settings: host.Settings, desk: Desk) -> list[tuple[str, bytes]]:
    """Every reply and every status that came back while she went through everything."""
    said: list[tuple[str, bytes]] = []
    metadata = [("authorization", f"Bearer {token_of(settings, roles=ROLES, unit='371526-tf')}")]

    def ask(name: str, request: Message | bytes) -> None:
        rpc = next(each for each in OURS if each.name == name)
        raw = request if isinstance(request, bytes) else request.SerializeToString()
        try:
            if rpc.server_streaming:
                # who watches waits for more until the time is over
                seconds = 5 if name.startswith("Watch") else 30
                stream = grpc_channel.unary_stream(PATHS[rpc.full_name])
                said.extend((name, part) for part in stream(raw, metadata=metadata, timeout=seconds))
            else:
                said.append((name, grpc_channel.unary_unary(PATHS[rpc.full_name])(raw, metadata=metadata, timeout=30)))
        except grpc.RpcError as error:
            said.append((name, (error.details() or "").encode()))
            for _, value in error.trailing_metadata() or ():
                said.append((name, value if isinstance(value, bytes) else value.encode()))

    her = pb.Talent(full_name=NAME, resident_id=NUMBER, phone=PHONE)
    family = [pb.FamilyMember(kind=SPOUSE, full_name=SPOUSE_NAME)]
    opened = desk.cases.OpenCase(a_case("pension", "medical", talent=her, family=family))
    said.append(("OpenCase", opened.SerializeToString()))
    for wrong in (
        pb.Talent(full_name=PHONE, resident_id=NUMBER, phone=NAME),
        pb.Talent(full_name=NAME, resident_id=NUMBER[:-1] + "?", phone=PHONE + "1"),
        pb.Talent(full_name=NAME * 9, resident_id=PHONE, phone=NUMBER),
    ):
        ask("OpenCase", a_case("pension", talent=wrong))
    ask("OpenCase", a_case("pension", talent=her, family=family))  # again, in another case
    ask("GetCase", pb.GetCaseRequest(name=opened.name))
    ask("ListCases", pb.ListCasesRequest())
    for tail in (PHONE[-4:], "0000", PHONE):
        ask("QueryProgress", pb.QueryProgressRequest(receipt=opened.name, phone_tail=tail))
    for rpc in OURS:
        request = stuffed(GetMessageClass(rpc.input_type)())
        ask(rpc.name, request)
        ask(rpc.name, request.SerializeToString()[:-1] + b"\xff")
    close = pb.WithdrawMatterRequest(name=f"{opened.name}/matters/pension", reason="不办了", request_id=request_id())
    ask("WithdrawMatter", close)
    ask("WatchEvents", event_pb2.WatchEventsRequest(stop_at_end=True))
    assert b"liancai.talent.matter.ended" in said[-1][1], "nothing was told of her"
    return said


def test_no_reply_and_no_status_shows_her(heard: list[tuple[str, bytes]]) -> None:
    assert {name for name, _ in heard} == {rpc.name for rpc in OURS}
    assert not {(rpc, kind) for rpc, data in heard for kind in found_in(data)}


def stored(database: Database) -> Iterator[tuple[str, Any]]:
    with database.writing_engine.begin() as connection:
        for table in Base.metadata.tables.values():
            for row in connection.execute(table.select()).mappings():
                yield from ((f"{table.name}.{column}", value) for column, value in row.items())


def test_no_table_holds_her_in_clear_but_her_name(heard: list[tuple[str, bytes]], talent_database: Database) -> None:
    hits = set()
    for column, value in stored(talent_database):
        data = bytes(value) if isinstance(value, bytes | memoryview) else json.dumps(value, default=str).encode()
        hits |= {(column, kind) for kind in found_in(data)}
    assert hits == {("talents.full_name", "name")}


def test_she_would_have_been_found() -> None:
    assert found_in(pb.Case(masked_name=NAME).SerializeToString()) == ["name"]
    assert not found_in(pb.Case(masked_name="欧****").SerializeToString())
