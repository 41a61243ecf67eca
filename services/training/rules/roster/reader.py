"""Reads one row of a roster: every fault of it is found at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache

from services.reference.conditions import CELL_TOO_LONG, Finding
from services.training.rules.roster import (
    bank,
    category,
    contact,
    employment,
    identity,
    person,
    residence,
    training,
)
from services.training.rules.roster.draft import LONGEST_CELL, About, Draft, Row
from services.training.rules.roster.duplicates import EXTRA

REQUIRED = frozenset({"full_name", "resident_id", "phone"})
_FACTS = frozenset({"sex", "birth_date", "age"})
# in this order: each may ask what the ones before it found out
_SUBJECTS: tuple[tuple[frozenset[str], Callable[[Draft], None]], ...] = (
    (_FACTS, identity.compare),
    (person.COLUMNS, person.check),
    (residence.COLUMNS, residence.check),
    (employment.COLUMNS, employment.check),
    (category.COLUMNS, category.check),
    (training.COLUMNS, training.check),
    (bank.COLUMNS, bank.check),
    (contact.COLUMNS, contact.check),
)
_EXTRA = frozenset(EXTRA)
_NUMBERS = frozenset({"bank_account", "proof_number", "employment_card", "emergency_phone", "employer_credit_code"})


def read(row_number: int, cells: Mapping[str, str], numeric: Collection[str], about: About) -> Row:
    """Reads a row of filled cells by column; `numeric` names those whose cell was stored as a number."""
    draft = Draft(cells, numeric, about)
    if cells and max(map(len, cells.values())) > LONGEST_CELL:
        for column, text in cells.items():
            if len(text) > LONGEST_CELL:
                draft.wrong(CELL_TOO_LONG, column, longest=LONGEST_CELL)
        return Row(row_number, "", "", None, tuple(draft.findings))
    identity.name(draft)
    identity.number(draft)
    if draft.number is None and (condition := identity.no_person(draft)) is not None:
        return Row(row_number, "", "", None, (Finding(condition),))
    contact.phone(draft)
    extra: tuple[tuple[str, str], ...] = ()
    if not cells.keys() <= REQUIRED:
        for check in _checks(tuple(cells)):
            check(draft)
        category.compare(draft)
        if not _EXTRA.isdisjoint(cells):
            extra = _extra(draft)
    if about.subsidised:
        category.wanted(draft)
    return Row(
        row_number,
        draft.full_name,
        draft.phone,
        draft.number,
        tuple(draft.findings),
        draft.category.code if draft.category else "",
        draft.proof,
        extra,
    )


@lru_cache(1024)  # the rows of a file have the same columns, or nearly
def _checks(columns: tuple[str, ...]) -> list[Callable[[Draft], None]]:
    """What is to be asked of a row with these columns."""
    return [check for of, check in _SUBJECTS if not of.isdisjoint(columns)]


def _extra(draft: Draft) -> tuple[tuple[str, str], ...]:
    """The cells that rows are compared by, as they are compared."""
    found = []
    for column, raw in draft.cells.items():
        if column not in _EXTRA or not draft.has(column) or (column == "proof_number" and not draft.proof[1]):
            continue
        text = raw.strip()
        if column in _NUMBERS:
            text = bank.account_number(text)
        elif column == "email":
            text = text.lower()
        found.append((column, text))
    return tuple(found)
