"""`liancai enrolment`: one person in one class; `exchanges` adds further verbs."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.training.v1 import enrolments_pb2 as pb
from liancai.training.v1.enrolments_pb2_grpc import EnrolmentsStub

from cli import decisions, show, wire
from cli.accepting import Accepted
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
    Purpose,
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
Category = Annotated[str, option("category", "--category", metavar="CODE|-", show_default=False)]
ProofKind = Annotated[str, option("proof_kind", "--proof-kind", metavar="TEXT", show_default=False)]
ProofNumber = Annotated[str, option("proof_number", "--proof-number", metavar="NUMBER|-", show_default=False)]
SeatOnly = Annotated[bool, option("seat_only", "--seat-only", show_default=False)]
State = Annotated[
    list[Any] | None, option("enrolment_state", "--state", metavar="STATE", parser=states(pb.Enrolment.State))
]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(EnrolmentsStub, request), output)


def _applicant(**fields: str) -> pb.Applicant:
    """Who applies; each field that is "-" is a line of standard input, in this order."""
    return pb.Applicant(**{name: typed_or_read(words) for name, words in fields.items()})


@app.verb("add")
def add(
    ctx: typer.Context,
    class_name: ClassName,
    full_name: FullName,
    resident_id: ResidentId,
    phone: Phone,
    category: Category = "",
    proof_kind: ProofKind = "",
    proof_number: ProofNumber = "",
    accepted: Accepted = None,
    seat_only: SeatOnly = False,
    occurred: Occurred = "",
    late_reason: LateReason = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Enrols one person."""
    applicant = _applicant(
        full_name=full_name, resident_id=resident_id, phone=phone, category=category, proof_kind=proof_kind,
        proof_number=proof_number,
    )  # fmt: skip
    request = pb.EnrolRequest(
        class_name=class_name, applicant=applicant, request_id=request_id, occur_time=moment(occurred),
        late_reason=late_reason, accepted=accepted or [], seat_only=seat_only,
    )  # fmt: skip
    enrolled = wire.of(ctx).ask(EnrolmentsStub, request)
    show.one(enrolled, output)
    if enrolled.state == pb.Enrolment.WAITLISTED:
        show.note(t("waitlist.waits", name=enrolled.name))


@app.verb("party")
def party(
    ctx: typer.Context,
    class_name: ClassName,
    file: Annotated[str, argument("party_file", metavar="FILE|-")],
    accepted: Accepted = None,
    seat_only: SeatOnly = False,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Enrols people who want seats together or not at all."""
    from cli import parties

    request = pb.EnrolPartyRequest(
        class_name=class_name, applicants=parties.read(file), request_id=request_id, accepted=accepted or [],
        seat_only=seat_only,
    )  # fmt: skip
    enrolled = wire.of(ctx).ask(EnrolmentsStub, request).enrolments
    show.rows(enrolled, COLUMNS, output)
    if any(each.state == pb.Enrolment.WAITLISTED for each in enrolled):
        show.note(t("party.waits", name=enrolled[0].name))


@app.verb("check")
def check(
    ctx: typer.Context,
    class_name: ClassName,
    full_name: FullName,
    resident_id: ResidentId,
    phone: Phone,
    category: Category = "",
    proof_kind: ProofKind = "",
    proof_number: ProofNumber = "",
    output: Output = Format.table,
) -> None:
    """Says what `add` would answer now, and stores nothing."""
    applicant = _applicant(
        full_name=full_name, resident_id=resident_id, phone=phone, category=category, proof_kind=proof_kind,
        proof_number=proof_number,
    )  # fmt: skip
    decision = wire.of(ctx).ask(EnrolmentsStub, pb.CheckEnrolmentRequest(class_name=class_name, applicant=applicant))
    show.one(decision, output)
    for line in decisions.foretold(decision, class_name):
        show.note(line)


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
    decision = wire.of(ctx).ask(EnrolmentsStub, pb.ExplainEnrolmentRequest(name=name))
    show.one(decision, output)
    for line in decisions.explained(decision):
        show.note(line)


@app.verb("reveal")
def reveal(
    ctx: typer.Context,
    name: EnrolmentName,
    purpose: Purpose,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Shows the full identity, for a purpose that is kept."""
    request = pb.RevealEnrolmentRequest(name=name, purpose=purpose, request_id=request_id)
    _do(ctx, request, output)
