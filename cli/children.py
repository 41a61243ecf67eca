"""`liancai child`: grade and school of a child, seen only with another officer's approval (未成年人信息)."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.talent.v1 import children_pb2 as pb
from liancai.talent.v1.children_pb2_grpc import ChildrenStub

from cli import show, wire
from cli.cases import CaseName
from cli.export import Export, Force, listed
from cli.grammar import (
    Etag,
    Format,
    Limit,
    Mistake,
    Noun,
    Output,
    Reason,
    RequestId,
    argument,
    child,
    one_of,
    option,
    resource,
    states,
    whole,
)
from cli.texts import t

app = Noun("child")
COLUMNS = ("name", "state", "keep_until", "certificate", "create_time")
ACCESSES = ("name", "child", "state", "purpose", "requester", "approver", "expire_time")
TRAIL = ("number", "act", "actor", "unit", "record_time", "about", "intact")

ChildName = Annotated[str, argument("child", metavar="CASE/N", parser=child)]
AccessName = Annotated[str, argument("child_access", metavar="ACCESS", parser=resource("childAccesses"))]
Grade = Annotated[Any, option("grade", "--grade", metavar="GRADE", parser=one_of(pb.Grade), show_default=False)]
School = Annotated[str, option("school", "--school", metavar="TEXT", show_default=False)]
Purpose = Annotated[str, option("child_purpose", "--purpose", metavar="TEXT")]
Basis = Annotated[str, option("deletion_basis", "--basis", metavar="TEXT")]


def _do(ctx: typer.Context, request: Any, output: Format) -> Any:
    """One call, and what it answered."""
    answer = wire.of(ctx).ask(ChildrenStub, request)
    show.one(answer, output)
    return answer


@app.verb("add")
def add(
    ctx: typer.Context,
    case: CaseName,
    member: Annotated[int, option("child_member", "--member", metavar="N", parser=whole)],
    grade: Annotated[Any, option("grade", "--grade", metavar="GRADE", parser=one_of(pb.Grade))],
    school: Annotated[str, option("school", "--school", metavar="TEXT")],
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Enters grade and school of a child of the family."""
    request = pb.AddChildRequest(case_name=case, member=member, grade=grade, school=school, request_id=request_id)
    _do(ctx, request, output)


@app.verb("update")
def update(
    ctx: typer.Context,
    name: ChildName,
    grade: Grade = None,
    school: School = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Changes what is given."""
    given = {"grade": grade, "school": school}
    paths = [field for field, value in given.items() if value]
    if not paths:
        raise Mistake(t("usage.no_change"), ctx=ctx)
    changed = pb.ChildData(name=name, etag=etag, **{path: given[path] for path in paths})
    _do(ctx, pb.UpdateChildRequest(child=changed, update_mask=FieldMask(paths=paths), request_id=request_id), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    case: CaseName,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists of whom something is kept; never what."""
    asked = pb.ListChildrenRequest(case_name=case)
    listed(ctx, ChildrenStub, asked, "children", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("request")
def request_(
    ctx: typer.Context,
    name: ChildName,
    purpose: Purpose,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Asks to see one child's data."""
    made = _do(ctx, pb.RequestChildAccessRequest(name=name, purpose=purpose, request_id=request_id), output)
    show.note(t("child.asked", name=made.name))


@app.verb("approve")
def approve(
    ctx: typer.Context,
    name: AccessName,
    minutes: Annotated[int, option("child_minutes", "--minutes", metavar="N", parser=whole)] = 0,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Approves what another officer asked for."""
    _do(ctx, pb.ApproveChildAccessRequest(name=name, minutes=minutes, etag=etag, request_id=request_id), output)


@app.verb("refuse")
def refuse(
    ctx: typer.Context,
    name: AccessName,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Refuses a request, or takes an approval back."""
    _do(ctx, pb.RefuseChildAccessRequest(name=name, reason=reason, etag=etag, request_id=request_id), output)


@app.verb("accesses")
def accesses(
    ctx: typer.Context,
    name: Annotated[str, option("of_child", "--child", metavar="CASE/N", show_default=False)] = "",
    state: Annotated[
        list[Any] | None, option("access_state", "--state", metavar="STATE", parser=states(pb.ChildAccess.State))
    ] = None,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists requests to see children's data."""
    narrowed = pb.ListChildAccessesRequest.Filter(child=child(name) if name else "", states=state or [])
    asked = pb.ListChildAccessesRequest(filter=narrowed)
    listed(ctx, ChildrenStub, asked, "accesses", ACCESSES, limit=limit, output=output, target=export, force=force)


@app.verb("view")
def view(
    ctx: typer.Context,
    name: AccessName,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Shows one child's data; each time is logged."""
    _do(ctx, pb.ViewChildRequest(name=name, etag=etag, request_id=request_id), output)


@app.verb("delete")
def delete(
    ctx: typer.Context,
    name: ChildName,
    basis: Basis,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Deletes one child's data, with a certificate."""
    request = pb.DeleteChildRequest(name=name, basis=basis, reason=reason, etag=etag, request_id=request_id)
    _do(ctx, request, output)


@app.verb("delete-expired")
def delete_expired(
    ctx: typer.Context,
    reason: Reason,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Deletes what has been kept for as long as it may be, with one certificate."""
    _do(ctx, pb.DeleteExpiredChildrenRequest(reason=reason, request_id=request_id), output)


@app.verb("certificate")
def certificate(
    ctx: typer.Context,
    name: Annotated[str, argument("certificate", metavar="CERTIFICATE", parser=resource("certificates"))],
    output: Output = Format.table,
) -> None:
    """Shows a certificate of deletion."""
    _do(ctx, pb.GetDeletionCertificateRequest(name=name), output)


@app.verb("trail")
def trail(
    ctx: typer.Context,
    name: ChildName,
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists who entered, saw and deleted a child's data, and whether the log is intact."""
    asked = pb.ListChildTrailRequest(child=name)
    listed(ctx, ChildrenStub, asked, "entries", TRAIL, limit=limit, output=output, target=export, force=force)
