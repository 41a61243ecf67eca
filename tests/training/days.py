"""Another day than today, and days at the end of the years whose holidays are published, whichever they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from services.platform.database import Database
from services.reference.workdays import published


@contextmanager
def clock_at(database: Database, now: datetime) -> Iterator[None]:
    """It is `now` for a server, and stays so."""
    clock = database.clock
    database.clock = lambda: now
    try:
        yield
    finally:
        database.clock = clock


def with_days_left(days: int) -> date:
    """The last day after which there are `days` working days that anybody knows of."""
    day = published().last
    while published().count(day, published().last) < days:
        day -= timedelta(days=1)
    return day
