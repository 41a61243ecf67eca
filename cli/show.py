"""The one printer: tables for people; json, jsonl and csv in the contract's own names for programs.

Data goes to standard output, words to standard error. Names are data: whatever could command a terminal or a
spreadsheet is made harmless here, and nowhere else.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from cli.grammar import SHANGHAI, Format
from cli.texts import t

Item: TypeAlias = Message | Mapping[str, Any]

# C0 and C1 controls, invisible and direction-changing characters, lone surrogates
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
# what a spreadsheet takes for the beginning of a formula (OWASP), also in full width
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
# text fields that hold one of a few words of the contract
_CODED = ("act", "confidence", "kind", "sex", "state")
# numbers for which the contract says that 0 is none
_NONE_AT_0 = (
    *("waitlist_position", "party_size", "member", "travel_day_km"),
    *("study_months", "host_staff", "host_interns"),
)
# numbers of a limit: persons, or fen where it is a budget
_LIMITED, _BUDGET = ("granted", "taken", "left", "per_seat"), "quotas/budget-"
# numbers that are a share of something
_SHARES = ("gap", "keep")
# a message inside another shows these columns where all of them would not fit a line
_INNER = {
    "legs": ("title", "division", "bureau", "state", "used", "limit", "deadline", "holds_clock"),
    "verdicts": ("code", "outcome", "title", "inputs", "parameters", "source", "confidence"),
    "enrolments": ("name", "state", "class_name", "masked_name", "masked_resident_id", "findings"),
}
# messages that say in one line what they have to say
_LINES: dict[str, Callable[[Any], str]] = {
    "Discipline": lambda each: f"{each.code}={each.level}",
    "Absence": lambda each: f"{each.first_day}..{each.last_day}",
    "Finding": lambda each: f"{each.code} {each.message}",
    "Move": lambda each: str(each.text),
    "Step": lambda each: f"{each.name} {each.title}".strip(),
    "Limit": lambda each: " ".join(filter(None, (str(each.n or ""), text(each, "unit"), text(each, "basis")))),
    "Deadline": lambda each: t(
        "deadline.line" if not each.provisional else "deadline.line_provisional",
        day=each.promised_date or each.planned_date or each.statutory_date or "-",
    ),
    "AcceptedWarning": lambda each: t("accepted.line", code=each.code, reason=each.reason),
}


class Rows:
    """The rows of a list, which may be none, and the descriptor of what each of them is."""

    def __init__(self, kind: Any, items: Iterable[Any]) -> None:
        self.kind, self._items = kind, items

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)


def rows_in(item: Message, field: str) -> Rows:
    """What a field of a message repeats, as rows that stay when the field is cleared."""
    return Rows(item.DESCRIPTOR.fields_by_name[field].message_type, list(getattr(item, field)))


@dataclass(frozen=True)
class _Table:
    title: str
    headings: Sequence[str]  # without any, each line is a name and a value
    lines: list[list[str]]


def rows(items: Iterable[Item], columns: Sequence[str], output: Format, limit: int = 0) -> None:
    """Prints a list: a table of `columns`, or all fields for a machine. Says when `limit` was reached."""
    count, known = 0, items.kind if isinstance(items, Rows) else None

    def counted() -> Iterator[Item]:
        nonlocal count
        for item in items:
            count += 1
            yield item

    if output is Format.jsonl:
        for item in counted():
            put(dumps(plain(item)) + "\n")
    elif output is Format.json:
        put(dumps([plain(item) for item in counted()], indent=2) + "\n")
    elif output is Format.csv:
        _csv(counted(), known)
    else:
        kind, lines = known.name if known else "", []
        for item in counted():
            kind = item.DESCRIPTOR.name if isinstance(item, Message) else ""
            lines.append([text(item, column) for column in columns])
        _tables([_Table("", [heading(column, kind) for column in columns], lines)])
        note(t("list.count", count=count))
    if limit and count >= limit:
        note(t("list.limit", limit=limit))


def one(item: Item, output: Format) -> None:
    """Prints one thing: its fields below one another, what it contains as tables of their own."""
    if output is Format.csv:
        _csv([item])
    elif output is not Format.table:
        put(dumps(plain(item), indent=2 if output is Format.json else None) + "\n")
    elif isinstance(item, Message):
        _tables(_sheet(item))
    else:
        _tables([_Table("", (), [[heading(key), _printable(value)] for key, value in item.items()])])


def _sheet(item: Message, title: str = "") -> Iterator[_Table]:
    """A message as tables: first its plain fields, then each field that holds messages, under its name."""
    fields, kind = item.DESCRIPTOR.fields, item.DESCRIPTOR.name
    simple = [field for field in fields if field.message_type is None or _is_simple(field)]
    yield _Table(title, (), [[heading(f.name, kind), said] for f in simple if (said := text(item, f.name))])
    for field in (field for field in fields if field not in simple):
        if field.is_repeated:
            inner: Any = field.message_type
            names = _INNER.get(field.name) or [sub.name for sub in inner.fields]
            parts: list[Message] = list(getattr(item, field.name))
            filled = [name for name in names if any(text(part, name) for part in parts)]
            lines = [[text(part, name) for name in filled] for part in parts]
            yield _Table(heading(field.name, kind), [heading(name, inner.name) for name in filled], lines)
        elif item.HasField(field.name):
            yield from _sheet(getattr(item, field.name), heading(field.name, kind))


def _is_simple(field: Any) -> bool:
    """Whether a message field prints in one cell: a map or a timestamp."""
    kind = field.message_type
    return bool(kind.GetOptions().map_entry or kind.full_name == "google.protobuf.Timestamp")


def heading(field: str, message: str = "") -> str:
    """A field's name in the language spoken; a message may call its own differently."""
    return t.word(f"field.{message}.{field}", t.word(f"field.{field}", field))


def plain(item: Item) -> dict[str, Any]:
    """A message as canonical ProtoJSON with the proto's own field names, empty fields included."""
    if not isinstance(item, Message):
        return dict(item)
    return MessageToDict(item, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def text(item: Item, name: str) -> str:
    """One field as people read it: yuan for fen, Shanghai time, a word for a state; "" when it is unset."""
    if not isinstance(item, Message):
        return _printable(item.get(name, ""))
    field = item.DESCRIPTOR.fields_by_name[name]
    value = getattr(item, name)
    if field.message_type is not None:
        if field.message_type.full_name == "google.protobuf.Timestamp":
            return value.ToDatetime(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S") if item.HasField(name) else ""
        if field.message_type.GetOptions().map_entry:
            return "; ".join(f"{key}={value[key]}" for key in sorted(value))
        line = _LINES.get(field.message_type.name, lambda part: str(plain(part)) if field.is_repeated else "")
        parts = value if field.is_repeated else [value] if item.HasField(name) else []
        return "\n".join(line(part) for part in parts)
    if field.has_presence and not item.HasField(name):
        return ""
    if field.is_repeated:
        parts = [_scalar(field, part) for part in value]
        return ("\n" if any(part.endswith((".", "。")) for part in parts) else ", ").join(parts)
    if field.name in _LIMITED and is_fen(item, field):
        return _yuan(value)
    return _scalar(field, value)


def is_fen(item: Message, field: Any) -> bool:
    """Whether a number is fen: its name says so, or it is one of a budget's."""
    limited = field.name in _LIMITED and str(getattr(item, "name", "")).startswith(_BUDGET)
    return limited or field.name.endswith("_fen")


def _yuan(value: int) -> str:
    return f"{value // 100}.{value % 100:02}"


def _scalar(field: Any, value: Any) -> str:
    if field.enum_type is not None:
        if value == 0:
            return ""
        known = field.enum_type.values_by_number.get(value)
        name = known.name if known else str(value)
        return t.word(f"value.{field.enum_type.full_name.split('.v1.')[-1]}.{name}", name)
    if field.name.endswith("_fen"):
        return _yuan(value) if value else ""
    if field.name in _NONE_AT_0 and not value:
        return ""
    if isinstance(value, float):
        return f"{100 * value:.2f} %" if field.name in _SHARES else f"{value:.2f}".rstrip("0").rstrip(".")
    if field.name == "category" and value:
        return f"{value} {t.word(f'value.category.{value}', '')}".rstrip()
    if field.name == "field":  # of a finding: a column of a file, or a field of the contract
        return t.word(f"column.{value}", heading(value))
    if field.name in _CODED:
        return t.word(f"value.{field.name}.{value}", value)
    return _printable(value)


def _printable(value: Any) -> str:
    if isinstance(value, bool):
        return t("word.yes" if value else "word.no")
    return str(value)


def dumps(value: Any, indent: int | None = None) -> str:
    """JSON with readable Chinese; what could command a terminal is an escape, which JSON reads back."""
    raw = json.dumps(value, ensure_ascii=False, indent=indent)
    return _CONTROL.sub(lambda hit: hit[0] if hit[0] == "\n" else f"\\u{ord(hit[0]):04x}", raw)


def visible(value: str) -> str:
    """Text without any control character: each is shown as its escape, as Python writes it. Lines stay lines."""
    return _CONTROL.sub(lambda hit: hit[0] if hit[0] == "\n" else repr(hit[0])[1:-1], value)


def guarded(value: str) -> str:
    """A CSV cell no spreadsheet runs: an apostrophe before what would begin a formula."""
    return visible(f"'{value}" if value.startswith(_FORMULA) else value)


def _csv(items: Iterable[Item], kind: Any = None) -> None:
    """Prints every field of every item; what a field contains is JSON in its cell. Of a `kind` of items there is a
    heading also where there is none.
    """
    header: list[str] = []

    def line(values: Sequence[Any]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(values)
        put(buffer.getvalue())

    for item in items:
        values = plain(item)
        if not header:
            header = [f.name for f in item.DESCRIPTOR.fields] if isinstance(item, Message) else list(values)
            line(header)
        line([_csv_cell(values.get(name, "")) for name in header])
    if kind is not None and not header:
        line([f.name for f in kind.fields])


def _csv_cell(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return guarded(dumps(value)) if value else ""
    return guarded(value) if isinstance(value, str) else value


def _tables(tables: Iterable[_Table]) -> None:
    """Prints tables: to a terminal in its width and colours, elsewhere as wide as the data and plain."""
    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    terminal = sys.stdout.isatty()
    buffer = io.StringIO()
    width = shutil.get_terminal_size().columns if terminal else 10_000
    console = Console(file=buffer, width=width, force_terminal=terminal, highlight=False, emoji=False)
    for part in tables:
        if not part.lines and (part.title or not part.headings):
            continue
        table = Table(box=box.SIMPLE_HEAD, show_header=bool(part.headings), header_style="bold", pad_edge=False)
        # what a row is called stays whole, to be copied into the next command, if it leaves the rest half of the width
        named = max((cell_len(visible(line[0])) for line in part.lines), default=0)
        for place, title in enumerate(part.headings or ("", "")):
            table.add_column(title, overflow="fold", no_wrap=place == 0 and named <= width // 2)
        for line in part.lines:
            table.add_row(*(escape(visible(cell)) for cell in line))
        if part.title:
            console.print(f"[bold]{part.title}[/]")
        console.print(table)
    lines = (line.rstrip() for line in buffer.getvalue().splitlines())
    put("".join(f"{line}\n" for line in lines if terminal or line))


def sentence(words: str) -> None:
    """Prints a sentence that is data, such as why somebody waits where they do."""
    put(f"{visible(words)}\n")


def put(data: str) -> None:
    """Writes data. When nobody reads on (a closed pipe) the command ends quietly."""
    try:
        sys.stdout.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        hush()
        raise typer.Exit(0) from None


def hush() -> None:
    """Points standard output nowhere, so that the interpreter's last flush cannot fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def note(words: str) -> None:
    """Says something to the user."""
    print(visible(words), file=sys.stderr)
