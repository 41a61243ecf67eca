"""`liancai case`: green-channel cases from intake to their end; `case_steps` adds the verbs of steps."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.common.v1.event_pb2 import WatchEventsRequest
from liancai.talent.v1 import audit_pb2, audit_pb2_grpc, matters_pb2
from liancai.talent.v1 import cases_pb2 as pb
from liancai.talent.v1.cases_pb2_grpc import CasesStub
from liancai.talent.v1.events_pb2_grpc import CaseEventsStub

from cli import show, wire
from cli.events import Once, Position, followed
from cli.export import Export, Force, listed
from cli.grammar import (
    Etag,
    Format,
    LateReason,
    Limit,
    Mistake,
    Noun,
    Occurred,
    Output,
    Reason,
    RequestId,
    argument,
    matter,
    moment,
    one_of,
    option,
    resource,
    states,
    typed_or_read,
    whole,
)
from cli.texts import t

app = Noun("case")
COLUMNS = ("name", "state", "light", "masked_name", "origin", "destination", "employer_name", "owner", "open_time")
STEPS = ("name", "title", "state", "division", "bureau", "assignee", "deadline", "outcome")
EVENTS = ("sequence", "subject", "case_sequence", "time", "type", "data")
TRAIL = ("sequence", "record_time", "occur_time", "actor", "unit", "action", "resource", "reason", "detail")

CaseName = Annotated[str, argument("case", metavar="CASE", parser=resource("cases"))]
OtherCase = Annotated[str, argument("other_case", metavar="CASE", parser=resource("cases"))]
MatterName = Annotated[str, argument("matter", metavar="CASE/MATTER", parser=matter)]
Employer = Annotated[str | None, option("employer_code", "--employer-code", metavar="CODE")]
EmployerName = Annotated[str | None, option("employer_name", "--employer-name", metavar="TEXT")]
BroughtBy = Annotated[str | None, option("brought_by", "--brought-by", metavar="NAME")]
Level = Annotated[list[str] | None, option("level", "--level", metavar="TEXT")]
Evidence = Annotated[str, option("evidence", "--evidence", metavar="TEXT", show_default=False)]


def do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call on a case, and the case that it answered."""
    print_case(wire.of(ctx).ask(CasesStub, request), output)


def print_case(case: pb.Case, output: Format) -> None:
    """A case; on a terminal its steps in a table of their own."""
    if output is not Format.table:
        show.one(case, output)
        return
    steps = [step for each in case.matters for step in each.steps]
    for each in case.matters:
        del each.steps[:]
    show.one(case, output)
    if steps:
        show.rows(steps, STEPS, output)


def choice(word: str) -> pb.MatterChoice:
    """A matter: "pension", or "school_new-2" for the second member of the family."""
    kind, _, member = word.strip().partition("-")
    return pb.MatterChoice(type=kind, member=whole(member) if member else 0)


def relative(word: str) -> pb.FamilyMember:
    """A member of the family: "spouse:李四", or "child" alone."""
    kind, _, name = word.partition(":")
    return pb.FamilyMember(kind=one_of(pb.FamilyMember.Kind)(kind), full_name=name.strip())  # type: ignore[arg-type]


@app.verb("open")
def open_(
    ctx: typer.Context,
    origin: Annotated[str, option("case_origin", "--from", metavar="CODE")],
    destination: Annotated[str, option("case_destination", "--to", metavar="CODE")],
    name: Annotated[str, option("person_name", "--name", metavar="TEXT", parser=typed_or_read)],
    resident_id: Annotated[str, option("person_id", "--id", metavar="NUMBER|-", parser=typed_or_read)],
    phone: Annotated[str, option("person_phone", "--phone", metavar="NUMBER|-", parser=typed_or_read)],
    brought_by: Annotated[str, option("brought_by", "--brought-by", metavar="NAME")],
    matters: Annotated[list[Any], option("matter", "--matter", metavar="MATTER[-N]", parser=choice)],
    family: Annotated[list[Any] | None, option("family", "--family", metavar="KIND[:NAME]", parser=relative)] = None,
    employer_credit_code: Employer = None,
    employer_name: EmployerName = None,
    levels: Level = None,
    owner: Annotated[str, option("case_owner", "--owner", metavar="OFFICER", show_default=False)] = "",
    occurred: Occurred = "",
    late_reason: LateReason = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Opens a case with its matters."""
    request = pb.OpenCaseRequest(
        origin=origin,
        destination=destination,
        talent=pb.Talent(full_name=name, resident_id=resident_id, phone=phone),
        brought_by=brought_by,
        matters=matters,
        family=family or [],
        employer_credit_code=employer_credit_code or "",
        employer_name=employer_name or "",
        levels=levels or [],
        owner=owner,
        request_id=request_id,
        occur_time=moment(occurred),
        late_reason=late_reason,
    )
    do(ctx, request, output)


@app.verb("show")
def show_(ctx: typer.Context, name: CaseName, output: Output = Format.table) -> None:
    """Shows one case with its matters and steps."""
    do(ctx, pb.GetCaseRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None, option("case_state", "--state", metavar="STATE", parser=states(pb.Case.State))
    ] = None,
    owner: Annotated[str, option("of_owner", "--owner", metavar="OFFICER", show_default=False)] = "",
    employer_credit_code: Employer = None,
    brought_by: BroughtBy = None,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists cases, newest first."""
    wanted = pb.ListCasesRequest.Filter(
        states=state or [],
        owner=owner,
        employer_credit_code=employer_credit_code or "",
        brought_by=brought_by or "",
    )
    request = pb.ListCasesRequest(filter=wanted)
    listed(ctx, CasesStub, request, "cases", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("update")
def update(
    ctx: typer.Context,
    name: CaseName,
    employer_credit_code: Employer = None,
    employer_name: EmployerName = None,
    brought_by: BroughtBy = None,
    levels: Level = None,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Changes the given fields of an open case."""
    given: dict[str, Any] = {
        "employer_credit_code": employer_credit_code,
        "employer_name": employer_name,
        "brought_by": brought_by,
        "levels": levels or None,
    }
    fields = {path: value for path, value in given.items() if value is not None}
    if not fields:
        raise Mistake(t("usage.no_change"), ctx=ctx)
    request = pb.UpdateCaseRequest(
        case=pb.Case(name=name, etag=etag, **fields), update_mask=FieldMask(paths=[*fields]), request_id=request_id
    )
    do(ctx, request, output)


@app.verb("add")
def add(
    ctx: typer.Context,
    name: CaseName,
    wanted: Annotated[Any, argument("matter_choice", metavar="MATTER[-N]", parser=choice)],
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Adds a matter."""
    request = pb.AddMatterRequest(
        name=name, matter=wanted, etag=etag, request_id=request_id, occur_time=moment(occurred), late_reason=late_reason
    )
    do(ctx, request, output)


@app.verb("withdraw")
def withdraw(
    ctx: typer.Context,
    name: MatterName,
    reason: Reason,
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Withdraws one matter."""
    request = pb.WithdrawMatterRequest(
        name=name, reason=reason, etag=etag, request_id=request_id, occur_time=moment(occurred), late_reason=late_reason
    )
    do(ctx, request, output)


@app.verb("refuse")
def refuse(
    ctx: typer.Context,
    name: MatterName,
    reason: Reason,
    evidence: Annotated[str, option("evidence", "--evidence", metavar="TEXT")],
    remedy: Annotated[str, option("remedy", "--remedy", metavar="TEXT")],
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Refuses a matter, with the reasons and the remedy."""
    request = pb.CloseMatterRequest(
        name=name, state=matters_pb2.Matter.REFUSED, reason=reason, evidence=evidence, remedy=remedy, etag=etag,
        request_id=request_id, occur_time=moment(occurred), late_reason=late_reason,
    )  # fmt: skip
    do(ctx, request, output)


@app.verb("waive")
def waive(
    ctx: typer.Context,
    name: MatterName,
    reason: Reason,
    evidence: Annotated[str, option("evidence", "--evidence", metavar="TEXT")],
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Ends a matter that is not required."""
    request = pb.CloseMatterRequest(
        name=name, state=matters_pb2.Matter.NOT_REQUIRED, reason=reason, evidence=evidence, etag=etag,
        request_id=request_id, occur_time=moment(occurred), late_reason=late_reason,
    )  # fmt: skip
    do(ctx, request, output)


@app.verb("close")
def close(
    ctx: typer.Context,
    name: CaseName,
    reason: Reason,
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Open -> closed."""
    request = pb.CloseCaseRequest(
        name=name, reason=reason, etag=etag, request_id=request_id, occur_time=moment(occurred), late_reason=late_reason
    )
    do(ctx, request, output)


@app.verb("reopen")
def reopen(
    ctx: typer.Context,
    name: CaseName,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Closed -> open."""
    do(ctx, pb.ReopenCaseRequest(name=name, reason=reason, etag=etag, request_id=request_id), output)


@app.verb("relate")
def relate(
    ctx: typer.Context,
    name: CaseName,
    other: OtherCase,
    kind: Annotated[Any, option("relation", "--as", metavar="KIND", parser=one_of(pb.Relation.Kind))],
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Notes that two cases have to do with one another."""
    do(ctx, pb.RelateCaseRequest(name=name, other=other, kind=kind, etag=etag, request_id=request_id), output)


@app.verb("merge")
def merge(
    ctx: typer.Context,
    name: CaseName,
    into: OtherCase,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Merges a duplicate into another case."""
    do(ctx, pb.MergeCaseRequest(name=name, into=into, reason=reason, etag=etag, request_id=request_id), output)


@app.verb("owner")
def owner_(
    ctx: typer.Context,
    name: CaseName,
    owner: Annotated[str, argument("officer", metavar="OFFICER")],
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Gives a case another first-contact owner."""
    do(ctx, pb.AssignCaseRequest(name=name, owner=owner, reason=reason, etag=etag, request_id=request_id), output)


@app.verb("progress")
def progress(
    ctx: typer.Context,
    receipt: Annotated[str, argument("receipt", metavar="RECEIPT")],
    phone_tail: Annotated[str, option("phone_tail", "--phone-tail", metavar="NNNN", parser=typed_or_read)],
    output: Output = Format.table,
) -> None:
    """How a case stands, by its receipt number, without a token."""
    found = wire.of(ctx).ask(CasesStub, pb.QueryProgressRequest(receipt=receipt, phone_tail=phone_tail))
    show.one(found, output)


@app.verb("trail")
def trail(
    ctx: typer.Context,
    name: Annotated[
        str, option("of_case", "--case", metavar="CASE", parser=resource("cases"), show_default=False)
    ] = "",
    limit: Limit = 100,
    output: Output = Format.table,
) -> None:
    """Lists who did what, oldest first."""
    request = audit_pb2.ListCaseTrailRequest(resource=name)
    found = wire.of(ctx).pages(audit_pb2_grpc.CaseTrailStub, request, "entries", limit)
    show.rows(found, TRAIL, output, limit)


@app.verb("watch")
def watch(
    ctx: typer.Context,
    name: Annotated[str, argument("case_or_all", metavar="[CASE]", parser=resource("cases"))] = "",
    position: Position = 0,
    once: Once = False,
    limit: Limit = 0,
    output: Output = Format.jsonl,
) -> None:
    """Prints what becomes of one case, or of all one may read, as it happens."""
    request = WatchEventsRequest(position=position, subject=name, stop_at_end=once)
    show.rows(islice(followed(ctx, CaseEventsStub, request), limit or None), EVENTS, output, limit)
