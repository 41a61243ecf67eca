"""户口性质、户籍地、常住地、家庭住址: where somebody belongs and lives."""

from __future__ import annotations

from services.reference import divisions
from services.reference.divisions import DivisionFault
from services.training.rules.roster import conditions as c
from services.training.rules.roster.draft import Draft
from services.training.rules.roster.person import listed

COLUMNS = frozenset({"household_kind", "household_division", "residence_division", "address"})
SHORTEST_ADDRESS = 5  # characters
_COUNTY = 3


def check(draft: Draft) -> None:
    """Household, divisions and address."""
    cells = draft.cells
    if "household_kind" in cells:
        draft.household = listed(draft, "household_kind", c.HOUSEHOLD_UNKNOWN)
        if draft.household is not None and draft.household.code == "UNIFIED":
            draft.wrong(c.HOUSEHOLD_UNIFIED)
    if "household_division" in cells:
        _division(draft, "household_division")
    if "residence_division" in cells:
        code = _division(draft, "residence_division")
        here = draft.about.divisions
        if code and here and not any(divisions.covers(scope, code) for scope in here):
            draft.wrong(c.RESIDENCE_OUTSIDE, value=code, divisions="、".join(here))
    if "address" in cells:
        _address(draft)


def _division(draft: Draft, column: str) -> str:
    """The code in a cell, six digits or nine of a town; "" when it is none that is known."""
    text = draft.text(column).removesuffix(".0")
    if not text:
        return ""
    if not text.isascii():
        draft.wrong(c.DIVISION_NAME, column, text)
        return ""
    # the statistical codes of towns and villages (统计用区划代码) go on to 12 digits
    code = text[:6] if len(text) == 12 else text
    try:
        level = divisions.level(code)
    except DivisionFault:
        draft.wrong(c.DIVISION_FORMAT, column, text)
        return ""
    if not divisions.is_known(code if len(code) == 6 else code[:6]):
        draft.wrong(c.DIVISION_UNKNOWN, column, text)
        return ""
    if level < _COUNTY:
        draft.wrong(c.DIVISION_LEVEL, column, text)
    elif not divisions.is_current(code[:6]):
        draft.wrong(c.DIVISION_OLD, column, text, place=divisions.name_of(code[:6]) or "")
    return code


def _address(draft: Draft) -> None:
    text = draft.text("address")
    if not text:
        return
    if all(each.isdigit() or each in " -+XxEe." for each in text):
        draft.wrong(c.ADDRESS_NUMBER)
    elif len(text) < SHORTEST_ADDRESS:
        draft.wrong(c.ADDRESS_SHORT)
