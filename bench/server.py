"""The production server with a second service beside: a no-op that does all of an enrolment but the database.

Run as `python -m bench.server` with the settings of `liancai-server`. With BENCH_STATEMENTS set to a file it also
writes down there what the writing connection executes, a transaction a line.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.timestamp_pb2 import Timestamp
from liancai.common.v1 import access_pb2
from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy import Engine, event

from services import host
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.pages import Pages
from services.training.enrolments.enrolments import Enrolments
from services.training.packs import Packs
from services.training.scopes import ClassScopes
from services.training.seats.enrolling import Desk
from services.training.service import PART

SERVICE, METHOD = "liancai.bench.Bench", "NoOp"
ENROL = "/liancai.training.v1.Enrolments/Enrol"
NO_OP = f"/{SERVICE}/{METHOD}"
PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?s")


def contract() -> FileDescriptor:
    """The bench's own .proto file: one RPC with the messages and the access of Enrol."""
    enrol = pb.DESCRIPTOR.services_by_name["Enrolments"].methods_by_name["Enrol"]
    file = descriptor_pb2.FileDescriptorProto(
        name="liancai/bench/bench.proto", package="liancai.bench", syntax="proto3", dependency=[pb.DESCRIPTOR.name]
    )
    rpc = file.service.add(name="Bench").method.add(
        name=METHOD, input_type=f".{enrol.input_type.full_name}", output_type=f".{enrol.output_type.full_name}"
    )
    rpc.options.Extensions[access_pb2.access].CopyFrom(enrol.GetOptions().Extensions[access_pb2.access])
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindFileByName(file.name)


def mount(server: grpc.Server, database: Database, settings: Mapping[str, str]) -> None:
    """The training service as it is, and the no-op."""
    if path := settings.get("BENCH_STATEMENTS"):
        _write_down(database.writing_engine, path)
    PART.mount(server, database, settings)
    packs, scopes = Packs(), ClassScopes(database)
    handlers = Enrolments(database, Pages(database.vault), Desk(packs.current), packs, scopes)

    def no_op(request: pb.EnrolRequest, context: grpc.ServicerContext) -> pb.Enrolment:
        call = Call.of(context)
        application = handlers.read_enrol(call, request)
        scopes.require(call, request.class_name)
        return _reply(request, application.person.enrolment_id)

    handler = grpc.unary_unary_rpc_method_handler(no_op, pb.EnrolRequest.FromString, pb.Enrolment.SerializeToString)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler}),))


def _reply(request: pb.EnrolRequest, enrolment_id: str) -> pb.Enrolment:
    """As many bytes as the reply to a real enrolment."""
    now = Timestamp(seconds=1_800_000_000, nanos=123_456_000)
    return pb.Enrolment(
        name=f"enrolments/{enrolment_id}",
        state=pb.Enrolment.ENROLLED,
        class_name=request.class_name,
        order="orders/20261100001",
        masked_name="样*",
        masked_resident_id="370103********0000",
        masked_phone="138****0000",
        place=1000,
        occur_time=now,
        record_time=now,
        etag='"1"',
    )


def _write_down(engine: Engine, path: str) -> None:
    """Appends to `path` a line for each commit: the statements that led to it, each cut at its parameters, and these.

    A parameter is written as the SQL literal of its value.
    """
    from psycopg.sql import Literal

    pending: list[tuple[list[str], list[str]]] = []

    def literal(value: Any, driver: Any) -> str:
        text = Literal(value).as_string(driver)
        # the driver sends a list of texts as such; its literal leaves the type open
        if isinstance(value, str) and value.startswith('{"\\\\x'):  # several blind indexes, as any_of writes them
            return f"{text}::bytea[]"
        return f"{text}::text[]" if isinstance(value, list) and text.endswith("'") else text

    @event.listens_for(engine, "before_cursor_execute")
    def note(connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        driver = connection.connection.driver_connection
        names = [found[1] for found in PLACEHOLDER.finditer(statement)]
        parts = [part.replace("%%", "%") for part in PLACEHOLDER.sub("\0", statement).split("\0")]
        for values in parameters if many else [parameters]:
            ordered = [values[name] for name in names] if isinstance(values, dict) else values
            pending.append((parts, [literal(value, driver) for value in ordered]))

    @event.listens_for(engine, "rollback")
    def forget(_connection: Any) -> None:
        pending.clear()

    @event.listens_for(engine, "commit")
    def end(_connection: Any) -> None:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(pending) + "\n")
        pending.clear()


def main() -> None:
    """Serves until it is told to stop."""
    training = replace(PART, files=(*PART.files, contract()), mount=mount)
    host.serve((training,), host.Settings(os.environ))


if __name__ == "__main__":
    main()
