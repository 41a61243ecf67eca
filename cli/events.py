"""`liancai event`: what became of things, as it happens."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import typer
from liancai.common.v1 import event_pb2 as pb
from liancai.placement.v1.events_pb2_grpc import DispatchEventsStub
from liancai.training.v1.events_pb2_grpc import EventsStub

from cli import show, wire
from cli.grammar import Format, Limit, Mistake, Noun, Output, option, whole
from cli.texts import t

app = Noun("event")
COLUMNS = ("sequence", "time", "type", "subject", "data")
# those of cases have a verb of their own: `liancai case watch`
STUBS: dict[str, Any] = {"training": EventsStub, "placement": DispatchEventsStub}


def service(word: str) -> str:
    """The service whose events are followed."""
    if word.lower() not in STUBS:
        raise Mistake(t("usage.choice", word=word, known=", ".join(STUBS)))
    return word.lower()


Position = Annotated[int, option("event_position", "--from", parser=whole, metavar="N")]
Once = Annotated[bool, option("event_once", "--once", show_default=False)]


@app.verb("watch")
def watch(
    ctx: typer.Context,
    of: Annotated[str, option("event_service", "--service", metavar="|".join(STUBS), parser=service)] = "training",
    position: Position = 0,
    subject: Annotated[str, option("event_subject", "--subject", metavar="NAME", show_default=False)] = "",
    once: Once = False,
    limit: Limit = 0,
    output: Output = Format.jsonl,
) -> None:
    """Prints each event as it comes. A server ends a stream now and then: it is asked again from where it was."""
    request = pb.WatchEventsRequest(position=position, subject=subject, stop_at_end=once)
    show.rows(islice(followed(ctx, STUBS[of], request), limit or None), COLUMNS, output, limit)


def followed(ctx: typer.Context, stub: Any, request: pb.WatchEventsRequest) -> Iterator[pb.Event]:
    """The events of one service from a position on; for ever, unless they stop at the end."""
    link = wire.of(ctx)
    while True:
        for part in link.stream(link.stub(stub).WatchEvents, request):
            yield from part.events
            request.position = part.position
        if request.stop_at_end:
            return
