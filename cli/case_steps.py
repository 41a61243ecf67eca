"""`liancai case`, continued: the steps of its matters and their clocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer
from liancai.talent.v1 import cases_pb2, clock_pb2, matters_pb2, worklist_pb2
from liancai.talent.v1 import steps_pb2 as pb
from liancai.talent.v1.cases_pb2_grpc import CasesStub
from liancai.talent.v1.steps_pb2_grpc import StepsStub
from liancai.talent.v1.worklist_pb2_grpc import WorklistStub

from cli import show, wire
from cli.cases import Evidence, MatterName, app
from cli.grammar import (
    Etag,
    Format,
    LateReason,
    Limit,
    Mistake,
    Occurred,
    Output,
    Reason,
    RequestId,
    argument,
    day,
    moment,
    one_of,
    option,
    step,
    whole,
)
from cli.texts import t

__all__ = ["app"]  # others add to it
TODAY = ("why", "due_date", "masked_name", "matter_title", "step", "covered")
LINES = ("track", "stage", "date", "count", "text")
ENTRIES = ("number", "kind", "items", "occur_time", "actor", "reason", "evidence", "void_reason")

StepName = Annotated[str, argument("step", metavar="CASE/MATTER/STEP", parser=step)]
Approver = Annotated[str, option("approver", "--approver", metavar="OFFICER")]


def span(word: str) -> clock_pb2.Span:
    """A length of time: "20" working days, "30d" days or "2m" months."""
    units = {"d": clock_pb2.Limit.DAYS, "m": clock_pb2.Limit.MONTHS}
    unit = units.get(word[-1:].lower())
    n = whole(word[:-1] if unit else word)
    return clock_pb2.Span(n=n, unit=unit or clock_pb2.Limit.WORKING_DAYS)


def pair(word: str) -> tuple[str, str]:
    """A field of a result: "letter=高人社函1号"."""
    key, equals, value = word.partition("=")
    if not equals or not key.strip():
        raise Mistake(t("usage.pair", word=word))
    return key.strip(), value.strip()


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call on a step, and the step that it answered."""
    show.one(wire.of(ctx).ask(StepsStub, request), output)


def _noted(verb: str, request: Any) -> None:
    """Makes the verb of an act that notes something with its proof."""

    @app.verb(verb)
    def act(
        ctx: typer.Context,
        name: StepName,
        evidence: Evidence = "",
        occurred: Occurred = "",
        late_reason: LateReason = "",
        etag: Etag = "",
        *,
        request_id: RequestId,
        output: Output = Format.table,
    ) -> None:
        asked = request(
            name=name, evidence=evidence, etag=etag, request_id=request_id, occur_time=moment(occurred),
            late_reason=late_reason,
        )  # fmt: skip
        _do(ctx, asked, output)


def _reasoned(verb: str, request: Any) -> None:
    """Makes the verb of an act that wants a reason."""

    @app.verb(verb)
    def act(
        ctx: typer.Context,
        name: StepName,
        reason: Reason,
        occurred: Occurred = "",
        late_reason: LateReason = "",
        etag: Etag = "",
        *,
        request_id: RequestId,
        output: Output = Format.table,
    ) -> None:
        asked = request(
            name=name, reason=reason, etag=etag, request_id=request_id, occur_time=moment(occurred),
            late_reason=late_reason,
        )  # fmt: skip
        _do(ctx, asked, output)


@app.verb("advance")
def advance(
    ctx: typer.Context,
    name: StepName,
    outcome: Annotated[str, option("outcome", "--outcome", metavar="KEY", show_default=False)] = "",
    result: Annotated[list[Any] | None, option("result", "--result", metavar="KEY=TEXT", parser=pair)] = None,
    evidence: Evidence = "",
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Does what comes next: begins a step that is ready, completes one that is being worked on."""
    case = wire.of(ctx).ask(CasesStub, cases_pb2.GetCaseRequest(name=name.partition("/matters/")[0]))
    found = next((each for part in case.matters for each in part.steps if each.name == name), matters_pb2.Step())
    more: dict[str, Any] = {
        "name": name, "etag": etag, "request_id": request_id, "occur_time": moment(occurred),
        "late_reason": late_reason,
    }  # fmt: skip
    if found.state == matters_pb2.Step.RUNNING:
        _do(ctx, pb.CompleteStepRequest(outcome=outcome, result=dict(result or ()), evidence=evidence, **more), output)
    else:
        _do(ctx, pb.StartStepRequest(**more), output)


_noted("receive", pb.ReceiveStepRequest)


@app.verb("gaps")
def gaps(
    ctx: typer.Context,
    name: StepName,
    items: Annotated[list[str], option("missing", "--missing", metavar="TEXT")],
    evidence: Annotated[str, option("notice", "--notice", metavar="TEXT")],
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Names every gap at once."""
    request = pb.NotifyGapsRequest(
        name=name, gaps=items, evidence=evidence, etag=etag, request_id=request_id, occur_time=moment(occurred),
        late_reason=late_reason,
    )  # fmt: skip
    _do(ctx, request, output)


@app.verb("supply")
def supply(
    ctx: typer.Context,
    name: StepName,
    items: Annotated[list[str] | None, option("supplied", "--item", metavar="TEXT")] = None,
    evidence: Evidence = "",
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Notes what the applicant supplied."""
    request = pb.SupplyStepRequest(
        name=name, items=items or [], evidence=evidence, etag=etag, request_id=request_id,
        occur_time=moment(occurred), late_reason=late_reason,
    )  # fmt: skip
    _do(ctx, request, output)


_noted("accept", pb.AcceptStepRequest)


@app.verb("suspend")
def suspend(
    ctx: typer.Context,
    name: StepName,
    suspension: Annotated[
        Any, option("suspension", "--for", metavar="KIND", parser=one_of(clock_pb2.ClockEntry.Suspension))
    ],
    legal_basis: Annotated[str, option("legal_basis", "--basis", metavar="TEXT")],
    evidence: Annotated[str, option("notice", "--notice", metavar="TEXT")],
    reason: Reason,
    maximum: Annotated[Any, option("maximum", "--at-most", metavar="N[d|m]", parser=span)] = None,
    approver: Annotated[str, option("approver", "--approver", metavar="OFFICER", show_default=False)] = "",
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Stops the clock."""
    request = pb.SuspendStepRequest(
        name=name, suspension=suspension, legal_basis=legal_basis, evidence=evidence, reason=reason, maximum=maximum,
        approver=approver, etag=etag, request_id=request_id, occur_time=moment(occurred), late_reason=late_reason,
    )  # fmt: skip
    _do(ctx, request, output)


@app.verb("resume")
def resume(
    ctx: typer.Context,
    name: StepName,
    suspension: Annotated[
        Any, option("resumed", "--for", metavar="KIND", parser=one_of(clock_pb2.ClockEntry.Suspension))
    ] = None,
    evidence: Evidence = "",
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Lets the clock go on."""
    request = pb.ResumeStepRequest(
        name=name, suspension=suspension, evidence=evidence, etag=etag, request_id=request_id,
        occur_time=moment(occurred), late_reason=late_reason,
    )  # fmt: skip
    _do(ctx, request, output)


@app.verb("extend")
def extend(
    ctx: typer.Context,
    name: StepName,
    extension: Annotated[int, option("extension", "--by", metavar="N", parser=whole)],
    approver: Approver,
    evidence: Annotated[str, option("notice", "--notice", metavar="TEXT")],
    reason: Reason,
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Extends the limit."""
    request = pb.ExtendStepRequest(
        name=name, extension=extension, approver=approver, evidence=evidence, reason=reason, etag=etag,
        request_id=request_id, occur_time=moment(occurred), late_reason=late_reason,
    )  # fmt: skip
    _do(ctx, request, output)


@app.verb("correct")
def correct(
    ctx: typer.Context,
    name: StepName,
    number: Annotated[int, option("entry", "--entry", metavar="N", parser=whole)],
    reason: Reason,
    really: Annotated[str, option("really", "--really", metavar="YYYY-MM-DD[ HH:MM]", show_default=False)] = "",
    evidence: Evidence = "",
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Corrects an entry of the ledger."""
    request = pb.CorrectStepRequest(
        name=name, corrects=number, corrected_time=moment(really), reason=reason, evidence=evidence, etag=etag,
        request_id=request_id, occur_time=moment(occurred), late_reason=late_reason,
    )  # fmt: skip
    _do(ctx, request, output)


_reasoned("return", pb.ReturnStepRequest)
_reasoned("skip", pb.SkipStepRequest)


@app.verb("assign")
def assign(
    ctx: typer.Context,
    name: StepName,
    assignee: Annotated[str, argument("officer", metavar="OFFICER")],
    unit: Annotated[str, option("to_unit", "--unit", metavar="UNIT", show_default=False)] = "",
    occurred: Occurred = "",
    late_reason: LateReason = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Gives a step to an officer."""
    request = pb.AssignStepRequest(
        name=name, assignee=assignee, unit=unit, etag=etag, request_id=request_id, occur_time=moment(occurred),
        late_reason=late_reason,
    )  # fmt: skip
    _do(ctx, request, output)


def _once(lines: Iterable[clock_pb2.DerivationLine]) -> Iterator[dict[str, str]]:
    """The days that lead to each date; those of dates that come about alike only once."""
    tracks: dict[str, list[clock_pb2.DerivationLine]] = {}
    for line in lines:
        tracks.setdefault(show.text(line, "track"), []).append(line)
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, days in tracks.items():
        alike.setdefault(tuple(day.text for day in days), []).append(name)
    for names in alike.values():
        for each in tracks[names[0]]:
            yield {column: show.text(each, column) for column in LINES} | {"track": ", ".join(names)}


@app.verb("explain")
def explain(ctx: typer.Context, name: StepName, output: Output = Format.table) -> None:
    """Shows how each date comes about, day by day."""
    found = wire.of(ctx).ask(StepsStub, pb.ExplainDeadlineRequest(name=name))
    if output is not Format.table:
        show.one(found, output)
        return
    for remark in found.remarks:
        show.sentence(remark)
    show.rows(found.entries, ENTRIES, output)
    show.rows(_once(found.lines), LINES, output)
    for field in ("limit", "promise", "deadline"):
        if found.HasField(field):
            show.one(getattr(found, field), output)


@app.verb("relay")
def relay(ctx: typer.Context, name: MatterName, output: Output = Format.table) -> None:
    """Shows who holds the clock of a matter."""
    _do(ctx, pb.GetRelayRequest(name=name), output)


@app.verb("today")
def today(
    ctx: typer.Context,
    due_by: Annotated[str, option("due_by", "--due-by", metavar="YYYY-MM-DD", parser=day, show_default=False)] = "",
    whys: Annotated[
        list[Any] | None, option("why", "--why", metavar="WHY", parser=one_of(worklist_pb2.TodayItem.Why))
    ] = None,
    limit: Limit = 50,
    output: Output = Format.table,
) -> None:
    """Lists what is to be done, what is due first first."""
    request = worklist_pb2.ListTodayRequest(due_by=due_by, whys=whys or [])
    found = wire.of(ctx).pages(WorklistStub, request, "items", limit)
    show.rows(found, TODAY, output, limit)
