"""The google.rpc.Status of a refusal."""

from __future__ import annotations

import grpc
from google.rpc import status_pb2
from grpc_status import rpc_status


def status_of(error: BaseException) -> status_pb2.Status:
    assert isinstance(error, grpc.RpcError), error
    status = rpc_status.from_call(error)
    assert status is not None, error
    return status
