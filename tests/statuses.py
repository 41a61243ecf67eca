"""The google.rpc.Status of a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status


def status_of(error: BaseException) -> status_pb2.Status:
    assert isinstance(error, grpc.RpcError), error
    status = rpc_status.from_call(error)
    assert status is not None, error
    return status


def info_of(error: BaseException) -> tuple[str, dict[str, str]]:
    """The reason of a refusal, and what it is about."""
    for detail in status_of(error).details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.reason, dict(info.metadata)
    raise AssertionError("no ErrorInfo in the status")


def violations_of(error: BaseException) -> list[error_details_pb2.BadRequest.FieldViolation]:
    """The fields that were wrong."""
    for detail in status_of(error).details:
        request = error_details_pb2.BadRequest()
        if detail.Unpack(request):
            return list(request.field_violations)
    return []


def error_of(call: Callable[..., Any], *arguments: Any, **fields: Any) -> grpc.RpcError:
    """The error that a call must end with."""
    with pytest.raises(grpc.RpcError) as raised:
        call(*arguments, **fields)
    return raised.value


def refusal_of(call: Callable[..., Any], *arguments: Any, **fields: Any) -> tuple[str, dict[str, str]]:
    """The reason for which a call must be refused, and what it is about."""
    return info_of(error_of(call, *arguments, **fields))


@contextmanager
def refused(code: grpc.StatusCode, reason: str) -> Iterator[None]:
    """What is done within is refused so."""
    with pytest.raises(grpc.RpcError) as error:
        yield
    assert (error.value.code(), info_of(error.value)[0]) == (code, reason)
