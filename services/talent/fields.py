"""Fields that several nouns have: read from a message and checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from liancai.talent.v1 import clock_pb2

from services.platform.boundary import Call
from services.platform.requests import Reading
from services.talent.rules.children import Identifier, recognised
from services.talent.rules.limits import Unit

LONGEST_SPAN = 3660
UNWANTED = {
    Identifier.STUDENT_NUMBER: "FIELD_STUDENT_NUMBER",
    Identifier.RESIDENT_ID: "FIELD_RESIDENT_ID",
    Identifier.LONG_NUMBER: "FIELD_LONG_NUMBER",
}


def read_words(reading: Reading, field: str, values: Iterable[str], most: int, *, least: int = 0) -> list[str]:
    """A list of short texts, none of them twice."""
    words = [reading.text(f"{field}[{place}]", value, 1, 200) for place, value in enumerate(values)]
    if len(words) > most:
        reading.wrong(field, "FIELD_TOO_MANY", most=most)
    if len(words) < least:
        reading.wrong(field, "FIELD_REQUIRED")
    return list(dict.fromkeys(words))


def read_span(reading: Reading, field: str, given: clock_pb2.Span) -> dict[str, Any] | None:
    """A length of time, as an entry of a ledger keeps it."""
    units = reading.choices(f"{field}.unit", [given.unit], clock_pb2.Limit.Unit)
    reading.number(f"{field}.n", given.n, 1, LONGEST_SPAN)
    return {"n": given.n, "unit": Unit(units[0])} if units else None


def plain(reading: Reading, field: str, text: str) -> str:
    """A text without the number of a student, a resident or another long one."""
    if found := recognised(text):
        reading.wrong(field, UNWANTED[found])
    return text


def read_approver(reading: Reading, call: Call, approver: str, *, required: bool) -> str:
    """Who approved it: another officer than the caller."""
    found = reading.text("approver", approver, 1 if required else 0, 200)
    if found and found == call.caller.subject:
        reading.wrong("approver", "FIELD_APPROVER")
    return found
