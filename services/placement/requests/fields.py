"""The fields of a request: read from the message, checked, written to the row."""

from __future__ import annotations

from datetime import date
from typing import Any

from liancai.placement.v1 import requests_pb2 as pb

from services.fields import read_credit_code, read_division, read_place
from services.placement.commissioners.fields import read_discipline
from services.platform.requests import Reading

EDITABLE = {
    field.name
    for field in pb.Request.DESCRIPTOR.fields
    if field.name not in {"name", "state", "reason", "etag", "create_time", "update_time"}
}
MOST_DAYS, MOST_REFUSED, LONGEST_WINDOW = 60, 20, 731


def read(reading: Reading, asked: pb.Request) -> dict[str, Any]:
    """The values of a request's row, each checked."""
    at = "request"
    (kind,) = reading.choices(f"{at}.kind", [asked.kind], pb.Request.Kind) or [""]
    read_discipline(reading, f"{at}.discipline", asked.discipline)
    wished, refused = _read_commissioners(reading, at, asked)
    values: dict[str, Any] = {
        "kind": kind,
        "problem": reading.text(f"{at}.problem", asked.problem, 2, 500),
        "discipline": asked.discipline.code,
        "level": asked.discipline.level,
        "host_credit_code": read_credit_code(reading, f"{at}.host_credit_code", asked.host_credit_code),
        "host_name": reading.text(f"{at}.host_name", asked.host_name, 2, 100),
        "division": read_division(reading, f"{at}.division", asked.division, required=True),
        "partner_division": read_division(reading, f"{at}.partner_division", asked.partner_division, required=False),
        "place": read_place(reading, f"{at}.place", asked.place),
        "window_start": reading.day(f"{at}.window_start", asked.window_start),
        "window_end": reading.day(f"{at}.window_end", asked.window_end),
        "working_days": reading.number(f"{at}.working_days", asked.working_days, 1, MOST_DAYS),
        "may_split": asked.may_split,
        "priority": reading.number(f"{at}.priority", asked.priority, 1, 5),
        "priority_reason": reading.text(
            f"{at}.priority_reason", asked.priority_reason, 1 if asked.priority > 1 else 0, 200
        ),
        "wished_commissioner": wished,
        "refused_commissioners": refused,
        "team_needed": asked.team_needed,
    }
    if asked.partner_division and asked.partner_division == asked.division:
        reading.wrong(f"{at}.partner_division", "FIELD_OTHER_DIVISION")
    if asked.place and not asked.place.startswith(asked.division):
        reading.wrong(f"{at}.place", "FIELD_PLACE")
    first, last = values["window_start"], values["window_end"]
    if date.min not in (first, last):
        check_window(reading, f"{at}.window_end", first, last, asked.working_days)
    return values


def check_window(reading: Reading, field: str, first: date, last: date, working_days: int) -> None:
    """Notes a window that ends before it begins, lasts too long, or has fewer days than are needed."""
    days = (last - first).days + 1
    if not 1 <= days <= LONGEST_WINDOW or days < working_days <= MOST_DAYS:
        reading.wrong(field, "FIELD_WINDOW")


def _read_commissioners(reading: Reading, at: str, asked: pb.Request) -> tuple[str, list[str]]:
    """The numbers of whom the host wishes for and whom it refuses."""
    reading.optional_name(f"{at}.wished_commissioner", asked.wished_commissioner, "commissioners")
    refused = list(asked.refused_commissioners)
    if len(refused) > MOST_REFUSED:
        reading.wrong(f"{at}.refused_commissioners", "FIELD_TOO_MANY", most=MOST_REFUSED)
    for place, each in enumerate(refused[:MOST_REFUSED]):
        reading.name(f"{at}.refused_commissioners[{place}]", each, "commissioners")
        if each in refused[:place] or each == asked.wished_commissioner:
            reading.wrong(f"{at}.refused_commissioners[{place}]", "FIELD_REFUSED_TWICE")
    return asked.wished_commissioner.partition("/")[2], sorted(each.partition("/")[2] for each in refused)
