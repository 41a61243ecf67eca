"""`liancai complaint`: complaints about cases, each on a clock of its own."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.talent.v1 import complaints_pb2 as pb
from liancai.talent.v1.complaints_pb2_grpc import ComplaintsStub

from cli import show, wire
from cli.case_steps import Approver
from cli.case_talk import OfMatter
from cli.cases import CaseName
from cli.grammar import (
    Etag,
    Format,
    LateReason,
    Limit,
    Noun,
    Occurred,
    Output,
    Reason,
    RequestId,
    argument,
    moment,
    one_of,
    option,
    resource,
    typed_or_read,
)
from cli.texts import t

app = Noun("complaint")
COLUMNS = ("name", "case_name", "channel", "state", "receive_time", "due_date", "late")

ComplaintName = Annotated[str, argument("complaint", metavar="COMPLAINT", parser=resource("complaints"))]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call on a complaint, and what it answered; that nobody knows a limit is said."""
    found = wire.of(ctx).ask(ComplaintsStub, request)
    show.one(found, output)
    if not found.due_date and not found.HasField("answer_time"):
        show.note(t("complaint.no_limit"))


@app.verb("file")
def file_(
    ctx: typer.Context,
    name: CaseName,
    channel: Annotated[
        int, option("complaint_channel", "--channel", metavar="CHANNEL", parser=one_of(pb.Complaint.Channel))
    ],
    text: Annotated[str, option("complaint_text", "--text", metavar="TEXT|-", parser=typed_or_read)],
    matter: OfMatter = "",
    occurred: Occurred = "",
    late_reason: LateReason = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Takes a complaint in."""
    request = pb.FileComplaintRequest(
        case_name=name, matter=matter, channel=channel, text=text, request_id=request_id,  # type: ignore[arg-type]
        occur_time=moment(occurred), late_reason=late_reason,
    )  # fmt: skip
    _do(ctx, request, output)


@app.verb("extend")
def extend(
    ctx: typer.Context,
    name: ComplaintName,
    approver: Approver,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Extends its time, once."""
    request = pb.ExtendComplaintRequest(name=name, approver=approver, reason=reason, etag=etag, request_id=request_id)
    _do(ctx, request, output)


@app.verb("answer")
def answer(
    ctx: typer.Context,
    name: ComplaintName,
    text: Annotated[str, option("complaint_answer", "--text", metavar="TEXT|-", parser=typed_or_read)],
    etag: Etag = "",
    occurred: Occurred = "",
    late_reason: LateReason = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Received -> answered."""
    request = pb.AnswerComplaintRequest(
        name=name, answer=text, etag=etag, request_id=request_id, occur_time=moment(occurred), late_reason=late_reason
    )
    _do(ctx, request, output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    unanswered: Annotated[bool, option("unanswered", "--unanswered", show_default=False)] = False,
    limit: Limit = 50,
    output: Output = Format.table,
) -> None:
    """Lists complaints."""
    found = wire.of(ctx).pages(ComplaintsStub, pb.ListComplaintsRequest(unanswered=unanswered), "complaints", limit)
    show.rows(found, COLUMNS, output, limit)
