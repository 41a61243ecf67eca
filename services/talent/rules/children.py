"""Data of children: what may not be written down, who may look and until when, and the chain that their log is.

Sources: 个人信息保护法 28, 31; 未成年人网络保护条例 36, 37.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.reference.text import compact

# 国网学籍号: G, or L for a temporary one, and the eighteen characters of the identity number or of one made up for it
_STUDENT = re.compile(r"[GL][0-9]{17}[0-9X]")
_RESIDENT = re.compile(r"[0-9]{17}[0-9X]")
# numbers of schools and provinces for their students, of ten digits and more; no name of a school holds such a run
_LONG = re.compile(r"[0-9]{10,}")
START = "0" * 64  # the digest before the first entry


class Identifier(StrEnum):
    """What was recognised in a text where it does not belong."""

    STUDENT_NUMBER = "STUDENT_NUMBER"  # 学籍号
    RESIDENT_ID = "RESIDENT_ID"
    LONG_NUMBER = "LONG_NUMBER"


class AccessState(StrEnum):
    """The life of an access to a child's data."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"


class Obstacle(StrEnum):
    """Why somebody may not look."""

    NOT_YOURS = "NOT_YOURS"
    NOT_APPROVED = "NOT_APPROVED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a child's log. `about` is the access or the certificate it is about, or ""."""

    number: int
    act: str
    actor: str
    unit: str
    at: datetime
    about: str


def recognised(text: str) -> Identifier | None:
    """An identifier in a text, however it is spaced, hyphened or wide; None for none."""
    plain = re.sub(r"[\W_]", "", compact(text))
    if _STUDENT.search(plain):
        return Identifier.STUDENT_NUMBER
    if _RESIDENT.search(plain):
        return Identifier.RESIDENT_ID
    return Identifier.LONG_NUMBER if _LONG.search(plain) else None


def obstacle(state: AccessState, requester: str, expires: datetime | None, who: str, now: datetime) -> Obstacle | None:
    """What keeps somebody from looking now; None if nothing does. An access ends at the instant it says."""
    if who != requester:
        return Obstacle.NOT_YOURS
    if state is not AccessState.APPROVED or expires is None:
        return Obstacle.NOT_APPROVED
    return None if now < expires else Obstacle.EXPIRED


def digest(child: str, entry: Entry, before: str) -> str:
    """SHA-256 over an entry and the digest before it, in hexadecimal. An instant goes in as UTC microseconds."""
    micros = round(entry.at.timestamp() * 1_000_000)
    said = [child, entry.number, entry.act, entry.actor, entry.unit, micros, entry.about, before]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def intact(child: str, entries: Iterable[tuple[Entry, str]], before: str = START, number: int = 0) -> list[bool]:
    """For each entry with its stored digest whether it fits: it was not changed, and none before it is missing."""
    found = []
    for entry, stored in entries:
        found.append(entry.number == number + 1 and digest(child, entry, before) == stored)
        before, number = stored, entry.number
    return found


def deleted_sha256(rows: Iterable[Mapping[str, str]]) -> str:
    """SHA-256 of what was deleted: child, sealed grade and sealed school in hexadecimal, in order of the children."""
    ordered = sorted([each["child"], each["grade"], each["school"]] for each in rows)
    return hashlib.sha256(json.dumps(ordered, separators=(",", ":")).encode()).hexdigest()
