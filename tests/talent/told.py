"""What every event of the talent service has to be, whoever made it: looked at after each module of tests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import text

from services.platform.database import Database

# codes, numbers, days and names of resources; never a sentence, and never what somebody has typed
CODE = re.compile(r"[\x21-\x7e]{0,80}")
PERSONAL = re.compile(r"(?<![0-9A-Za-z])(1[3-9][0-9]{9}|[0-9]{17}[0-9Xx])(?![0-9A-Za-z])")


def faults(database: Database) -> list[str]:
    """Events that may hold personal data, and cases whose events are not counted 1, 2, 3 in the order they come."""
    with database.reading() as session:
        events = session.execute(text("SELECT type, subject, data, number FROM outbox_event ORDER BY sequence")).all()
        counted = session.execute(text("SELECT id, events FROM cases")).all()
    found = [f"{each.type}: {word}" for each in events for word in words(_told(each)) if not harmless(word)]
    numbers: dict[str, list[int]] = {f"cases/{row.id}": [] for row in counted}
    of_cases = (each for each in events if each.subject.startswith("cases/"))
    for subject, each in groupby(sorted(of_cases, key=lambda event: event.subject), lambda event: event.subject):
        numbers[subject] = [event.number for event in each]
    last = {f"cases/{row.id}": row.events for row in counted}
    return found + [
        f"{name}: {told}, counted {last[name]}"
        for name, told in numbers.items()
        if told != list(range(1, last[name] + 1))
    ]


def harmless(word: str) -> bool:
    """Whether a word of an event is a code."""
    return CODE.fullmatch(word) is not None and PERSONAL.search(word) is None


def words(data: Any) -> Iterator[str]:
    """Every word in the data of an event."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield str(key)
            yield from words(value)
    elif isinstance(data, list):
        for value in data:
            yield from words(value)
    else:
        yield str(data)


def _told(event: Any) -> Any:
    """The data, but for the message that an officer writes to those who watch (`case.notified`)."""
    data = json.loads(event.data) if isinstance(event.data, str) else event.data
    return {**data, "message": ""} if event.type == "liancai.talent.case.notified" else data
