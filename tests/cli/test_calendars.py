"""Calendars: which days they take, what is sent of them, and what is no calendar."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from liancai.placement.v1 import commissioners_pb2 as pb

from cli import calendars
from cli.grammar import Mistake

Run = Callable[..., Any]
FIRST, LAST = date(2026, 11, 23), date(2026, 12, 31)
ZONE = """\
BEGIN:VTIMEZONE
TZID:Berlin
BEGIN:STANDARD
DTSTART:20261025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""
SECRET = "体检复查"


def a_calendar(path: Path, *events: str, before: str = "") -> Path:
    inner = "".join(
        f"BEGIN:VEVENT\nUID:{place}\nSUMMARY:{SECRET}\n{each}\nEND:VEVENT\n" for place, each in enumerate(events)
    )
    path.write_text(
        f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{before}{inner}END:VCALENDAR\n".replace("\n", "\r\n"), "utf-8"
    )
    return path


def days(spans: list[calendars.Span]) -> list[str]:
    return [f"{first:%m%d}" if first == last else f"{first:%m%d}-{last:%m%d}" for first, last in spans]


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ("DTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261204", ["1201-1203"]),
        ("DTSTART;VALUE=DATE:20261201", ["1201"]),
        ("DTSTART;VALUE=DATE:20261120\nDTEND;VALUE=DATE:20261125", ["1123-1124"]),
        ("DTSTART;VALUE=DATE:20261230\nDTEND;VALUE=DATE:20270110", ["1230-1231"]),
        ("DTSTART;VALUE=DATE:20270101\nDTEND;VALUE=DATE:20270102", []),
        ("DTSTART:20261201T090000\nDTEND:20261201T103000", ["1201"]),
        ("DTSTART:20261201T090000\nDURATION:P2D", ["1201-1203"]),
        ("DTSTART:20261201T220000\nDTEND:20261202T000000", ["1201"]),
        ("DTSTART:20261201T155959Z\nDTEND:20261201T160000Z", ["1201"]),
        ("DTSTART:20261201T160000Z\nDTEND:20261201T170000Z", ["1202"]),
        ("DTSTART;TZID=Asia/Shanghai:20261201T090000\nDTEND;TZID=Asia/Shanghai:20261201T100000", ["1201"]),
        ("DTSTART;TZID=Berlin:20261201T180000\nDTEND;TZID=Berlin:20261201T190000", ["1202"]),
        ("DTSTART;TZID=America/New_York:20261231T120000\nDTEND;TZID=America/New_York:20261231T130000", []),
        ("DTSTART:20261120T170000Z\nDTEND:20261122T163000Z", ["1123"]),
        ("DTSTART;VALUE=DATE:20261201\nTRANSP:TRANSPARENT", []),
        ("DTSTART;VALUE=DATE:20261201\nTRANSP:OPAQUE\nSTATUS:TENTATIVE", ["1201"]),
        ("DTSTART;VALUE=DATE:20261201\nSTATUS:CANCELLED", []),
        ("DTSTART:20261124T140000\nDTEND:20261124T160000\nRRULE:FREQ=WEEKLY;COUNT=3", ["1124", "1201", "1208"]),
        (
            "DTSTART:20200107T140000\nDTEND:20200107T160000\nRRULE:FREQ=WEEKLY;BYDAY=TU\nEXDATE:20261208T140000",
            ["1124", "1201", "1215", "1222", "1229"],
        ),
        ("DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY;UNTIL=20261203", ["1201-1203"]),
        ("DTSTART;VALUE=DATE:20261231\nRRULE:FREQ=MONTHLY", ["1231"]),
        ("DTSTART;VALUE=DATE:20261201\nRDATE;VALUE=DATE:20261210", ["1201", "1210"]),
    ],
)
def test_the_days_of_an_event(tmp_path: Path, event: str, found: list[str]) -> None:
    path = a_calendar(tmp_path / "a.ics", event, before=ZONE)
    assert days(calendars.busy(path, FIRST, LAST)) == found


def test_an_occurrence_that_was_moved_is_where_it_was_moved_to(tmp_path: Path) -> None:
    path = tmp_path / "a.ics"
    weekly = "DTSTART:20261124T140000\nDTEND:20261124T160000\nRRULE:FREQ=WEEKLY;COUNT=2"
    moved = "RECURRENCE-ID:20261201T140000\nDTSTART:20261203T140000\nDTEND:20261203T160000"
    a_calendar(path, weekly, moved)
    path.write_bytes(path.read_bytes().replace(b"UID:1", b"UID:0"))
    assert days(calendars.busy(path, FIRST, LAST)) == ["1124", "1203"]


def test_events_that_touch_are_one_span_and_calendars_in_one_file_are_all_read(tmp_path: Path) -> None:
    one = a_calendar(tmp_path / "a.ics", "DTSTART;VALUE=DATE:20261201", "DTSTART:20261202T090000\nDURATION:PT1H")
    two = a_calendar(tmp_path / "b.ics", "DTSTART;VALUE=DATE:20261210")
    one.write_bytes(one.read_bytes() + two.read_bytes())
    assert days(calendars.busy(one, FIRST, LAST)) == ["1201-1202", "1210"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff", b"hello", b"BEGIN:VCALENDAR\r\n", b"PK\x03\x04", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n"],
    ids=["nothing", "bytes", "words", "cut off", "a workbook", "no calendar"],
)
def test_what_is_no_calendar_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.ics"
    path.write_bytes(content)
    with pytest.raises(Mistake, match=r"a\.ics"):
        calendars.busy(path, FIRST, LAST)


@pytest.mark.parametrize(
    "event",
    [
        "DTSTART:2026",
        "DTSTART:20261201T090000\nDTEND:soon",
        "DTSTART:20261201T090000\nDTEND:20261201T103000\nRRULE:FREQ=SOMETIMES",
        f"SUMMARY:{SECRET}",
    ],
)
def test_a_damaged_event_is_told_without_its_words(tmp_path: Path, event: str) -> None:
    path = a_calendar(tmp_path / "a.ics", event, "DTSTART;VALUE=DATE:20261201")
    with pytest.raises(Mistake) as refused:
        calendars.busy(path, FIRST, LAST)
    assert SECRET not in refused.value.message


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY", "FREQ=HOURLY", f"FREQ=DAILY;BYHOUR=1,2;BYMINUTE={','.join(map(str, range(60)))}"]
)
def test_an_event_that_never_ends_coming_back_is_refused(tmp_path: Path, rule: str) -> None:
    path = a_calendar(tmp_path / "a.ics", f"DTSTART:20261201T090000\nRRULE:{rule}")
    with pytest.raises(Mistake):
        calendars.busy(path, FIRST, LAST)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "LARGEST", 100)
    with pytest.raises(Mistake):
        calendars.busy(a_calendar(tmp_path / "a.ics", "DTSTART;VALUE=DATE:20261201"), FIRST, LAST)


def test_what_is_new_is_what_lies_in_nothing_known() -> None:
    def span(first: int, last: int) -> calendars.Span:
        return date(2026, 12, first), date(2026, 12, last)

    assert calendars.beyond([span(1, 9)], []) == [span(1, 9)]
    assert calendars.beyond([span(1, 9), span(12, 12)], [span(3, 4), span(8, 20)]) == [span(1, 2), span(5, 7)]
    assert calendars.beyond([span(3, 4)], [span(1, 9)]) == []


# ---- the verb --------------------------------------------------------------------------------------


@pytest.fixture
def sent(server: Any) -> Any:
    held = pb.Commissioner(
        name="commissioners/7", etag='"4"', term_end="2026-12-31", unavailable_weekdays=[7],
        absences=[pb.Absence(first_day="2026-12-01", last_day="2026-12-02")],
    )  # fmt: skip
    server.answers |= {"GetCommissioner": lambda *_: held, "SetAvailability": lambda *_: held}
    return server


def test_new_days_are_added_to_those_there_were_and_nothing_else_goes_out(
    sent: Any, liancai: Run, tmp_path: Path
) -> None:
    events = ("DTSTART;VALUE=DATE:20261202\nDTEND;VALUE=DATE:20261205", "DTSTART;VALUE=DATE:20270101")
    path = a_calendar(tmp_path / "a.ics", *events)
    done = liancai("commissioner", "absences", "7", "--ics", path, "--from", "2026-11-23", "--request-id", "again-0001")
    assert done.code == 0, done.err
    (request,) = sent.requests("SetAvailability")
    assert (request.name, request.etag, request.request_id) == ("commissioners/7", '"4"', "again-0001")
    assert list(request.unavailable_weekdays) == [7]
    assert [(each.first_day, each.last_day) for each in request.absences] == [("2026-12-01", "2026-12-04")]
    assert re.search(r"2026-12-03\s+2026-12-04\s+2", done.out)
    said = f"{done.out}{done.err}{sent.calls}"
    assert SECRET not in said


def test_a_dry_run_shows_and_sends_nothing(sent: Any, liancai: Run, tmp_path: Path) -> None:
    path = a_calendar(tmp_path / "a.ics", "DTSTART;VALUE=DATE:20261210")
    done = liancai("commissioner", "absences", "7", "--ics", path, "--from", "2026-11-23", "--dry-run", "-o", "json")
    assert done.code == 0
    assert '"first_day": "2026-12-10"' in done.out
    assert not sent.requests("SetAvailability")


def test_nothing_new_is_not_sent(sent: Any, liancai: Run, tmp_path: Path) -> None:
    path = a_calendar(tmp_path / "a.ics", "DTSTART;VALUE=DATE:20261201")
    assert liancai("commissioner", "absences", "7", "--ics", path, "--from", "2026-11-23").code == 0
    assert not sent.requests("SetAvailability")


def test_the_time_that_is_looked_at_is_bounded(sent: Any, liancai: Run, tmp_path: Path) -> None:
    daily = a_calendar(tmp_path / "a.ics", "DTSTART;VALUE=DATE:20261123\nRRULE:FREQ=DAILY")
    words = ("commissioner", "absences", "7", "--ics", daily, "--from", "2026-11-23")
    assert liancai(*words, "--until", "2026-11-20").code == 2
    assert liancai(*words, "--until", "2030-01-01").code == 2
    assert liancai(*words).code == 0  # to the end of the term
    assert sent.requests("SetAvailability")[-1].absences[0].last_day == "2026-12-31"
    assert liancai(*words, "--until", "2027-01-05").code == 0
    assert sent.requests("SetAvailability")[-1].absences[0].last_day == "2027-01-05"


def test_more_spans_than_the_register_holds_are_not_sent(sent: Any, liancai: Run, tmp_path: Path) -> None:
    weekly = a_calendar(tmp_path / "a.ics", "DTSTART;VALUE=DATE:20261123\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE")
    done = liancai("commissioner", "absences", "7", "--ics", weekly, "--from", "2026-11-23", "--until", "2028-12-31")
    assert done.code == 2
    assert "--never-on" in done.err
    assert not sent.requests("SetAvailability")


def test_a_file_that_is_not_there(sent: Any, liancai: Run, tmp_path: Path) -> None:
    assert liancai("commissioner", "absences", "7", "--ics", tmp_path / "none.ics").code in (1, 2)
    assert not sent.requests("SetAvailability")
