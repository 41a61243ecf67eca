"""What every view of a dispatch has in common: of a plan or of assignments, in the terminal or as a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli import export, show
from cli.grammar import argument, day, option, resource
from cli.month import lines, months
from cli.stays import Stay, notes_of
from cli.texts import t
from cli.wire import Wire

View = Annotated[Path, argument("view_file", metavar="FILE")]
OnlyCommissioner = Annotated[
    str,
    option(
        "view_commissioner", "--commissioner", metavar="COMMISSIONER", parser=resource("commissioners"),
        show_default=False,
    ),
]  # fmt: skip
OnlyHost = Annotated[str, option("view_host", "--host-code", metavar="CODE", show_default=False)]
FromDay = Annotated[str, option("view_from", "--from", metavar="YYYY-MM-DD", parser=day, show_default=False)]
ToDay = Annotated[str, option("view_to", "--to", metavar="YYYY-MM-DD", parser=day, show_default=False)]
CHART, CALENDAR = ".html", ".ics"


def tell(link: Wire, found: Sequence[Stay], first: date, last: date, *, alone: bool) -> None:
    """Prints the months of one commissioner, whose stays they are `alone`, or a line for each."""
    told = (months if alone else lines)(found, notes_of(link, first, last), first, last)
    for line in told:
        show.sentence(line)


def chart(
    link: Wire,
    target: Path,
    force: bool,
    found: Sequence[Stay],
    span: tuple[date, date],
    title: str,
    figures: Iterable[tuple[str, str]] = (),
    unserved: Iterable[Sequence[str]] = (),
) -> None:
    """Writes the chart."""
    from cli import gantt  # brings Jinja, for which the other verbs need not wait

    page = gantt.page(found, notes_of(link, *span), *span, title, figures, unserved)
    _written(target, force, page.encode(), len(found))


def events(target: Path, force: bool, found: Sequence[Stay], title: str) -> None:
    """Writes the calendar file."""
    from cli import ics

    _written(target, force, ics.calendar(found, title, datetime.now(UTC)), len(found))


def _written(target: Path, force: bool, content: bytes, count: int) -> None:
    with export.whole(target, force) as file:
        file.write(content)
    show.note(t("view.written", path=target, count=count))


def some(found: Sequence[Stay]) -> None:
    """Ends the command where there is nothing to show, and says so."""
    if not found:
        show.note(t("view.nobody"))
        raise typer.Exit(1)
