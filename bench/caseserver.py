"""The production server with a no-op beside the steps: all of StartStep but the lane and the database.

Run as `python -m bench.caseserver` with the settings of `liancai-server`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.timestamp_pb2 import Timestamp
from liancai.common.v1 import access_pb2
from liancai.talent.v1 import clock_pb2, matters_pb2
from liancai.talent.v1 import steps_pb2 as pb

from services import host
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.policy import Scope
from services.platform.requests import Reading
from services.talent.queries import read_step
from services.talent.service import PART

SERVICE, METHOD = "liancai.bench.CaseBench", "NoOp"
NO_OP = f"/{SERVICE}/{METHOD}"


def contract() -> FileDescriptor:
    """The bench's own .proto file: one RPC with the messages and the access of StartStep."""
    start = pb.DESCRIPTOR.services_by_name["Steps"].methods_by_name["StartStep"]
    file = descriptor_pb2.FileDescriptorProto(
        name="liancai/bench/cases.proto", package="liancai.bench", syntax="proto3",
        dependency=[pb.DESCRIPTOR.name, matters_pb2.DESCRIPTOR.name],
    )  # fmt: skip
    rpc = file.service.add(name="CaseBench").method.add(
        name=METHOD, input_type=f".{start.input_type.full_name}", output_type=f".{start.output_type.full_name}"
    )
    rpc.options.Extensions[access_pb2.access].CopyFrom(start.GetOptions().Extensions[access_pb2.access])
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindFileByName(file.name)


def mount(server: grpc.Server, database: Database, settings: Mapping[str, str]) -> None:
    """The talent service as it is, and the no-op."""
    PART.mount(server, database, settings)

    def no_op(request: pb.StartStepRequest, context: grpc.ServicerContext) -> matters_pb2.Step:
        call, reading = Call.of(context), Reading()
        number, _, _ = read_step(reading, "name", request.name)
        reading.request_id(request.request_id)
        reading.occurred(call, request, database.clock())
        reading.done()
        call.require(Scope((number[8:14],)), request.name)
        return _reply(request)

    handler = grpc.unary_unary_rpc_method_handler(
        no_op, pb.StartStepRequest.FromString, matters_pb2.Step.SerializeToString
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler}),))


def _reply(request: pb.StartStepRequest) -> matters_pb2.Step:
    """As many bytes as the reply to a real step."""
    return matters_pb2.Step(
        name=request.name,
        title="签订劳动合同并就业登记",
        state=matters_pb2.Step.RUNNING,
        side=clock_pb2.DESTINATION,
        bureau="emp",
        division="371526",
        unit="371526-emp",
        limit=clock_pb2.Limit(n=1, unit=clock_pb2.Limit.MONTHS, basis=clock_pb2.Limit.LAW, source="劳动合同法第10条"),
        deadline=clock_pb2.Deadline(
            planned_date="2026-12-28",
            statutory_date="2026-12-28",
            calendar_version="2026-08-07-0123456789abcdef",
            rule_version="0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ),
        receive_date="2026-11-27",
        base_date="2026-11-27",
        start_time=Timestamp(seconds=1_800_000_000, nanos=123_456_000),
        result_fields=["合同起止", "就业登记号"],
        etag='"2"',
    )


def main() -> None:
    """Serves until it is told to stop."""
    talent = replace(PART, files=(*PART.files, contract()), mount=mount)
    host.serve((talent,), host.Settings(os.environ))


if __name__ == "__main__":
    main()
