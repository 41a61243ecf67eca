"""What tests of agreements do: change, end and read them, and look at what they did."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.training.v1 import agreements_pb2 as pb
from liancai.training.v1 import orders_pb2
from sqlalchemy import select

from services.platform.database import Database
from services.reference import credit_code
from services.training.tables import Base
from tests.office import (
    TODAY,
    Office,
    request_id,
)
from tests.statuses import violations_of

PARTY = pb.Agreement.Party
OTHER = credit_code.make("52", "371526", "MJE00077")
OTHER_ENTERPRISE = credit_code.make("91", "371526", "MA3C0077")


def fields_of(error: grpc.RpcError) -> set[str]:
    return {violation.field for violation in violations_of(error)}


def order_state(office: Office, name: str) -> str:
    order = office.orders.GetOrder(orders_pb2.GetOrderRequest(name=name))
    return orders_pb2.Order.State.Name(order.state)


def coverage(office: Office, order: str) -> pb.Coverage:
    found: pb.Coverage = office.agreements.ExplainCoverage(pb.ExplainCoverageRequest(order=order))
    return found


def terminate(office: Office, name: str, reason: str = "企业停产") -> pb.Agreement:
    ended: pb.Agreement = office.agreements.TerminateAgreement(
        pb.TerminateAgreementRequest(name=name, reason=reason, request_id=request_id())
    )
    return ended


def change(office: Office, name: str, paths: list[str], **fields: Any) -> pb.Agreement:
    changed: pb.Agreement = office.agreements.UpdateAgreement(
        pb.UpdateAgreementRequest(
            agreement=pb.Agreement(name=name, **fields), update_mask=FieldMask(paths=paths), request_id=request_id()
        )
    )
    return changed


def shanghai_day(days: int = 0) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def events_of(database: Database, subject: str) -> list[str]:
    table = Base.metadata.tables["outbox_event"]
    with database.reading() as session:
        rows = session.execute(select(table.c.type).where(table.c.subject == subject).order_by(table.c.sequence))
        return [kind.removeprefix("liancai.training.") for (kind,) in rows]
