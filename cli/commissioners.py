"""`liancai commissioner`: the register of science-and-technology commissioners."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.placement.v1 import audit_pb2, audit_pb2_grpc
from liancai.placement.v1 import commissioners_pb2 as pb
from liancai.placement.v1.commissioners_pb2_grpc import CommissionersStub

from cli import show, wire
from cli.acts import Acts
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

app = Noun("commissioner")
COLUMNS = (
    "name", "state", "kind", "masked_name", "group_name", "home_unit_name", "division", "partner_division",
    "days_a_year", "term_end",
)  # fmt: skip
NEVER_SHOWN = ("full_name", "resident_id", "phone")
TRAIL = ("sequence", "record_time", "actor", "unit", "action", "resource", "reason", "detail")


def skill(word: str) -> pb.Discipline:
    """A discipline with a level from "21020=2"."""
    code, equals, level = word.partition("=")
    if not equals:
        raise Mistake(t("usage.skill", word=word))
    return pb.Discipline(code=code.strip(), level=whole(level))


def absence(word: str) -> pb.Absence:
    """Days from "2026-12-01..2026-12-05", or one day."""
    first, _, last = word.replace("～", "..").partition("..")
    if not re.fullmatch(r"\s*\S+\s*", first):
        raise Mistake(t("usage.date", word=word))
    return pb.Absence(first_day=day(first.strip()), last_day=day((last or first).strip()))


CommissionerName = Annotated[str, argument("commissioner", metavar="COMMISSIONER", parser=resource("commissioners"))]
Kind = Annotated[
    int | None,
    option(
        "commissioner_kind",
        "--kind",
        metavar="individual|team|legal-person",
        parser=one_of(pb.Commissioner.Kind),
    ),
]
Direction = Annotated[
    int | None,
    option("direction", "--direction", metavar="forward|reverse|online", parser=one_of(pb.Commissioner.Direction)),
]
Field = Annotated[
    int | None,
    option("commissioner_field", "--field", metavar="agriculture|industry", parser=one_of(pb.Commissioner.Field)),
]
FullName = Annotated[str | None, option("full_name", "--name", metavar="NAME", parser=typed_or_read)]
ResidentId = Annotated[str | None, option("resident_id", "--id", metavar="NUMBER", parser=typed_or_read)]
Phone = Annotated[str | None, option("phone", "--phone", metavar="NUMBER", parser=typed_or_read)]
GroupName = Annotated[str | None, option("group_name", "--group-name", metavar="TEXT")]
Leader = Annotated[str | None, option("leader", "--leader", metavar="COMMISSIONER", parser=resource("commissioners"))]
Members = Annotated[
    list[str] | None, option("member", "--member", metavar="COMMISSIONER", parser=resource("commissioners"))
]
Skills = Annotated[list[Any] | None, option("skill", "--discipline", metavar="CODE=LEVEL", parser=skill)]
UnitCode = Annotated[str | None, option("home_unit_code", "--unit-code", metavar="CODE")]
UnitName = Annotated[str | None, option("home_unit_name", "--unit-name", metavar="TEXT")]
Title = Annotated[
    int | None,
    option(
        "professional_title",
        "--title",
        metavar="junior|intermediate|associate-senior|senior",
        parser=one_of(pb.Commissioner.Title),
    ),
]
Education = Annotated[
    int | None,
    option(
        "education_level",
        "--education",
        metavar="college|bachelor|master|doctor",
        parser=one_of(pb.Commissioner.Education),
    ),
]
Division = Annotated[str | None, option("seat_division", "--division", metavar="CODE")]
Partner = Annotated[str | None, option("served_division", "--partner", metavar="CODE")]
HomePlace = Annotated[str | None, option("home_place", "--home-place", metavar="CODE")]
Days = Annotated[int | None, option("days_a_year", "--days", metavar="N", parser=whole)]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(CommissionersStub, request), output)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a commissioner among a verb's options: those that were given, by the contract's names."""
    known = pb.Commissioner.DESCRIPTOR.fields_by_name
    return {name: value for name, value in options.items() if name in known and value is not None}


@app.verb("apply")
def apply(
    ctx: typer.Context,
    kind: Kind = None,
    direction: Direction = None,
    field: Field = None,
    full_name: FullName = None,
    resident_id: ResidentId = None,
    phone: Phone = None,
    group_name: GroupName = None,
    leader: Leader = None,
    members: Members = None,
    disciplines: Skills = None,
    home_unit_credit_code: UnitCode = None,
    home_unit_name: UnitName = None,
    title: Title = None,
    education: Education = None,
    division: Division = None,
    partner_division: Partner = None,
    home_place: HomePlace = None,
    days_a_year: Days = None,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Applies; the server names every field that is missing, all at once."""
    commissioner = pb.Commissioner(**_given(locals()))
    _do(ctx, pb.ApplyCommissionerRequest(commissioner=commissioner, request_id=request_id), output)


@app.verb("show")
def show_(ctx: typer.Context, name: CommissionerName, output: Output = Format.table) -> None:
    """Shows one commissioner, masked."""
    _do(ctx, pb.GetCommissionerRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None,
        option("commissioner_state", "--state", metavar="STATE", parser=states(pb.Commissioner.State)),
    ] = None,
    kinds: Annotated[
        list[Any] | None,
        option("of_kind", "--kind", metavar="individual|team|legal-person", parser=one_of(pb.Commissioner.Kind)),
    ] = None,
    discipline: Annotated[str, option("of_discipline", "--discipline", metavar="CODE", show_default=False)] = "",
    unit_code: UnitCode = None,
    division: InDivision = "",
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists commissioners, newest first."""
    wanted = pb.ListCommissionersRequest.Filter(
        states=state or [],
        kinds=kinds or [],
        discipline=discipline,
        home_unit_credit_code=unit_code or "",
        division=division,
    )
    request = pb.ListCommissionersRequest(filter=wanted)
    listed(
        ctx, CommissionersStub, request, "commissioners", COLUMNS,
        limit=limit, output=output, target=export, force=force, without=NEVER_SHOWN,
    )  # fmt: skip


@app.verb("search")
def search(
    ctx: typer.Context,
    query: Annotated[str, argument("query", metavar="TEXT", parser=typed_or_read)],
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Finds commissioners by name, pinyin, initials or a whole number."""
    request = pb.SearchCommissionersRequest(query=query)
    listed(
        ctx, CommissionersStub, request, "commissioners", COLUMNS,
        limit=limit, output=output, target=export, force=force, without=NEVER_SHOWN,
    )  # fmt: skip


@app.verb("update")
def update(
    ctx: typer.Context,
    name: CommissionerName,
    direction: Direction = None,
    field: Field = None,
    full_name: FullName = None,
    resident_id: ResidentId = None,
    phone: Phone = None,
    group_name: GroupName = None,
    leader: Leader = None,
    members: Members = None,
    disciplines: Skills = None,
    home_unit_credit_code: UnitCode = None,
    home_unit_name: UnitName = None,
    title: Title = None,
    education: Education = None,
    division: Division = None,
    partner_division: Partner = None,
    home_place: HomePlace = None,
    days_a_year: Days = None,
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
    request = pb.UpdateCommissionerRequest(
        commissioner=pb.Commissioner(**fields), update_mask=mask, request_id=request_id
    )
    _do(ctx, request, output)


@app.verb("availability")
def availability(
    ctx: typer.Context,
    name: CommissionerName,
    weekdays: Annotated[list[int] | None, option("never_on", "--never-on", metavar="1-7", parser=whole)] = None,
    absences: Annotated[
        list[Any] | None, option("cannot_serve", "--absent", metavar="FIRST[..LAST]", parser=absence)
    ] = None,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Replaces the days on which the commissioner cannot serve."""
    request = pb.SetAvailabilityRequest(
        name=name, etag=etag, request_id=request_id, unavailable_weekdays=weekdays or [], absences=absences or []
    )
    _do(ctx, request, output)


_acts = Acts(app, CommissionerName, _do)


_acts.step("recommend", pb.RecommendCommissionerRequest)
_acts.step("vet", pb.VetCommissionerRequest)
_acts.step("endorse", pb.EndorseCommissionerRequest)


@app.verb("file")
def file(
    ctx: typer.Context,
    name: CommissionerName,
    certificate_number: Annotated[str, option("commissioner_certificate", "--certificate", metavar="NUMBER")],
    term_start: Annotated[str, option("term_start", "--term-start", metavar="YYYY-MM-DD", parser=day)],
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Endorsed -> filed, with certificate and term."""
    request = pb.FileCommissionerRequest(
        name=name, etag=etag, request_id=request_id, certificate_number=certificate_number, term_start=term_start
    )
    _do(ctx, request, output)


_acts.reasoned("refuse", pb.RefuseCommissionerRequest)
_acts.reasoned("withdraw", pb.WithdrawCommissionerRequest)
_acts.step("renew", pb.RenewCommissionerRequest)


@app.verb("reveal")
def reveal(
    ctx: typer.Context,
    name: CommissionerName,
    purpose: Purpose,
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Shows the person in full; the purpose is kept."""
    _do(ctx, pb.RevealCommissionerRequest(name=name, purpose=purpose, request_id=request_id), output)


@app.verb("trail")
def trail(
    ctx: typer.Context,
    name: OfCommissioner = "",
    limit: Limit = 100,
    output: Output = Format.table,
) -> None:
    """Lists who did what, oldest first."""
    request = audit_pb2.ListPlacementTrailRequest(resource=name)
    found = wire.of(ctx).pages(audit_pb2_grpc.PlacementTrailStub, request, "entries", limit)
    show.rows(found, TRAIL, output, limit)
