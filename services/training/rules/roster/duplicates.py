"""Rows against one another (跨行核对): the same person twice, and what two people should not have in common.

One pass fills tables by key, so that 100,000 rows cost no more than 100,000 look-ups; only keys that meet again are
looked at. Every row of a clash names the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from services.reference.conditions import Condition, Finding
from services.training.rules.roster import conditions as c
from services.training.rules.roster.draft import Row
from services.training.rules.roster.rows import Key, Rows, birthday_of, number_of, phone_of

MOST_NAMED = 20  # other rows in one finding
MANY_CONTACTS = 3  # rows that may share an emergency phone: a family

# what is compared beside the person, and what it means when different people share it
_SHARED = (
    ("bank_account", c.BANK_ACCOUNT_SHARED, 2),
    ("proof_number", c.PROOF_NUMBER_SHARED, 2),
    ("employment_card", c.CARD_SHARED, 2),
    ("email", c.EMAIL_SHARED, 2),
    ("emergency_phone", c.EMERGENCY_PHONE_SHARED, MANY_CONTACTS),
)
_LOOKED_AT = ("employer_credit_code", "employer_name", "signed")  # in every row
EXTRA = (*(column for column, _, _ in _SHARED), *_LOOKED_AT)


class _Groups:
    """Rows by key, of which only keys that more than one row has are kept apart."""

    __slots__ = ("_first", "_met")

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._met: defaultdict[str, list[int]] = defaultdict(list)

    def add(self, key: str, place: int) -> None:
        """Puts the row of a place under its key."""
        first = self._first.setdefault(key, place)
        if first != place:
            self._met[key].append(place)

    def met(self, rows: Rows) -> Iterable[list[Row]]:
        """The rows of every key that more than one row has, in file order."""
        for key, others in self._met.items():
            yield [rows.held(place) for place in (self._first[key], *others)]


def compare(rows: Rows) -> None:
    """Adds what rows say of one another to their findings."""
    # one table at a time: each may be as long as the file
    for same in _alike(rows, number_of):
        _same_number(same)
    for same in _alike(rows, birthday_of):
        if len(_people(same)) > 1:
            _note(same, c.ROW_TWIN, "resident_id", _other_person)
    for same in _alike(rows, phone_of):
        _same_phone(same)
    if _compare_extra(rows):
        _miss_signatures(rows)
    if damaged := [row for row in rows.noted() if _is_damaged(row)]:
        _doubt_zeros(rows, damaged)


def _alike(rows: Rows, key: Key) -> Iterable[list[Row]]:
    """The rows that share a key of name, phone and number, where more than one does."""
    again = rows.again(key)
    groups = _Groups()
    for place, name, phone, number in rows.people() if again else ():
        shared = key(name, phone, number)
        if shared and hash(shared) in again:
            groups.add(shared, place)
    return groups.met(rows)


def _is_damaged(row: Row) -> bool:
    return any(each.condition is c.ID_EXCEL for each in row.findings)


def _doubt_zeros(rows: Rows, damaged: Sequence[Row]) -> None:
    """A number that ends in 000 is one in a thousand; in a file that a spreadsheet has rounded it wants a look."""
    for row in rows.noted():
        for place, found in enumerate(row.findings):
            if found.condition is c.ID_ZEROS:
                row.findings = (*row.findings[:place], *row.findings[place + 1 :])
                _add(row, c.ID_ROUNDED, "resident_id", damaged)
                break


def _same_number(same: Sequence[Row]) -> None:
    """One person several times: the first row counts unless the names differ."""
    one_name = len({row.full_name for row in same}) == 1
    for row in same:
        if not one_name:
            condition = c.ROW_DUPLICATE_NAME
        else:
            condition = c.ROW_DUPLICATE_KEPT if row is same[0] else c.ROW_DUPLICATE
        _add(row, condition, "resident_id", [other for other in same if other is not row])


def _same_phone(same: Sequence[Row]) -> None:
    if len(_people(same)) < 2:
        return
    if len({row.full_name for row in same}) == 1:
        # with the same birthday they are twins already
        if len({row.number.number[6:14] for row in same if row.number}) > 1:
            _note(same, c.ROW_NAME_PHONE, "resident_id", _other_person)
        return
    _note(same, c.PHONE_SHARED, "phone", _other_person)


def _compare_extra(rows: Rows) -> bool:
    """Compares the further cells; whether anybody has signed."""
    again = rows.extras_again()
    if not again and rows.columns.isdisjoint(_LOOKED_AT):
        return False
    groups = {column: _Groups() for column, _, _ in _SHARED}
    names: defaultdict[str, dict[str, int]] = defaultdict(dict)
    codes: defaultdict[str, dict[str, int]] = defaultdict(dict)
    signed = False
    for place, extra in rows.extras():
        for column, value in extra.items():
            if value and column in groups and hash((column, value)) in again:
                groups[column].add(value, place)
        signed = signed or "signed" in extra
        name, code = extra.get("employer_name", ""), extra.get("employer_credit_code", "")
        if name and code:
            names[code].setdefault(name, place)
            codes[name].setdefault(code, place)
    for column, condition, least in _SHARED:
        for same in groups[column].met(rows):
            if len(_people(same)) >= least:
                _note(same, condition, column, _other_person)
    for condition, column, found in (
        (c.EMPLOYER_TWO_NAMES, "employer_name", names),
        (c.EMPLOYER_TWO_CODES, "employer_credit_code", codes),
    ):
        for firsts in found.values():
            if len(firsts) > 1:
                _note([rows.held(place) for place in firsts.values()], condition, column)
    return signed


def _miss_signatures(rows: Rows) -> None:
    """Where some have signed, everybody is to."""
    have = {place for place, extra in rows.extras() if "signed" in extra}
    for place, _, _, _ in rows.people():
        if place not in have:
            _add(rows.held(place), c.SIGNED_MISSING, "signed", ())


def _people(rows: Iterable[Row]) -> set[str]:
    """The different people of some rows."""
    return {row.number.number if row.number else f"row {row.row_number}" for row in rows}


def _other_person(row: Row, other: Row) -> bool:
    return row.number is None or other.number is None or row.number.number != other.number.number


def _note(
    rows: Sequence[Row],
    condition: Condition,
    column: str,
    clashes: Callable[[Row, Row], bool] = lambda row, other: row is not other,
) -> None:
    """Adds the condition to every row, each with the others it clashes with."""
    for row in rows:
        others = [other for other in rows[: MOST_NAMED * 5] if other is not row and clashes(row, other)]
        if others:
            _add(row, condition, column, others)


def _add(row: Row, condition: Condition, column: str, others: Sequence[Row]) -> None:
    named = others[:MOST_NAMED]
    values = {"rows": ", ".join(str(other.row_number) for other in named)} if others else {}
    finding = Finding(condition, column, "", tuple(f"row {other.row_number}" for other in named), values)
    row.add(finding)
