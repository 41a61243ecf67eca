"""The fields of a visit: read from the message, checked, written to the row, shown."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from liancai.placement.v1 import visits_pb2 as pb

from services.fields import read_place, read_sha256, read_words
from services.placement.tables import VisitRow
from services.platform.requests import Reading, etag_of, stamp

EDITABLE = {
    *("day", "start", "end", "remote", "place", "category", "problem", "measure", "result", "beneficiaries"),
    *("photo_sha256", "late_reason"),
}
MOST_PHOTOS, MOST_PEOPLE = 20, 10_000
TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def read(reading: Reading, asked: pb.Visit, today: date) -> dict[str, Any]:
    """The values of a visit's row as far as the message has them, each checked."""
    at = "visit"
    (category,) = reading.choices(f"{at}.category", [asked.category], pb.Visit.Category) or [""]
    values: dict[str, Any] = {
        "day": reading.day(f"{at}.day", asked.day),
        "start_minute": _read_time(reading, f"{at}.start", asked.start),
        "end_minute": _read_time(reading, f"{at}.end", asked.end),
        "remote": asked.remote,
        "place": read_place(reading, f"{at}.place", asked.place),
        "category": category,
        "problem": read_words(reading, f"{at}.problem", asked.problem, 2, 500),
        "measure": read_words(reading, f"{at}.measure", asked.measure, 2, 1000),
        "result": read_words(reading, f"{at}.result", asked.result, 0, 1000),
        "beneficiaries": reading.number(f"{at}.beneficiaries", asked.beneficiaries, 0, MOST_PEOPLE),
        "photo_sha256": _read_photos(reading, f"{at}.photo_sha256", asked),
        "late_reason": read_words(reading, f"{at}.late_reason", asked.late_reason, 0, 200),
    }
    if values["day"] > today:
        reading.wrong(f"{at}.day", "FIELD_FUTURE")
    if -1 < values["end_minute"] <= values["start_minute"]:
        reading.wrong(f"{at}.end", "FIELD_END_TIME")
    if category == "ONLINE_ADVICE" and not asked.remote:
        reading.wrong(f"{at}.remote", "FIELD_REMOTE")
    return values


def message(row: VisitRow) -> pb.Visit:
    """A visit as its readers see it."""
    return pb.Visit(
        name=f"visits/{row.id}",
        state=pb.Visit.State.Value(row.state),
        assignment=f"assignments/{row.assignment_id}",
        commissioner=f"commissioners/{row.commissioner_id}",
        day=row.day.isoformat(),
        start=_clock(row.start_minute),
        end=_clock(row.end_minute),
        remote=row.remote,
        place=row.place,
        category=pb.Visit.Category.Value(row.category),
        problem=row.problem,
        measure=row.measure,
        result=row.result,
        beneficiaries=row.beneficiaries,
        photo_sha256=row.photo_sha256,
        late=row.late,
        late_reason=row.late_reason,
        countersign_due_date=row.countersign_due.isoformat() if row.countersign_due else "",
        countersign_late=row.countersign_late,
        reason=row.reason,
        confirmed_by=row.confirmed_by,
        confirm_time=stamp(row.confirm_time),
        countersigned_by=row.countersigned_by,
        countersign_time=stamp(row.countersign_time),
        host_credit_code=row.host_credit_code,
        rule_pack=row.rule_pack,
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        update_time=stamp(row.update_time),
    )


def _read_photos(reading: Reading, field: str, asked: pb.Visit) -> list[str]:
    """The hashes of photos, each once."""
    if len(asked.photo_sha256) > MOST_PHOTOS:
        reading.wrong(field, "FIELD_TOO_MANY", most=MOST_PHOTOS)
    found = [
        read_sha256(reading, f"{field}[{place}]", each, required=True)
        for place, each in enumerate(asked.photo_sha256[:MOST_PHOTOS])
    ]
    return list(dict.fromkeys(found))


def _read_time(reading: Reading, field: str, text: str) -> int:
    """The minute of the day; -1 stands in for what is wrong."""
    if not text:
        reading.wrong(field, "FIELD_REQUIRED")
    elif not TIME.fullmatch(text):
        reading.wrong(field, "FIELD_TIME")
    else:
        return int(text[:2]) * 60 + int(text[3:])
    return -1


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
