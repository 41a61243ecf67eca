"""A dispatch as one HTML file: a chart and the same as a table, without a server, a script or anything fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from liancai.reference.v1 import reference_pb2

from cli.show import visible
from cli.stays import Stay, by_commissioner, runs
from cli.texts import t

PAGES = Path(__file__).parent / "pages"
ROW = 26  # pixels
WAY, PINNED = "way", "pinned"  # classes of the style sheet
WIDE, NARROW, FEW = 26, 18, 45  # pixels of a day: wide where it is few
# of the tables
HEADS = ("gantt.who", "gantt.dates", "gantt.host", "gantt.place", "gantt.what", "gantt.state", "gantt.number")
MISSED = ("gantt.host", "gantt.place", "gantt.what", "gantt.window", "gantt.cause", "gantt.number")


@dataclass(frozen=True)
class Bar:
    """A run of days in the chart, in pixels from the left; `kind` is a class of the style sheet."""

    left: int
    width: int
    kind: str
    label: str
    says: str


@dataclass(frozen=True)
class Scale:
    """From days to pixels."""

    first: date
    last: date
    day: int

    @classmethod
    def of(cls, first: date, last: date) -> Scale:
        """The scale of a span."""
        return cls(first, last, WIDE if (last - first).days < FEW else NARROW)

    def bar(self, start: date, end: date, kind: str, stay: Stay) -> Bar:
        """A run of days, as far as it is shown; without width where it is not."""
        start, end = max(start, self.first), min(end, self.last)
        says = " · ".join(filter(None, (f"{start}..{end}", stay.host, stay.place, stay.what, stay.state_word)))
        left, width = ((start - self.first).days * self.day, ((end - start).days + 1) * self.day)
        return Bar(left, width, kind, "" if kind == WAY else stay.host, says)


@dataclass(frozen=True)
class Row:
    """A commissioner's line."""

    who: str
    name: str
    load: str
    bars: Sequence[Bar]


def page(
    stays: Sequence[Stay],
    notes: Mapping[date, reference_pb2.DayNote],
    first: date,
    last: date,
    title: str,
    figures: Iterable[tuple[str, str]] = (),
    unserved: Iterable[Sequence[str]] = (),
) -> str:
    """The file. `figures` are what to say of the whole, `unserved` the cells of MISSED for each request that is
    not served.
    """
    every = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    scale = Scale.of(first, last)
    rows = [_row(name, own, scale) for name, own in by_commissioner(stays)]
    return _template().render(
        language="zh-CN" if t.language == "zh" else "en",
        words={"chart": t("gantt.chart"), "table": t("gantt.table"), "unserved": t("gantt.unserved")},
        heads=[t(key) for key in HEADS],
        missed=[t(key) for key in MISSED],
        visible=visible,
        title=title,
        figures=list(figures),
        unserved=list(unserved),
        stays=stays,
        rows=rows,
        days=[(day, _works(notes, day), _says(notes, day)) for day in every],
        months=_months(every),
        shade=_shade([_works(notes, day) for day in every], scale.day),
        legend=list(_legend(stays)),
        day_width=scale.day,
        row_height=ROW,
    )


@cache
def _template() -> Template:
    found = Environment(
        loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return found.get_template("gantt.html")


def _row(name: str, own: Sequence[Stay], scale: Scale) -> Row:
    bars: list[Bar] = []
    for each in own:
        kind = f"{_kind(each)} {PINNED}" if each.pinned else _kind(each)
        bars += [scale.bar(a, b, kind, each) for a, b in each.runs]
        bars += [scale.bar(a, b, WAY, each) for a, b in runs(each.travel)]
    days = sum(len(each.days) + len(each.travel) for each in own)
    return Row(own[0].who, name, t("gantt.days", days=days), [bar for bar in bars if bar.width > 0])


def _kind(stay: Stay) -> str:
    """The class of its bars in the style sheet."""
    return stay.state.lower().replace("_", "-") or "planned"


def _legend(stays: Sequence[Stay]) -> Iterator[tuple[str, str]]:
    """What each colour means that is there, with its class."""
    yield from {_kind(each): each.state_word or t("gantt.planned") for each in stays}.items()
    if any(each.pinned for each in stays):
        yield f"planned {PINNED}", t("gantt.pinned")
    if any(each.travel for each in stays):
        yield WAY, t("gantt.way")


def _shade(works: Sequence[bool], day: int) -> str:
    """The stops of a gradient that shades the days off, from the left."""
    return ", ".join(
        f"{'transparent' if works_then else '#f0f2f5'} {number * day}px {(number + 1) * day}px"
        for number, works_then in enumerate(works)
    )


def _works(notes: Mapping[date, reference_pb2.DayNote], day: date) -> bool:
    note = notes.get(day)
    return day.weekday() < 5 if note is None else note.workday


def _says(notes: Mapping[date, reference_pb2.DayNote], day: date) -> str:
    note = notes.get(day)
    return note.holiday if note is not None else ""


def _months(days: Sequence[date]) -> list[tuple[str, int]]:
    """Each month with how many of its days are shown."""
    counted: dict[str, int] = {}
    for day in days:
        title = t("month.title", year=day.year, month=day.month)
        counted[title] = counted.get(title, 0) + 1
    return list(counted.items())
