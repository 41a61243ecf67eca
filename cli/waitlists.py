"""`liancai waitlist`: who waits for a class, in which order, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from liancai.training.v1 import waitlist_pb2 as pb
from liancai.training.v1.waitlist_pb2_grpc import WaitlistStub

from cli import show, wire
from cli.export import Export, Force, listed
from cli.grammar import EnrolmentName, Etag, Format, Limit, Noun, Output, Reason, RequestId, option, resource
from cli.texts import t

app = Noun("waitlist")
COLUMNS = ("waitlist_position", "name", "masked_name", "masked_resident_id", "category", "party", "occur_time")

Before = Annotated[
    str, option("before", "--before", metavar="ENROLMENT", parser=resource("enrolments"), show_default=False)
]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(WaitlistStub, request), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    class_name: Annotated[str, option("of_class", "--class", metavar="CLASS", parser=resource("classes"))],
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists who waits, in order of service."""
    request = pb.ListWaitlistRequest(class_name=class_name)
    listed(ctx, WaitlistStub, request, "enrolments", COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("why")
def why(ctx: typer.Context, name: EnrolmentName, output: Output = Format.table) -> None:
    """Says your place, and why."""
    place = wire.of(ctx).ask(WaitlistStub, pb.ExplainPlaceRequest(name=name))
    if output is not Format.table:
        show.one(place, output)
        return
    show.sentence(place.sentence)
    show.one(dict(_reasons(place)), output)
    if place.blocked_by:
        show.note(t("waitlist.blocked", quota=place.blocked_by))


def _reasons(place: pb.PlaceExplanation) -> Iterator[tuple[str, str]]:
    """What the place follows from; what does not bear on it is left out."""
    for field in ("ahead_by_priority", "ahead_by_time", "ahead_by_lottery"):
        yield field, show.text(place, field)
    group = [show.text(place, field) for field in ("priority", "category", "priority_source")]
    known = t.word(f"value.confidence.{place.priority_confidence}", place.priority_confidence)
    yield "priority", " · ".join(filter(None, [*group, known]))
    yield "waits_since", show.text(place, "waits_since")
    # a number that was given by hand was not drawn
    drawn = t("waitlist.drawn", number=place.lottery_number, seed=place.lottery_seed)
    yield "lottery_number", str(place.lottery_number) if place.moves else drawn
    if place.party_size:
        yield "party_size", show.text(place, "party_size")
    if place.moves:
        yield "moves", "\n".join(t("waitlist.moved", **_move(each)) for each in place.moves)
    if place.blocked_by:
        yield "blocked_by", place.blocked_by


def _move(move: pb.PlaceExplanation.Move) -> Mapping[str, str]:
    return {field: show.text(move, field) for field in ("record_time", "actor", "source", "target", "reason")}


@app.verb("move")
def move_(
    ctx: typer.Context,
    name: EnrolmentName,
    reason: Reason,
    before: Before = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Moves somebody before another, or to the end."""
    request = pb.MoveOnWaitlistRequest(name=name, etag=etag, request_id=request_id, before=before, reason=reason)
    _do(ctx, request, output)


@app.verb("accept")
def accept(
    ctx: typer.Context,
    name: EnrolmentName,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Offered -> enrolled."""
    _do(ctx, pb.AcceptOfferRequest(name=name, etag=etag, request_id=request_id), output)


@app.verb("decline")
def decline(
    ctx: typer.Context,
    name: EnrolmentName,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Offered -> withdrawn; the seat goes to the next."""
    _do(ctx, pb.DeclineOfferRequest(name=name, etag=etag, request_id=request_id, reason=reason), output)
