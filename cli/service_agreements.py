"""`liancai service-agreement`: what the unit that sends, the commissioner and whoever is served have agreed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.placement.v1 import service_agreements_pb2 as pb
from liancai.placement.v1.service_agreements_pb2_grpc import ServiceAgreementsStub

from cli import show, wire
from cli.agreements import File, Sha256, digest
from cli.export import Export, Force, listed
from cli.grammar import (
    Etag,
    Format,
    InDivision,
    Limit,
    Mistake,
    Noun,
    OfCommissioner,
    Output,
    Reason,
    RequestId,
    argument,
    day,
    fen,
    one_of,
    option,
    resource,
    states,
    whole,
)
from cli.texts import t

app = Noun("service-agreement")
COLUMNS = (
    "name", "state", "kind", "commissioner", "sending_unit_name", "host_name", "division", "valid_from", "last_day",
    "min_days_a_year", "overlaps",
)  # fmt: skip
KINDS = "single-host|framework"
SERVICES = "technical-guidance|demonstration-site|research|technology-transfer|talent|training|outreach|other-service"
BEARERS = "sending-unit|host|commissioner|bureau|shared"
ROLES = "sending-unit|commissioner|host|bureau"
AGREEMENT = pb.ServiceAgreement

Name = Annotated[str, argument("service_agreement", metavar="AGREEMENT", parser=resource("serviceAgreements"))]
Kind = Annotated[int | None, option("agreement_kind", "--kind", metavar=KINDS, parser=one_of(AGREEMENT.Kind))]
HostCode = Annotated[str | None, option("served_host_code", "--host-code", metavar="CODE")]
HostName = Annotated[str | None, option("served_host_name", "--host-name", metavar="TEXT")]
BureauCode = Annotated[str | None, option("bureau_code", "--bureau-code", metavar="CODE")]
BureauName = Annotated[str | None, option("bureau_name", "--bureau-name", metavar="TEXT")]
Division = Annotated[str | None, option("division_of_hosts", "--division", metavar="CODE")]
From = Annotated[str | None, option("valid_from", "--valid-from", metavar="YYYY-MM-DD", parser=day)]
To = Annotated[str | None, option("valid_to", "--valid-to", metavar="YYYY-MM-DD", parser=day)]
Services = Annotated[
    list[Any] | None, option("agreed_service", "--service", metavar=SERVICES, parser=one_of(AGREEMENT.Service))
]
Days = Annotated[int | None, option("min_days", "--min-days", metavar="N", parser=whole)]
Deliverables = Annotated[str | None, option("deliverables", "--deliverables", metavar="TEXT")]
Property = Annotated[str | None, option("intellectual_property", "--ip", metavar="TEXT")]
Confidentiality = Annotated[str | None, option("confidentiality", "--confidentiality", metavar="TEXT")]
Pay = Annotated[int | None, option("pay_a_year", "--pay", metavar="YUAN", parser=fen)]
Expenses = Annotated[
    int | None, option("expense_bearer", "--expenses", metavar=BEARERS, parser=one_of(AGREEMENT.Bearer))
]
PayTerms = Annotated[str | None, option("pay_terms", "--pay-terms", metavar="TEXT")]
Insurance = Annotated[
    int | None, option("insurance_bearer", "--insurance", metavar=BEARERS, parser=one_of(AGREEMENT.Bearer))
]
Exit = Annotated[str | None, option("exit_terms", "--exit", metavar="TEXT")]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, what it answered, and a warning if one person's days would count twice."""
    answer = wire.of(ctx).ask(ServiceAgreementsStub, request)
    show.one(answer, output)
    if answer.overlaps:
        show.note(t("service_agreement.overlap", others=", ".join(answer.overlaps)))


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an agreement among a verb's options: those that were given, by the contract's names."""
    known = AGREEMENT.DESCRIPTOR.fields_by_name
    fields = {name: value for name, value in options.items() if name in known and value is not None}
    file_sha256 = digest(options["file"], options["sha256"])
    return fields | ({"file_sha256": file_sha256} if file_sha256 else {})


@app.verb("create")
def create(
    ctx: typer.Context,
    commissioner: Annotated[
        str, option("agreed_commissioner", "--commissioner", metavar="COMMISSIONER", parser=resource("commissioners"))
    ],
    kind: Kind = None,
    host_credit_code: HostCode = None,
    host_name: HostName = None,
    bureau_credit_code: BureauCode = None,
    bureau_name: BureauName = None,
    division: Division = None,
    valid_from: From = None,
    valid_to: To = None,
    services: Services = None,
    min_days_a_year: Days = None,
    deliverables: Deliverables = None,
    intellectual_property: Property = None,
    confidentiality: Confidentiality = None,
    pay_a_year_fen: Pay = None,
    expense_bearer: Expenses = None,
    pay_terms: PayTerms = None,
    insurance_bearer: Insurance = None,
    exit_terms: Exit = None,
    file: File = None,
    sha256: Sha256 = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Creates a draft; the server names every field that is missing, all at once."""
    agreement = AGREEMENT(**_given(locals()))
    _do(ctx, pb.CreateServiceAgreementRequest(service_agreement=agreement, request_id=request_id), output)


@app.verb("show")
def show_(ctx: typer.Context, name: Name, output: Output = Format.table) -> None:
    """Shows one agreement with its signatures."""
    _do(ctx, pb.GetServiceAgreementRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None, option("service_agreement_state", "--state", metavar="STATE", parser=states(AGREEMENT.State))
    ] = None,
    kinds: Annotated[
        list[Any] | None, option("of_kind", "--kind", metavar=KINDS, parser=one_of(AGREEMENT.Kind))
    ] = None,
    commissioner: OfCommissioner = "",
    host_code: HostCode = None,
    on: Annotated[str, option("in_force_on", "--on", metavar="YYYY-MM-DD", parser=day, show_default=False)] = "",
    division: InDivision = "",
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists agreements, newest first."""
    wanted = pb.ListServiceAgreementsRequest.Filter(
        states=state or [],
        kinds=kinds or [],
        commissioner=commissioner,
        host_credit_code=host_code or "",
        in_force_on=on,
        division=division,
    )
    request, rows = pb.ListServiceAgreementsRequest(filter=wanted), "service_agreements"
    listed(ctx, ServiceAgreementsStub, request, rows, COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("update")
def update(
    ctx: typer.Context,
    name: Name,
    kind: Kind = None,
    host_credit_code: HostCode = None,
    host_name: HostName = None,
    bureau_credit_code: BureauCode = None,
    bureau_name: BureauName = None,
    division: Division = None,
    valid_from: From = None,
    valid_to: To = None,
    services: Services = None,
    min_days_a_year: Days = None,
    deliverables: Deliverables = None,
    intellectual_property: Property = None,
    confidentiality: Confidentiality = None,
    pay_a_year_fen: Pay = None,
    expense_bearer: Expenses = None,
    pay_terms: PayTerms = None,
    insurance_bearer: Insurance = None,
    exit_terms: Exit = None,
    file: File = None,
    sha256: Sha256 = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Changes the given fields before it is filed, which takes every signature back."""
    fields = _given(locals())
    mask = FieldMask(paths=[path for path in fields if path not in ("name", "etag")])
    if not mask.paths:
        raise Mistake(t("usage.no_change"), ctx=ctx)
    agreement = AGREEMENT(**fields)
    request = pb.UpdateServiceAgreementRequest(service_agreement=agreement, update_mask=mask, request_id=request_id)
    _do(ctx, request, output)


@app.verb("sign")
def sign(
    ctx: typer.Context,
    name: Name,
    role: Annotated[Any, option("service_party", "--role", metavar=ROLES, parser=one_of(AGREEMENT.Signature.Role))],
    signed: Annotated[str, option("sign_date", "--date", metavar="YYYY-MM-DD", parser=day)],
    file: File = None,
    sha256: Sha256 = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Notes the signature of one party; with the last one it is signed."""
    request = pb.SignServiceAgreementRequest(
        name=name, etag=etag, request_id=request_id, role=role, sign_date=signed, file_sha256=digest(file, sha256)
    )
    _do(ctx, request, output)


@app.verb("file")
def file_(
    ctx: typer.Context,
    name: Name,
    number: Annotated[str, option("filing_number", "--number", metavar="TEXT", show_default=False)] = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Signed -> filed."""
    _do(ctx, pb.FileServiceAgreementRequest(name=name, etag=etag, request_id=request_id, filing_number=number), output)


@app.verb("end")
def end(
    ctx: typer.Context, name: Name, etag: Etag = "", *, request_id: RequestId, output: Output = Format.table
) -> None:
    """Filed -> ended."""
    _do(ctx, pb.EndServiceAgreementRequest(name=name, etag=etag, request_id=request_id), output)


@app.verb("terminate")
def terminate(
    ctx: typer.Context,
    name: Name,
    reason: Reason,
    last_day: Annotated[str, option("last_day_in_force", "--last-day", metavar="YYYY-MM-DD", parser=day)],
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Filed -> terminated, with its last day."""
    request = pb.TerminateServiceAgreementRequest(
        name=name, etag=etag, request_id=request_id, reason=reason, last_day=last_day
    )
    _do(ctx, request, output)


@app.verb("withdraw")
def withdraw(
    ctx: typer.Context,
    name: Name,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Draft or signed -> withdrawn."""
    _do(ctx, pb.WithdrawServiceAgreementRequest(name=name, etag=etag, request_id=request_id, reason=reason), output)
