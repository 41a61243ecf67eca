"""What a class's readers should know of its size and dates, by the parameters in force; nothing here refuses."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.reference.parameters import Pack
from services.reference.workdays import CalendarNotPublished, published
from services.training.tables import ClassRow


def remarks(pack: Pack, row: ClassRow, today: date) -> list[dict[str, Any]]:
    """Keys of sentences with their values; a number nobody knows yet gives no remark."""
    found: list[dict[str, Any]] = []

    def limit(key: str) -> int | None:
        parameter = pack.find(key, row.division, today)
        return None if parameter is None else parameter.integer()

    most, least, lead = limit("class.max_size"), limit("class.min_size"), limit("class.filing_lead")
    if most is not None and row.capacity > most:
        found.append({"key": "REMARK_LARGE", "values": {"most": str(most)}})
    if least is not None and row.capacity < least:
        found.append({"key": "REMARK_SMALL", "values": {"least": str(least)}})
    if lead is not None:
        try:
            if not published().has(today, max(today, row.start_date), lead):
                found.append({"key": "REMARK_LATE", "values": {"lead": str(lead)}})
        except CalendarNotPublished as fault:
            found.append({"key": "REMARK_CALENDAR", "values": {"year": str(fault.year)}})
    return found
