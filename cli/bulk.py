"""`liancai bulk`: what is done to many steps or cases at once, and the jobs that do it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.common.v1 import job_pb2
from liancai.talent.v1 import bulk_pb2 as pb
from liancai.talent.v1.bulk_pb2_grpc import BulkStub, JobsStub

from cli import show, wire
from cli.case_steps import Approver
from cli.grammar import Etag, Format, Limit, Noun, Output, Reason, RequestId, argument, one_of, option, resource, step

app = Noun("bulk")
JOBS = ("name", "kind", "state", "progress", "create_time", "end_time", "error")
ITEMS = ("place", "subject", "outcome", "message")

JobName = Annotated[str, argument("job", metavar="JOB", parser=resource("jobs"))]
Steps = Annotated[list[str] | None, option("bulk_step", "--step", metavar="CASE/MATTER/STEP", parser=step)]
OfOfficer = Annotated[str, option("of_officer", "--of", metavar="OFFICER", show_default=False)]
OfUnit = Annotated[str, option("bulk_unit", "--unit", metavar="UNIT", show_default=False)]
DryRun = Annotated[bool, option("bulk_dry_run", "--dry-run", show_default=False)]


def _submit(ctx: typer.Context, output: Format, **fields: Any) -> None:
    """Asks for the job."""
    show.one(wire.of(ctx).ask(BulkStub, pb.SubmitBulkRequest(**fields)), output)


@app.verb("reassign")
def reassign(
    ctx: typer.Context,
    assignee: Annotated[str, argument("officer", metavar="OFFICER")],
    names: Steps = None,
    of_assignee: OfOfficer = "",
    of_unit: OfUnit = "",
    *,
    dry_run: DryRun = False,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Gives many steps to an officer."""
    _submit(
        ctx, output, reassign=pb.BulkReassign(assignee=assignee), names=names or [], of_assignee=of_assignee,
        of_unit=of_unit, dry_run=dry_run, request_id=request_id,
    )  # fmt: skip


@app.verb("suspend")
def suspend(
    ctx: typer.Context,
    reason: Reason,
    legal_basis: Annotated[str, option("legal_basis", "--basis", metavar="TEXT")],
    evidence: Annotated[str, option("bulk_notice", "--notice", metavar="TEXT")],
    approver: Approver,
    names: Steps = None,
    of_assignee: OfOfficer = "",
    of_unit: OfUnit = "",
    *,
    dry_run: DryRun = False,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Stops the clocks of many steps."""
    act = pb.BulkSuspend(legal_basis=legal_basis, evidence=evidence, reason=reason, approver=approver)
    _submit(
        ctx, output, suspend=act, names=names or [], of_assignee=of_assignee, of_unit=of_unit, dry_run=dry_run,
        request_id=request_id,
    )  # fmt: skip


@app.verb("notify")
def notify(
    ctx: typer.Context,
    message: Annotated[str, argument("bulk_message", metavar="TEXT")],
    names: Annotated[list[str] | None, option("bulk_case", "--case", metavar="CASE", parser=resource("cases"))] = None,
    of_assignee: OfOfficer = "",
    of_unit: OfUnit = "",
    *,
    dry_run: DryRun = False,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Tells those who watch many cases."""
    _submit(
        ctx, output, notify=pb.BulkNotify(message=message), names=names or [], of_assignee=of_assignee,
        of_unit=of_unit, dry_run=dry_run, request_id=request_id,
    )  # fmt: skip


@app.verb("show")
def show_(ctx: typer.Context, name: JobName, output: Output = Format.table) -> None:
    """Shows one job."""
    show.one(wire.of(ctx).ask(JobsStub, job_pb2.GetJobRequest(name=name)), output)


@app.verb("list")
def list_(ctx: typer.Context, limit: Limit = 20, output: Output = Format.table) -> None:
    """Lists jobs."""
    show.rows(wire.of(ctx).pages(JobsStub, job_pb2.ListJobsRequest(), "jobs", limit), JOBS, output, limit)


@app.verb("items")
def items(
    ctx: typer.Context,
    name: JobName,
    outcomes: Annotated[
        list[Any] | None, option("bulk_outcome", "--outcome", metavar="OUTCOME", parser=one_of(job_pb2.JobItem.Outcome))
    ] = None,
    limit: Limit = 100,
    output: Output = Format.table,
) -> None:
    """Lists what became of each."""
    request = job_pb2.ListJobItemsRequest(name=name, outcomes=outcomes or [])
    show.rows(wire.of(ctx).pages(JobsStub, request, "items", limit), ITEMS, output, limit)


@app.verb("cancel")
def cancel(
    ctx: typer.Context, name: JobName, etag: Etag = "", *, request_id: RequestId, output: Output = Format.table
) -> None:
    """Has a job stop."""
    request = job_pb2.CancelJobRequest(name=name, etag=etag, request_id=request_id)
    show.one(wire.of(ctx).ask(JobsStub, request), output)


@app.verb("watch")
def watch(ctx: typer.Context, name: JobName, output: Output = Format.table) -> None:
    """Waits for a job, and shows how it ended."""
    last = None
    link = wire.of(ctx)
    for answer in link.stream(link.stub(JobsStub).WatchJob, job_pb2.WatchJobRequest(name=name)):
        last = answer.job
    if last is not None:
        show.one(last, output)
