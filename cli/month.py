"""A dispatch in the terminal: the months of one commissioner, or a line for each of many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from string import ascii_lowercase

from liancai.reference.v1 import reference_pb2
from rich.cells import cell_len

from cli.stays import Stay, by_commissioner
from cli.texts import t

Notes = Mapping[date, reference_pb2.DayNote]
CELL = 7  # columns of a day
_KINDS = {"holiday": "month.holiday", "make-up": "month.make_up"}
AT_HOST, ON_THE_WAY, WORKED, OFF = "■", "→", "·", " "


def months(stays: Sequence[Stay], notes: Notes, first: date, last: date) -> Iterator[str]:
    """Lines: each month as weeks, a letter for each stay, and what the letters mean."""
    letters = {each.name: letter for each, letter in zip(stays, _letters(), strict=False)}
    at = {day: f"{AT_HOST}{letters[each.name]}" for each in stays for day in each.days}
    way = {day: f"{ON_THE_WAY}{letters[each.name]}" for each in stays for day in each.travel}
    for start, end in _months(first, last):
        yield ""
        yield t("month.title", year=start.year, month=start.month)
        yield "".join(_wide(word) for word in t("month.weekdays").split()).rstrip()
        line = [_wide("")] * start.weekday()
        for day in _days(start, end):
            line.append(_wide(f"{day.day:>2} {way.get(day) or at.get(day) or _kind(notes, day)}"))
            if day.weekday() == 6 or day == end:
                yield "".join(line).rstrip()
                line = []
    yield ""
    for each in stays:
        spans = ", ".join(str(a) if a == b else f"{a}..{b}" for a, b in each.runs)
        yield "  ".join(filter(None, (letters[each.name], spans, each.host, each.place, each.what, each.state_word)))


def lines(stays: Iterable[Stay], notes: Notes, first: date, last: date) -> Iterator[str]:
    """Lines: each month with a line for each commissioner, a column for each day."""
    grouped = list(by_commissioner(stays))
    called = {name: f"{own[0].who} {name.partition('/')[2]}" for name, own in grouped}
    width = max(map(cell_len, called.values()), default=0)
    for start, end in _months(first, last):
        yield ""
        yield t("month.title", year=start.year, month=start.month)
        yield f"{_wide('', width)}  {''.join(str(day.day % 10) for day in _days(start, end))}"
        for name, own in grouped:
            marks = {day: AT_HOST for each in own for day in each.days}
            marks |= {day: ON_THE_WAY for each in own for day in each.travel}
            row = "".join(marks.get(day) or _dot(notes, day) for day in _days(start, end))
            yield f"{_wide(called[name], width)}  {row}".rstrip()
    yield ""
    yield t("month.legend", at=AT_HOST, way=ON_THE_WAY, worked=WORKED)


def _kind(notes: Notes, day: date) -> str:
    """A word for a day that is not what its weekday says, or off."""
    note = notes.get(day)
    key = _KINDS.get(note.kind) if note is not None else None
    return t(key) if key else ""


def _dot(notes: Notes, day: date) -> str:
    note = notes.get(day)
    works = day.weekday() < 5 if note is None else note.workday
    return WORKED if works else OFF


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(last, following - timedelta(days=1))
        first = following


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=step) for step in range((last - first).days + 1))


def _letters() -> Iterator[str]:
    yield from ascii_lowercase
    number = 1
    while True:
        yield from (f"{letter}{number}" for letter in ascii_lowercase)
        number += 1


def _wide(words: str, width: int = CELL) -> str:
    """The words with blanks up to a width in columns; Chinese takes two."""
    return words + " " * max(0, width - cell_len(words))
