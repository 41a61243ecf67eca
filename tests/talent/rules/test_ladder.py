from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.reference import workdays
from services.reference.parameters import Pack
from services.talent.casework import ladders
from services.talent.casework.editions import SHIPPED
from services.talent.rules import ladder
from services.talent.rules.ladder import Addressee, Channel, Rung
from services.talent.rules.lights import Light, Turns

CALENDAR = workdays.published()
# yellow on a Wednesday, red on the Friday
TURNS = Turns(date(2026, 11, 25), date(2026, 11, 27))
YELLOW = Rung("ladder.yellow", Light.YELLOW, 0, (Addressee.ASSIGNEE,), Channel.MESSAGE)
RED = Rung("ladder.red", Light.RED, 0, (Addressee.UNIT,), Channel.MESSAGE)
LONG = Rung("ladder.red_long", Light.RED, 5, (Addressee.UNIT,), Channel.ORDER, requirement="说明", grace=3)
AGAIN = Rung("ladder.red_again", Light.RED, 0, (Addressee.UNIT,), Channel.ORDER, times=2, requirement="说明", grace=3)
RUNGS = (LONG, RED, YELLOW, AGAIN)


def due(on: date, *sent: str, turns: Turns = TURNS, reds: int = 0) -> list[tuple[str, str]]:
    return [(str(day), rung.key) for day, rung in ladder.due(RUNGS, turns, sent, reds, on, CALENDAR)]


def test_a_rung_is_due_on_its_day_and_from_then_on_until_it_was_sent() -> None:
    assert due(date(2026, 11, 24)) == []
    assert due(date(2026, 11, 25)) == [("2026-11-25", "ladder.yellow")]
    assert due(date(2026, 11, 26)) == [("2026-11-25", "ladder.yellow")]
    assert due(date(2026, 11, 26), "ladder.yellow") == []


def test_after_a_missed_week_all_are_due_in_their_order() -> None:
    assert due(date(2026, 12, 7)) == [
        ("2026-11-25", "ladder.yellow"),
        ("2026-11-27", "ladder.red"),
        ("2026-12-04", "ladder.red_long"),
    ]


def test_days_after_a_light_are_working_days() -> None:
    before_the_festival = Turns(date(2026, 2, 12), date(2026, 2, 13))
    assert LONG.moment(before_the_festival, CALENDAR) == date(2026, 2, 27)


def test_a_second_red_of_the_matter_is_another_rung() -> None:
    found = due(date(2026, 11, 27), "ladder.yellow", reds=1)
    assert found == [("2026-11-27", "ladder.red"), ("2026-11-27", "ladder.red_again")]


def test_nothing_is_due_while_no_date_can_be_said() -> None:
    assert due(date(2026, 12, 31), turns=Turns(date(2026, 11, 25), None)) == []


def test_the_next_day_to_look_is_that_of_the_next_rung() -> None:
    days, day = [], date(2026, 11, 1)
    while (following := ladder.following(RUNGS, TURNS, day, CALENDAR)) is not None:
        days.append(str(day := following))
    assert days == ["2026-11-25", "2026-11-27", "2026-12-04"]


def test_the_rungs_that_ship_can_be_read_and_say_who_is_told() -> None:
    pack = Pack.load(Path(SHIPPED))
    ladders.check(pack)
    found = ladders.rungs(pack, "371526", date(2026, 11, 23))
    assert [rung.key for rung in found] == ["ladder.red", "ladder.red_again", "ladder.red_long", "ladder.yellow"]
    assert {rung.channel for rung in found} == set(Channel)
    assert {each for rung in found for each in rung.tell} == set(Addressee)


@pytest.mark.parametrize(
    "value",
    [
        5,
        {},
        {"on": "green", "tell": ["unit"], "channel": "message"},
        {"on": "red", "tell": ["mayor"], "channel": "message"},
        {"on": "red", "tell": [], "channel": "message"},
        {"on": "red", "tell": ["unit"], "channel": "pigeon"},
        {"on": "red", "tell": ["unit"], "channel": "message", "after": "soon"},
        {"on": "red", "tell": ["unit"], "channel": "message", "after": -1},
        {"on": "red", "tell": ["unit"], "channel": "message", "times": 0},
        {"on": "red", "tell": ["unit"], "channel": "order"},
    ],
)
def test_a_rung_that_makes_no_sense_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"ladder\.x"):
        ladder.read("ladder.x", value)
