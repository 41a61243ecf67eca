"""Whether what a host asks for can be done in the time it gives."""

from __future__ import annotations

from datetime import date, timedelta

from services.reference.workdays import Calendar, CalendarNotPublished


def fits(calendar: Calendar, first: date, last: date, working_days: int, today: date) -> bool:
    """Whether a window, both ends included, holds so many working days from `today` on.

    Working days in a row are next to one another in the calendar, so that a window that holds enough of them holds them
    in a row. Where the calendar of a year is not published, any day may be one.
    """
    start = max(first, today)
    try:
        return calendar.has(start - timedelta(days=1), last, working_days)
    except CalendarNotPublished:
        return (last - start).days + 1 >= working_days
