"""`liancai placement`: secondments, exchanges, internships, part-time work and the like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.placement.v1 import placements_pb2 as pb
from liancai.placement.v1.commissioners_pb2 import Commissioner
from liancai.placement.v1.placements_pb2_grpc import PlacementsStub

from cli import show, wire
from cli.agreements import digest
from cli.export import Export, Force, listed
from cli.grammar import (
    Etag,
    Format,
    InDivision,
    Limit,
    Mistake,
    Noun,
    Output,
    Purpose,
    RequestId,
    argument,
    day,
    one_of,
    option,
    resource,
    states,
    typed_or_read,
    whole,
)
from cli.texts import t

app = Noun("placement")
COLUMNS = (
    "name", "state", "kind", "masked_name", "home_unit_name", "host_name", "post", "start_date", "end_date",
)  # fmt: skip
VERDICTS = ("code", "outcome", "title", "inputs", "parameters", "source", "confidence")
KINDS = "secondment|exchange|internship|part-time|adviser|technology-vice-president"
BEARERS = "home-unit|host-unit|both-units|nobody"
DOCUMENTS = "approval|unit-consent|insurance|qualification|filing-receipt|guardian-consent|other"

_KIND, _BEARER = one_of(pb.Placement.Kind), one_of(pb.Placement.Bearer)


def document(word: str) -> pb.Placement.Document:
    """A document from "insurance=policy.pdf", or with the SHA-256 for the file. OSError if it cannot be read."""
    kind, equals, file = word.partition("=")
    if not equals or not file.strip():
        raise Mistake(t("usage.document", word=word))
    known = re.fullmatch(r"[0-9A-Fa-f]{64}", file.strip())
    made: Any = one_of(pb.Placement.Document.Kind)(kind)
    return pb.Placement.Document(kind=made, sha256=known[0] if known else digest(Path(file.strip()), ""))


PlacementName = Annotated[str, argument("placement", metavar="PLACEMENT", parser=resource("placements"))]
Kind = Annotated[int | None, option("placement_kind", "--kind", metavar=KINDS, parser=_KIND)]
FullName = Annotated[str | None, option("full_name", "--name", metavar="NAME", parser=typed_or_read)]
ResidentId = Annotated[str | None, option("resident_id", "--id", metavar="NUMBER", parser=typed_or_read)]
Phone = Annotated[str | None, option("phone", "--phone", metavar="NUMBER", parser=typed_or_read)]
Title = Annotated[
    int | None,
    option(
        "professional_title",
        "--title",
        metavar="junior|intermediate|associate-senior|senior",
        parser=one_of(Commissioner.Title),
    ),
]
Education = Annotated[
    int | None,
    option(
        "education_level",
        "--education",
        metavar="college|bachelor|master|doctor",
        parser=one_of(Commissioner.Education),
    ),
]
UnitCode = Annotated[str | None, option("home_unit_code", "--unit-code", metavar="CODE")]
UnitName = Annotated[str | None, option("home_unit_name", "--unit-name", metavar="TEXT")]
Division = Annotated[str | None, option("home_division", "--division", metavar="CODE")]
HostCode = Annotated[str | None, option("receiver_code", "--host-code", metavar="CODE")]
HostName = Annotated[str | None, option("receiver_name", "--host-name", metavar="TEXT")]
HostDivision = Annotated[str | None, option("receiver_division", "--host-division", metavar="CODE")]
Post = Annotated[str | None, option("post", "--post", metavar="TEXT")]
From = Annotated[str | None, option("placement_start", "--from", metavar="YYYY-MM-DD", parser=day)]
To = Annotated[str | None, option("placement_end", "--to", metavar="YYYY-MM-DD", parser=day)]
Approval = Annotated[str | None, option("approval_number", "--approval", metavar="NUMBER")]
ApprovingUnit = Annotated[str | None, option("approving_unit", "--approving-unit", metavar="TEXT")]
AgreementTitle = Annotated[str | None, option("agreement_title", "--agreement", metavar="TEXT")]
AgreementFile = Annotated[Path | None, option("signed_file", "--agreement-file", metavar="FILE")]
AgreementHash = Annotated[str, option("agreement_sha256", "--agreement-sha256", metavar="HEX", show_default=False)]
SignedOn = Annotated[str, option("signed_on", "--signed-on", metavar="YYYY-MM-DD", parser=day, show_default=False)]
Documents = Annotated[list[Any] | None, option("presented", "--document", metavar=f"{DOCUMENTS}=FILE", parser=document)]
PayBearer = Annotated[int | None, option("pay_bearer", "--pay-bearer", metavar=BEARERS, parser=_BEARER)]
InjuryBearer = Annotated[int | None, option("injury_bearer", "--injury-bearer", metavar=BEARERS, parser=_BEARER)]
Benefit = Annotated[str | None, option("benefit_basis", "--benefit-basis", metavar="TEXT")]
School = Annotated[
    int | None,
    option("intern_school", "--school", metavar="vocational|higher-education", parser=one_of(pb.Placement.School)),
]
Study = Annotated[int | None, option("study_months", "--study-months", metavar="N", parser=whole)]
Staff = Annotated[int | None, option("host_staff", "--host-staff", metavar="N", parser=whole)]
Interns = Annotated[int | None, option("host_interns", "--host-interns", metavar="N", parser=whole)]


def _ask(ctx: typer.Context, request: Any) -> Any:
    return wire.of(ctx).ask(PlacementsStub, request)


def do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(_ask(ctx, request), output)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a placement among a verb's options: those that were given, by the contract's names."""
    known = pb.Placement.DESCRIPTOR.fields_by_name
    fields = {name: value for name, value in options.items() if name in known and value is not None}
    agreement = pb.Placement.Agreement(
        title=options["agreement_title"] or "",
        sha256=digest(options["agreement_file"], options["agreement_sha256"]),
        signed_on=options["signed_on"],
    )
    return fields | ({"agreement": agreement} if agreement != pb.Placement.Agreement() else {})


@app.verb("create")
def create(
    ctx: typer.Context,
    kind: Kind = None,
    full_name: FullName = None,
    resident_id: ResidentId = None,
    phone: Phone = None,
    title: Title = None,
    education: Education = None,
    home_unit_credit_code: UnitCode = None,
    home_unit_name: UnitName = None,
    division: Division = None,
    host_credit_code: HostCode = None,
    host_name: HostName = None,
    host_division: HostDivision = None,
    post: Post = None,
    start_date: From = None,
    end_date: To = None,
    approval_number: Approval = None,
    approving_unit: ApprovingUnit = None,
    agreement_title: AgreementTitle = None,
    agreement_file: AgreementFile = None,
    agreement_sha256: AgreementHash = "",
    signed_on: SignedOn = "",
    documents: Documents = None,
    pay_bearer: PayBearer = None,
    injury_bearer: InjuryBearer = None,
    benefit_basis: Benefit = None,
    school: School = None,
    study_months: Study = None,
    host_staff: Staff = None,
    host_interns: Interns = None,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Creates a draft; the server names every field that is missing, all at once."""
    do(ctx, pb.CreatePlacementRequest(placement=pb.Placement(**_given(locals())), request_id=request_id), output)


@app.verb("show")
def show_(ctx: typer.Context, name: PlacementName, output: Output = Format.table) -> None:
    """Shows one placement, masked."""
    do(ctx, pb.GetPlacementRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None, option("placement_state", "--state", metavar="STATE", parser=states(pb.Placement.State))
    ] = None,
    kinds: Annotated[list[Any] | None, option("of_kind", "--kind", metavar=KINDS, parser=_KIND)] = None,
    unit_code: UnitCode = None,
    host_code: HostCode = None,
    division: InDivision = "",
    on_day: Annotated[str, option("on_day", "--on", metavar="YYYY-MM-DD", parser=day, show_default=False)] = "",
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists placements, newest first."""
    wanted = pb.ListPlacementsRequest.Filter(
        states=state or [],
        kinds=kinds or [],
        home_unit_credit_code=unit_code or "",
        host_credit_code=host_code or "",
        division=division,
        on_day=on_day,
    )
    request = pb.ListPlacementsRequest(filter=wanted)
    listed(ctx, PlacementsStub, request, "placements", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("search")
def search(
    ctx: typer.Context,
    query: Annotated[str, argument("query", metavar="TEXT", parser=typed_or_read)],
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Finds placements by the person's name, pinyin, initials or a whole number."""
    request = pb.SearchPlacementsRequest(query=query)
    listed(ctx, PlacementsStub, request, "placements", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("update")
def update(
    ctx: typer.Context,
    name: PlacementName,
    full_name: FullName = None,
    resident_id: ResidentId = None,
    phone: Phone = None,
    title: Title = None,
    education: Education = None,
    home_unit_credit_code: UnitCode = None,
    home_unit_name: UnitName = None,
    division: Division = None,
    host_credit_code: HostCode = None,
    host_name: HostName = None,
    host_division: HostDivision = None,
    post: Post = None,
    start_date: From = None,
    end_date: To = None,
    approval_number: Approval = None,
    approving_unit: ApprovingUnit = None,
    agreement_title: AgreementTitle = None,
    agreement_file: AgreementFile = None,
    agreement_sha256: AgreementHash = "",
    signed_on: SignedOn = "",
    documents: Documents = None,
    pay_bearer: PayBearer = None,
    injury_bearer: InjuryBearer = None,
    benefit_basis: Benefit = None,
    school: School = None,
    study_months: Study = None,
    host_staff: Staff = None,
    host_interns: Interns = None,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Changes the given fields before it is submitted, or once it is returned."""
    fields = _given(locals())
    mask = FieldMask(paths=[path for path in fields if path not in ("name", "etag")])
    if not mask.paths:
        raise Mistake(t("usage.no_change"), ctx=ctx)
    do(
        ctx,
        pb.UpdatePlacementRequest(placement=pb.Placement(**fields), update_mask=mask, request_id=request_id),
        output,
    )


@app.verb("explain")
def explain(ctx: typer.Context, name: PlacementName, output: Output = Format.table) -> None:
    """Says what each rule finds, with its source; stores nothing."""
    found = _ask(ctx, pb.ExplainPlacementRequest(name=name))
    if output is not Format.table:
        show.one(found, output)
        return
    show.rows(found.verdicts, VERDICTS, output)
    show.note(t("placement.blocked" if found.blocked else "placement.not_blocked", pack=found.rule_pack))
    if found.open_codes:
        show.note(t("placement.open", codes=", ".join(found.open_codes)))


@app.verb("reveal")
def reveal(
    ctx: typer.Context,
    name: PlacementName,
    purpose: Purpose,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Shows the person in full; the purpose is kept."""
    do(ctx, pb.RevealPlacementRequest(name=name, purpose=purpose, request_id=request_id), output)
