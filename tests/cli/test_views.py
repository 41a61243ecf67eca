"""The months, the chart and the calendar file of a dispatch."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest
from icalendar import Calendar
from liancai.reference.v1 import reference_pb2

from cli import gantt, ics, month
from cli.stays import Stay, runs
from cli.texts import t
from services.reference import workdays

FIRST, LAST = date(2026, 9, 28), date(2026, 10, 11)  # the holidays of October, with a Saturday made up for
NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
NASTY = "<script>alert(1)</script>=cmd|\u202e"


def notes() -> dict[date, reference_pb2.DayNote]:
    calendar = workdays.published()
    days = [date.fromordinal(number) for number in range(FIRST.toordinal(), LAST.toordinal() + 1)]
    return {
        day: reference_pb2.DayNote(workday=note.works, kind=note.kind, holiday=note.holiday or "")
        for day in days
        for note in [calendar.explain(day)]
    }


def stay(**fields: object) -> Stay:
    values: dict[str, object] = {
        "name": "assignments/1",
        "request": "requests/1",
        "commissioner": "commissioners/1",
        "who": "王*明",
        "host_code": "91371526MA3C0001XX",
        "host": "样例合作社",
        "place": "371526001",
        "what": "现场指导 210",
        "days": (date(2026, 9, 29), date(2026, 9, 30), date(2026, 10, 8)),
        "travel": (date(2026, 9, 28),),
        "state": "ACCEPTED",
    }
    return Stay(**{**values, **fields})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _chinese() -> None:
    t.speak("zh")


def test_runs_are_days_on_end() -> None:
    days = [date(2026, 10, 1), date(2026, 9, 30), date(2026, 10, 3)]
    assert runs(days) == [(date(2026, 9, 30), date(2026, 10, 1)), (date(2026, 10, 3), date(2026, 10, 3))]
    assert runs([]) == []


def test_the_months_of_one_show_each_day_once_and_say_what_a_letter_means() -> None:
    lines = list(month.months([stay()], notes(), FIRST, LAST))
    text = "\n".join(lines)
    assert lines.count("2026年9月") == lines.count("2026年10月") == 1
    week = next(line for line in lines if line.startswith("28"))
    assert week.split() == ["28", "→a", "29", "■a", "30", "■a"]
    assert " 1 休" in text
    assert "10 班" in text, "a Saturday that is worked"
    assert "2026-09-29..2026-09-30, 2026-10-08" in lines[-1]
    assert lines[-1].endswith("已同意")


def test_a_line_for_each_of_many_has_a_column_a_day() -> None:
    two = [stay(), stay(name="assignments/2", commissioner="commissioners/2", who="李*", days=(date(2026, 10, 9),))]
    lines = [line for line in month.lines(two, notes(), FIRST, LAST) if line]
    assert lines[2].endswith("→■■")
    assert lines[6].startswith("王*明 1")
    assert lines[6].endswith("       ■··"), "seven days off, then Thursday to Saturday, which is made up for"
    assert lines[7].endswith("·■·")


def test_more_stays_than_letters_have_letters_of_their_own() -> None:
    many = [stay(name=f"assignments/{n}", days=(date(2026, 10, 9),)) for n in range(60)]
    lines = list(month.months(many, {}, FIRST, LAST))
    assert len({line.split()[0] for line in lines[-60:]}) == 60


class _Read(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_chart_stands_alone_and_nothing_in_it_runs() -> None:
    two = [stay(), stay(name="assignments/2", commissioner="commissioners/2", who=NASTY, host=NASTY, pinned=True)]
    page = gantt.page(two, notes(), FIRST, LAST, NASTY, [("目标", "1")], [("requests/9", NASTY)] * 2)
    read = _Read()
    read.feed(page)
    assert not {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe", "object"}
    assert not [attrs for _, attrs in read.tags if {"src", "href", "onload", "onclick"} & attrs.keys()]
    assert "\u202e" not in page
    assert "<script>" not in page
    bars = [attrs for tag, attrs in read.tags if tag == "b"]
    assert len(bars) == 6, "each of two has two runs at the host's and one on the way"
    assert [bar["style"] for bar in bars[:3]] == [
        "left:26px;width:52px",
        "left:260px;width:26px",
        "left:0px;width:26px",
    ]
    assert sum("pinned" in (bar["class"] or "") for bar in bars) == 2
    assert page.count("样例合作社") >= 2, "in the chart and in the table"


def test_a_stay_outside_the_days_shown_has_no_bar() -> None:
    page = gantt.page([stay(days=(date(2026, 12, 1),), travel=())], notes(), FIRST, LAST, "x")
    assert '<b class="bar' not in page


def test_the_calendar_file_is_read_back_the_same() -> None:
    told = [stay(), stay(name="assignments/2", state="ASSIGNED", travel=(), days=(date(2026, 10, 9),))]
    read = Calendar.from_ical(ics.calendar(told, "派驻", NOW))
    events = list(read.walk("VEVENT"))
    spans = [(event.decoded("dtstart"), event.decoded("dtend"), str(event["status"])) for event in events]
    assert spans == [
        (date(2026, 9, 29), date(2026, 10, 1), "CONFIRMED"),
        (date(2026, 10, 8), date(2026, 10, 9), "CONFIRMED"),
        (date(2026, 9, 28), date(2026, 9, 29), "CONFIRMED"),
        (date(2026, 10, 9), date(2026, 10, 10), "TENTATIVE"),
    ]
    assert len({str(event["uid"]) for event in events}) == 4
    again = Calendar.from_ical(ics.calendar(told, "派驻", NOW))
    assert [str(event["uid"]) for event in again.walk("VEVENT")] == [str(event["uid"]) for event in events]
    assert all(len(line) <= 75 for line in ics.calendar(told, "派驻" * 60, NOW).split(b"\r\n"))
