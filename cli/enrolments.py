"""`liancai enrolment`: one person in one class."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.training.v1 import enrolments_pb2 as pb
from liancai.training.v1.enrolments_pb2_grpc import EnrolmentsStub

from cli import show, wire
from cli.export import Export, Force, listed
from cli.grammar import (
    ClassName,
    EnrolmentName,
    Etag,
    Format,
    LateReason,
    Limit,
    Mistake,
    Noun,
    Occurred,
    OfClass,
    OfOrder,
    Output,
    Reason,
    RequestId,
    argument,
    day,
    moment,
    option,
    states,
    typed_or_read,
)
from cli.texts import t

app = Noun("enrolment")
COLUMNS = (
    "name",
    "state",
    "place",
    "masked_name",
    "masked_resident_id",
    "masked_phone",
    "class_name",
    "occur_time",
)

FullName = Annotated[str, option("full_name", "--name", metavar="TEXT")]
ResidentId = Annotated[str, option("resident_id", "--id", metavar="NUMBER|-")]
Phone = Annotated[str, option("phone", "--phone", metavar="NUMBER|-")]
State = Annotated[
    list[Any] | None, option("enrolment_state", "--state", metavar="STATE", parser=states(pb.Enrolment.State))
]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(EnrolmentsStub, request), output)


def _applicant(full_name: str, resident_id: str, phone: str) -> pb.Applicant:
    return pb.Applicant(
        full_name=typed_or_read(full_name), resident_id=typed_or_read(resident_id), phone=typed_or_read(phone)
    )


@app.verb("add")
def add(
    ctx: typer.Context,
    class_name: ClassName,
    full_name: FullName,
    resident_id: ResidentId,
    phone: Phone,
    occurred: Occurred = "",
    late_reason: LateReason = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Enrols one person."""
    request = pb.EnrolRequest(
        class_name=class_name, applicant=_applicant(full_name, resident_id, phone), request_id=request_id,
        occur_time=moment(occurred), late_reason=late_reason,
    )  # fmt: skip
    _do(ctx, request, output)


@app.verb("check")
def check(
    ctx: typer.Context,
    class_name: ClassName,
    full_name: FullName,
    resident_id: ResidentId,
    phone: Phone,
    output: Output = Format.table,
) -> None:
    """Says what `add` would answer now, and stores nothing."""
    request = pb.CheckEnrolmentRequest(class_name=class_name, applicant=_applicant(full_name, resident_id, phone))
    decision = wire.of(ctx).ask(EnrolmentsStub, request)
    show.one(decision, output)
    show.note(t("decision.eligible" if decision.result else "decision.not_eligible"))


@app.verb("show")
def show_(ctx: typer.Context, name: EnrolmentName, output: Output = Format.table) -> None:
    """Shows one enrolment, masked."""
    _do(ctx, pb.GetEnrolmentRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    class_name: OfClass = "",
    order: OfOrder = "",
    state: State = None,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists the enrolments of a class or an order."""
    if not class_name and not order:
        raise Mistake(t("usage.class_or_order"), ctx=ctx)
    wanted = pb.ListEnrolmentsRequest.Filter(
        class_name=class_name,
        order=order,
        states=state or [],
    )
    request = pb.ListEnrolmentsRequest(filter=wanted)
    listed(ctx, EnrolmentsStub, request, "enrolments", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("search")
def search(
    ctx: typer.Context,
    query: Annotated[str, argument("query", metavar="QUERY|-")],
    class_name: OfClass = "",
    order: OfOrder = "",
    state: State = None,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Finds people by name, pinyin, initials or a whole number, and what they are enrolled in."""
    request = pb.SearchEnrolmentsRequest(
        query=typed_or_read(query), class_name=class_name, order=order, states=state or []
    )
    listed(ctx, EnrolmentsStub, request, "enrolments", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("withdraw")
def withdraw(
    ctx: typer.Context,
    name: EnrolmentName,
    reason: Reason,
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Withdraws a person; shows who got the seat."""
    request = pb.WithdrawEnrolmentRequest(
        name=name, etag=etag, request_id=request_id, reason=reason, occur_time=moment(occurred),
        late_reason=late_reason,
    )  # fmt: skip
    _do(ctx, request, output)


@app.verb("hire")
def hire(
    ctx: typer.Context,
    name: EnrolmentName,
    employer_code: Annotated[str, option("employer_code", "--employer-code", metavar="CODE")],
    contract_start: Annotated[str, option("contract_start", "--contract-start", metavar="YYYY-MM-DD", parser=day)],
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Confirms that the order's enterprise hired a person."""
    request = pb.ConfirmHireRequest(
        name=name, etag=etag, request_id=request_id, employer_credit_code=employer_code,
        contract_start=contract_start,
    )  # fmt: skip
    _do(ctx, request, output)


@app.verb("explain")
def explain(ctx: typer.Context, name: EnrolmentName, output: Output = Format.table) -> None:
    """Explains the decision, rule by rule."""
    _do(ctx, pb.ExplainEnrolmentRequest(name=name), output)


@app.verb("reveal")
def reveal(
    ctx: typer.Context,
    name: EnrolmentName,
    purpose: Annotated[str, option("purpose", "--purpose", metavar="TEXT")],
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Shows the full identity, for a purpose that is kept."""
    request = pb.RevealEnrolmentRequest(name=name, purpose=purpose, request_id=request_id)
    _do(ctx, request, output)
