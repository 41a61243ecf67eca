"""A dispatch as an iCalendar file (RFC 5545), to be opened in any calendar."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from icalendar import Calendar, Event

from cli.stays import Stay, runs
from cli.texts import t

# STATUS of an event (RFC 5545 3.8.1.11) by the state of the assignment
_STATUS = {"": "TENTATIVE", "ASSIGNED": "TENTATIVE", "DECLINED": "CANCELLED", "CANCELLED": "CANCELLED"}


def calendar(stays: Iterable[Stay], title: str, now: datetime) -> bytes:
    """All days of the stays as whole-day events; an event keeps its UID as long as its stay begins on the same day."""
    made = Calendar()
    made.add("prodid", "-//liancai//dispatch//ZH")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", title)
    for each in stays:
        for first, last in each.runs:
            made.add_component(_event(each, first, last, t("ics.at", host=each.host, what=each.what), now))
        for first, last in runs(each.travel):
            made.add_component(_event(each, first, last, t("ics.way", host=each.host), now))
    return bytes(made.to_ical())


def _event(stay: Stay, first: date, last: date, title: str, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{stay.name.replace('/', '-')}-{first:%Y%m%d}@liancai")
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", first)
    event.add("dtend", last + timedelta(days=1))  # the first day after
    event.add("summary", title)
    if stay.place:
        event.add("location", stay.place)
    event.add("description", "\n".join(filter(None, (stay.who, stay.name, stay.state_word))))
    event.add("status", _STATUS.get(stay.state, "CONFIRMED"))
    event.add("transp", "OPAQUE")
    return event
