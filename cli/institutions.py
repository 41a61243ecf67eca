"""`liancai institution` and `liancai teacher`: the register of training institutions and their teachers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.training.v1 import institutions_pb2 as pb
from liancai.training.v1.institutions_pb2_grpc import InstitutionsStub

from cli import show, wire
from cli.grammar import (
    Etag,
    Format,
    InDivision,
    Limit,
    Mistake,
    Noun,
    Output,
    Reason,
    RequestId,
    argument,
    option,
    resource,
    states,
    typed_or_read,
)
from cli.texts import t

app = Noun("institution")
teachers = Noun("teacher")
COLUMNS = ("name", "state", "institution_name", "division", "licence_number", "catalogue_number")
TEACHER_COLUMNS = ("name", "masked_name", "masked_resident_id", "qualification", "certificate_number")

InstitutionName = Annotated[str, argument("institution", metavar="INSTITUTION", parser=resource("institutions"))]
Name = Annotated[str | None, option("institution_name", "--institution-name", metavar="TEXT")]
Division = Annotated[str | None, option("seat_division", "--division", metavar="CODE")]
Licence = Annotated[str | None, option("licence_number", "--licence", metavar="NUMBER")]
Catalogue = Annotated[str | None, option("catalogue_number", "--catalogue", metavar="NUMBER")]
Occupations = Annotated[list[str] | None, option("may_train", "--occupation", metavar="CODE")]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(InstitutionsStub, request), output)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an institution among a verb's options: those that were given, by the contract's names.

    An empty word takes the place of an empty list: `--occupation ""`.
    """
    known = pb.Institution.DESCRIPTOR.fields_by_name
    fields = {name: value for name, value in options.items() if name in known and value is not None}
    if "occupation_codes" in fields:
        fields["occupation_codes"] = [code for code in fields["occupation_codes"] if code]
    return fields


@app.verb("register")
def register(
    ctx: typer.Context,
    credit_code: Annotated[str, option("institution_code", "--institution-code", metavar="CODE")],
    institution_name: Name = None,
    division: Division = None,
    licence_number: Licence = None,
    catalogue_number: Catalogue = None,
    occupation_codes: Occupations = None,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Puts an institution on the register."""
    institution = pb.Institution(**_given(locals()))
    _do(ctx, pb.RegisterInstitutionRequest(institution=institution, request_id=request_id), output)


@app.verb("show")
def show_(ctx: typer.Context, name: InstitutionName, output: Output = Format.table) -> None:
    """Shows one institution."""
    _do(ctx, pb.GetInstitutionRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None, option("institution_state", "--state", metavar="STATE", parser=states(pb.Institution.State))
    ] = None,
    division: InDivision = "",
    limit: Limit = 100,
    output: Output = Format.table,
) -> None:
    """Lists the register, in order of credit code."""
    wanted = pb.ListInstitutionsRequest.Filter(states=state or [], division=division)
    found = wire.of(ctx).pages(InstitutionsStub, pb.ListInstitutionsRequest(filter=wanted), "institutions", limit)
    show.rows(found, COLUMNS, output, limit)


@app.verb("update")
def update(
    ctx: typer.Context,
    name: InstitutionName,
    institution_name: Name = None,
    division: Division = None,
    licence_number: Licence = None,
    catalogue_number: Catalogue = None,
    occupation_codes: Occupations = None,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Changes the given fields."""
    fields = _given(locals())
    mask = FieldMask(paths=[path for path in fields if path not in ("name", "etag")])
    if not mask.paths:
        raise Mistake(t("usage.no_change"), ctx=ctx)
    request = pb.UpdateInstitutionRequest(institution=pb.Institution(**fields), update_mask=mask, request_id=request_id)
    _do(ctx, request, output)


def _turn(verb: str, request: Any) -> None:
    """Makes a verb that wants the institution and a reason."""

    @app.verb(verb)
    def turn(
        ctx: typer.Context,
        name: InstitutionName,
        reason: Reason,
        etag: Etag = "",
        *,
        request_id: RequestId,
        output: Output = Format.table,
    ) -> None:
        _do(ctx, request(name=name, etag=etag, request_id=request_id, reason=reason), output)


_turn("suspend", pb.SuspendInstitutionRequest)
_turn("reinstate", pb.ReinstateInstitutionRequest)


@teachers.verb("add")
def add(
    ctx: typer.Context,
    institution: InstitutionName,
    full_name: Annotated[str, option("full_name", "--name", metavar="NAME")],
    resident_id: Annotated[str, option("resident_id", "--id", metavar="NUMBER")],
    qualification: Annotated[str, option("qualification", "--qualification", metavar="TEXT", show_default=False)] = "",
    certificate_number: Annotated[
        str, option("certificate_number", "--certificate", metavar="NUMBER", show_default=False)
    ] = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Adds a teacher."""
    request = pb.AddTeacherRequest(
        institution=institution, full_name=typed_or_read(full_name), resident_id=typed_or_read(resident_id),
        qualification=qualification, certificate_number=certificate_number, request_id=request_id,
    )  # fmt: skip
    _do(ctx, request, output)


@teachers.verb("list")
def list_teachers(
    ctx: typer.Context, institution: InstitutionName, limit: Limit = 100, output: Output = Format.table
) -> None:
    """Lists the teachers of an institution, masked."""
    request = pb.ListTeachersRequest(institution=institution)
    show.rows(wire.of(ctx).pages(InstitutionsStub, request, "teachers", limit), TEACHER_COLUMNS, output, limit)
