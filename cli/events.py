"""`liancai event`: what became of things, as it happens."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer
from liancai.common.v1 import event_pb2 as pb
from liancai.training.v1.events_pb2_grpc import EventsStub

from cli import show, wire
from cli.grammar import Format, Limit, Noun, Output, option, whole

app = Noun("event")
COLUMNS = ("sequence", "time", "type", "subject", "data")


@app.verb("watch")
def watch(
    ctx: typer.Context,
    position: Annotated[int, option("event_position", "--from", parser=whole, metavar="N")] = 0,
    subject: Annotated[str, option("event_subject", "--subject", metavar="NAME", show_default=False)] = "",
    once: Annotated[bool, option("event_once", "--once", show_default=False)] = False,
    limit: Limit = 0,
    output: Output = Format.jsonl,
) -> None:
    """Prints each event as it comes. A server ends a stream now and then: it is asked again from where it was."""
    link = wire.of(ctx)
    request = pb.WatchEventsRequest(position=position, subject=subject, stop_at_end=once)

    def events() -> Iterator[pb.Event]:
        while True:
            for part in link.stream(link.stub(EventsStub).WatchEvents, request):
                yield from part.events
                request.position = part.position
            if once:
                return

    show.rows(islice(events(), limit or None), COLUMNS, output, limit)
