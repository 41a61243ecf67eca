"""The rows of a file, kept small: there may be 200,000 of them at once.

A row that nothing was found about is kept as one text and read anew whenever it is asked for; what was found about one
keeps it whole.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from services.reference import resident_id
from services.training.rules.roster.draft import Row

_BETWEEN = "\x1f"  # the unit separator: no cell that was read in order holds one
_ALWAYS = 7  # parts of a text that every row has; pairs of column and cell follow


class Rows:
    """Rows in file order. Their places are counted from 0."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._kept: list[bytes | Row] = []
        for row in rows:
            self.append(row)

    def append(self, row: Row) -> None:
        """One more row."""
        self._kept.append(_packed(row))

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Row]:
        return map(_whole, self._kept)

    def part(self, start: int, size: int) -> list[Row]:
        """At most `size` rows from a place on."""
        return [_whole(kept) for kept in self._kept[start : start + size]]

    def held(self, place: int) -> Row:
        """The row of a place, which is kept whole from now on: what is added to it stays."""
        row = self._kept[place] = _whole(self._kept[place])
        return row

    def noted(self) -> Iterator[Row]:
        """The rows that something was found about."""
        return (kept for kept in self._kept if isinstance(kept, Row))

    def numbers(self) -> Iterator[int]:
        """Every row's number in the file."""
        for kept in self._kept:
            yield kept.row_number if isinstance(kept, Row) else int(kept[: kept.index(b"\x1f")])

    def people(self) -> Iterator[tuple[int, str, str, str]]:
        """Place, name, phone and identity number of every row that has one."""
        for place, kept in enumerate(self._kept):
            if isinstance(kept, Row):
                if kept.number is not None:
                    yield place, kept.full_name, kept.phone, kept.number.number
            else:
                _, full_name, phone, number, _ = kept.decode().split(_BETWEEN, 4)
                yield place, full_name, phone, number

    def extras(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Place and further cells to compare of every row that has any."""
        for place, kept in enumerate(self._kept):
            if isinstance(kept, Row):
                if kept.extra:
                    yield place, dict(kept.extra)
            elif kept.count(b"\x1f") >= _ALWAYS:
                cells = kept.decode().split(_BETWEEN)[_ALWAYS:]
                yield place, dict(zip(cells[::2], cells[1::2], strict=True))


def _packed(row: Row) -> bytes | Row:
    """A row as it is kept."""
    if row.findings or row.number is None:
        return row
    parts = [str(row.row_number), row.full_name, row.phone, row.number.number, row.category, *row.proof]
    for pair in row.extra:
        parts += pair
    text = _BETWEEN.join(parts)
    return text.encode() if text.count(_BETWEEN) == len(parts) - 1 else row


def _whole(kept: bytes | Row) -> Row:
    """A row as it was."""
    if isinstance(kept, Row):
        return kept
    row_number, full_name, phone, number, category, kind, proof, *extra = kept.decode().split(_BETWEEN)
    return Row(
        int(row_number),
        full_name,
        phone,
        resident_id.parsed(number),
        (),
        category,
        (sys.intern(kind), proof),
        tuple(zip(extra[::2], extra[1::2], strict=True)),
    )
