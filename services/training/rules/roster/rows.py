"""The rows of a file, kept small: there may be 200,000 of them at once.

Rows that nothing was found about are kept a block at a time, as bytes, and read anew whenever they are asked for; what
was found about one keeps it whole. Of what rows are compared by only a number is kept: few files hold anything twice.
"""

from __future__ import annotations

import marshal
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, islice

from services.reference import resident_id
from services.training.rules.roster.draft import Row

_BLOCK = 20  # rows: of larger ones a row costs less, and more when it alone is asked for

Key = Callable[[str, str, str], str]
# a row as it is kept: its number, full name, phone, identity number, category, proof, further cells; None where the row
# is kept whole
_Plain = tuple[int, str, str, str, str, tuple[str, str], tuple[tuple[str, str], ...]] | None


def number_of(_full_name: str, _phone: str, number: str) -> str:
    """Who somebody is."""
    return number


def birthday_of(full_name: str, _phone: str, number: str) -> str:
    """A name and a birthday."""
    return full_name + number[6:14]


def phone_of(_full_name: str, phone: str, _number: str) -> str:
    """How somebody is reached."""
    return phone


class Rows:
    """Rows in file order. Their places are counted from 0."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._blocks: list[bytes] = []
        self._last: list[_Plain] = []  # what comes after the blocks
        self._noted: dict[int, Row] = {}
        self._numbers = array("L")
        self._by_number, self._by_birthday, self._by_phone = array("q"), array("q"), array("q")
        self._by: dict[Key, array[int]] = {
            number_of: self._by_number,
            birthday_of: self._by_birthday,
            phone_of: self._by_phone,
        }
        self._extras = array("q")
        self.columns: set[str] = set()  # of the further cells that any row has
        for row in rows:
            self.append(row)

    def append(self, row: Row) -> None:
        """One more row."""
        plain: _Plain = None
        if row.number is not None:
            name, phone, number = row.full_name, row.phone, row.number.number
            self._by_number.append(hash(number))
            self._by_birthday.append(hash(name + number[6:14]))
            self._by_phone.append(hash(phone))
            if not row.findings:
                plain = (row.row_number, name, phone, number, row.category, row.proof, row.extra)
        for pair in row.extra:
            self._extras.append(hash(pair))
            self.columns.add(pair[0])
        if plain is None:
            self._noted[len(self._numbers)] = row
        self._numbers.append(row.row_number)
        self._last.append(plain)
        if len(self._last) == _BLOCK:
            self._blocks.append(marshal.dumps(self._last))
            self._last = []

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Row]:
        return map(self._whole, range(len(self)), self._kept())

    def part(self, start: int, size: int) -> list[Row]:
        """At most `size` rows from a place on."""
        skipped = start % _BLOCK
        kept = islice(self._kept(start // _BLOCK), skipped, skipped + size)
        return list(map(self._whole, count(start), kept))

    def told(self, start: int, size: int) -> list[Row]:
        """As `part`, where of rows that nothing was found about only the number is read."""
        numbers, noted = self._numbers[start : start + size], self._noted
        return [noted.get(place) or Row(number, "", "", None, ()) for place, number in enumerate(numbers, start)]

    def held(self, place: int) -> Row:
        """The row of a place, which is kept whole from now on: what is added to it stays."""
        found = self._noted.get(place)
        if found is None:
            found = self._noted[place] = self.part(place, 1)[0]
        return found

    def noted(self) -> Iterator[Row]:
        """The rows that something was found about."""
        return (row for _, row in sorted(self._noted.items()))

    def numbers(self) -> Iterable[int]:
        """Every row's number in the file."""
        return self._numbers

    def again(self, key: Key) -> set[int]:
        """The hashes of keys that come more than once."""
        return _again(self._by[key])

    def extras_again(self) -> set[int]:
        """The hashes of further cells, as pairs of column and text, that come more than once."""
        return _again(self._extras)

    def people(self) -> Iterator[tuple[int, str, str, str]]:
        """Place, name, phone and identity number of every row that has one."""
        for place, kept in enumerate(self._kept()):
            if kept is not None:
                _, full_name, phone, number, *_ = kept
                yield place, full_name, phone, number
            elif (row := self._noted[place]).number is not None:
                yield place, row.full_name, row.phone, row.number.number

    def extras(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Place and further cells to compare of every row that has any."""
        for place, kept in enumerate(self._kept()):
            extra = self._noted[place].extra if kept is None else kept[-1]
            if extra:
                yield place, dict(extra)

    def _kept(self, first: int = 0) -> Iterator[_Plain]:
        """The rows as they are kept, from a block on."""
        for place in range(first, len(self._blocks)):
            yield from marshal.loads(self._blocks[place])  # noqa: S302  made above
        yield from self._last if first <= len(self._blocks) else ()

    def _whole(self, place: int, kept: _Plain) -> Row:
        """A row as it was."""
        if (row := self._noted.get(place)) is not None:
            return row
        assert kept is not None
        row_number, full_name, phone, number, category, (kind, proof), extra = kept
        return Row(
            row_number, full_name, phone, resident_id.parsed(number), (), category, (sys.intern(kind), proof), extra
        )


def _again(marks: Sequence[int]) -> set[int]:
    """The numbers that come more than once."""
    if len(set(marks)) == len(marks):
        return set()
    return {mark for mark, times in Counter(marks).items() if times > 1}
