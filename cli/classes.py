"""`liancai class`: training classes from draft to closed; `circumstances` adds further verbs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.training.v1 import classes_pb2 as pb
from liancai.training.v1 import quotas_pb2
from liancai.training.v1.classes_pb2_grpc import ClassesStub

from cli import class_files, show, wire
from cli.acts import Acts
from cli.export import Export, Force, listed
from cli.grammar import (
    ClassName,
    Etag,
    Format,
    Limit,
    Mistake,
    Noun,
    OfOrder,
    Output,
    Reason,
    RequestId,
    day,
    fen,
    one_of,
    option,
    resource,
    states,
    whole,
)
from cli.texts import t

app = Noun("class")
COLUMNS = ("name", "state", "title", "institution_name", "order", "occupation_name", "start_date", "end_date",
           "capacity", "enrolled", "waitlisted")  # fmt: skip


ForOrder = Annotated[str | None, option("for_order", "--order", metavar="ORDER", parser=resource("orders"))]
InstitutionCode = Annotated[str | None, option("institution_code", "--institution-code", metavar="CODE")]
InstitutionName = Annotated[str | None, option("institution_name", "--institution-name", metavar="TEXT")]
Title = Annotated[str | None, option("title", "--title", metavar="TEXT")]
FirstDay = Annotated[str | None, option("first_day", "--start", metavar="YYYY-MM-DD", parser=day)]
LastDay = Annotated[str | None, option("last_day", "--end", metavar="YYYY-MM-DD", parser=day)]
Seats = Annotated[int | None, option("capacity", "--capacity", metavar="N", parser=whole)]
Minimum = Annotated[int | None, option("minimum", "--minimum", metavar="N", parser=whole)]
TrainingKind = Annotated[
    int | None, option("training_kind", "--kind", metavar="KIND", parser=one_of(pb.Class.TrainingKind))
]
CertificateKind = Annotated[
    int | None, option("certificate_kind", "--certificate", metavar="KIND", parser=one_of(pb.Class.CertificateKind))
]
FundOf = Annotated[int | None, option("fund", "--fund", metavar="FUND", parser=one_of(quotas_pb2.Fund))]
Subsidy = Annotated[int | None, option("subsidy", "--subsidy", metavar="YUAN", parser=fen)]
Standard = Annotated[str | None, option("subsidy_standard", "--subsidy-standard", metavar="CODE")]
Project = Annotated[str | None, option("project_number", "--project", metavar="NUMBER")]
Theory = Annotated[int | None, option("hours_theory", "--theory", metavar="HOURS", parser=whole)]
Practice = Annotated[int | None, option("hours_practice", "--practice", metavar="HOURS", parser=whole)]
Site = Annotated[str | None, option("site_address", "--site", metavar="TEXT")]
HeadTeacher = Annotated[str | None, option("head_teacher", "--head-teacher", metavar="TEXT")]
Assessment = Annotated[str | None, option("assessment_plan", "--assessment", metavar="TEXT")]
Sessions = Annotated[
    list[pb.Session] | None,
    option("session", "--session", metavar="'DATE HH:MM-HH:MM PLACE'", parser=class_files.session),
]
Timetable = Annotated[Path | None, option("timetable", "--timetable", metavar="FILE")]
Attach = Annotated[
    list[class_files.Attached] | None,
    option("attachment", "--attach", metavar="KIND=FILE", parser=class_files.attached),
]
ClassFile = Annotated[Path | None, option("class_file", "--file", metavar="FILE")]
FIELDS = (
    "order", "institution_credit_code", "institution_name", "title", "start_date", "end_date", "capacity", "minimum",
    "training_kind", "certificate_kind", "fund", "subsidy_fen", "subsidy_standard", "project_number", "hours_theory",
    "hours_practice", "site_address", "head_teacher", "assessment_plan",
)  # fmt: skip


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(ClassesStub, request), output)


_acts = Acts(app, ClassName, _do)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a class among a verb's options, by the contract's names; what is typed stands over the file."""
    fields: dict[str, Any] = {}
    if (file := options["file"]) is not None:
        held, named = class_files.read(file)
        known = pb.Class.DESCRIPTOR.fields_by_name
        fields = {name: getattr(held, name) for name in named if name in known}
    known_options = {name: options[name] for name in FIELDS if options.get(name) is not None}
    sessions = list(options["session"] or ())
    if options["timetable"] is not None:
        sessions += class_files.timetable(options["timetable"])
    if sessions:
        known_options["sessions"] = sessions
    if options["attach"]:
        known_options["attachments"] = [class_files.attachment(each) for each in options["attach"]]
    return fields | known_options


@app.verb("create")
def create(
    ctx: typer.Context,
    order: ForOrder = None,
    institution_credit_code: InstitutionCode = None,
    institution_name: InstitutionName = None,
    title: Title = None,
    start_date: FirstDay = None,
    end_date: LastDay = None,
    capacity: Seats = None,
    minimum: Minimum = None,
    training_kind: TrainingKind = None,
    certificate_kind: CertificateKind = None,
    fund: FundOf = None,
    subsidy_fen: Subsidy = None,
    subsidy_standard: Standard = None,
    project_number: Project = None,
    hours_theory: Theory = None,
    hours_practice: Practice = None,
    site_address: Site = None,
    head_teacher: HeadTeacher = None,
    assessment_plan: Assessment = None,
    session: Sessions = None,
    timetable: Timetable = None,
    attach: Attach = None,
    file: ClassFile = None,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Creates a draft; the server names every field that is missing, all at once."""
    wanted = pb.Class(**_given(locals()))
    _do(ctx, pb.CreateClassRequest(training_class=wanted, request_id=request_id), output)


@app.verb("update")
def update(
    ctx: typer.Context,
    name: ClassName,
    institution_name: InstitutionName = None,
    title: Title = None,
    start_date: FirstDay = None,
    end_date: LastDay = None,
    capacity: Seats = None,
    minimum: Minimum = None,
    training_kind: TrainingKind = None,
    certificate_kind: CertificateKind = None,
    fund: FundOf = None,
    subsidy_fen: Subsidy = None,
    subsidy_standard: Standard = None,
    project_number: Project = None,
    hours_theory: Theory = None,
    hours_practice: Practice = None,
    site_address: Site = None,
    head_teacher: HeadTeacher = None,
    assessment_plan: Assessment = None,
    session: Sessions = None,
    timetable: Timetable = None,
    attach: Attach = None,
    file: ClassFile = None,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Changes the given fields; a filing under review is filed anew."""
    fields = _given(locals())
    if not fields:
        raise Mistake(t("usage.no_change"), ctx=ctx)
    wanted = pb.Class(**{**fields, "name": name, "etag": etag})
    mask = FieldMask(paths=list(fields))
    _do(ctx, pb.UpdateClassRequest(training_class=wanted, update_mask=mask, request_id=request_id), output)


@app.verb("show")
def show_(ctx: typer.Context, name: ClassName, output: Output = Format.table) -> None:
    """Shows one class with its timetable."""
    _do(ctx, pb.GetClassRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None, option("class_state", "--state", metavar="STATE", parser=states(pb.Class.State))
    ] = None,
    order: OfOrder = "",
    institution_code: Annotated[
        str, option("institution_code", "--institution-code", metavar="CODE", show_default=False)
    ] = "",
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists classes, newest first."""
    wanted = pb.ListClassesRequest.Filter(
        states=state or [],
        order=order,
        institution_credit_code=institution_code,
    )
    request = pb.ListClassesRequest(filter=wanted)
    listed(ctx, ClassesStub, request, "classes", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("check")
def check(ctx: typer.Context, name: ClassName, output: Output = Format.table) -> None:
    """Says what its filing lacks."""
    _do(ctx, pb.CheckFilingRequest(name=name), output)


_acts.step("file", pb.FileClassRequest)
_acts.step("review", pb.ReviewClassRequest)


@app.verb("return")
def return_(
    ctx: typer.Context,
    name: ClassName,
    reason: Annotated[str, option("return_reason", "--reason", metavar="TEXT", show_default=False)] = "",
    gap: Annotated[list[str] | None, option("gap", "--gap", metavar="TEXT")] = None,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Filed or reviewed -> returned, with every gap at once."""
    request = pb.ReturnClassRequest(name=name, etag=etag, request_id=request_id, reason=reason, gaps=gap or [])
    _do(ctx, request, output)


_acts.step("approve", pb.ApproveClassRequest)
_acts.step("open", pb.OpenClassRequest)


@app.verb("capacity")
def capacity_(
    ctx: typer.Context,
    name: ClassName,
    capacity: Annotated[int, typer.Argument(help=t("option.capacity"), metavar="N", parser=whole)],
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Changes the number of seats."""
    request = pb.ChangeClassCapacityRequest(
        name=name, etag=etag, request_id=request_id, capacity=capacity, reason=reason
    )
    _do(ctx, request, output)


_acts.step("close", pb.CloseClassRequest)
