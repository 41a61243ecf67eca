"""The file as a whole (整表): columns that lack or surprise, rows that were skipped, one fault in most rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from services.reference.conditions import COLUMN_MISSING, FILE_EMPTY, Finding, Level, blank_rows
from services.training.rules.roster import conditions as c
from services.training.rules.roster.columns import TITLES
from services.training.rules.roster.conditions import CONDITIONS
from services.training.rules.roster.rows import Rows

LEAST_ROWS = 5  # below it most rows with one fault say nothing about the file
_WANTED = ("category", "proof_number")
# what a roster usually has beside what it must have, and the roster of a subsidised class
_USUAL = ("sex", "ethnicity", "education", "address", "signed")
_USUAL_PAID = (*_WANTED, "proof_kind", "employment_card", "household_kind", "employment_status", "insured")
_SHOWN = 40  # characters of a title


def columns(unknown: Sequence[str], missing: Sequence[str], subsidised: bool, language: str) -> list[Finding]:
    """What the header of the table lets expect. `unknown` are titles, `missing` columns of the contract.

    Of these only what such a roster usually has is named: nobody needs all of them.
    """
    found = []
    if unknown:
        found.append(Finding(c.COLUMN_UNKNOWN, values={"columns": _named(unknown, language)}))
    wanted = [column for column in _WANTED if column in missing] if subsidised else []
    if wanted:
        found.append(Finding(c.COLUMN_WANTED, values={"columns": _named(wanted, language)}))
    usual = {*_USUAL, *(_USUAL_PAID if subsidised else ())}
    if others := [column for column in missing if column in usual and column not in wanted]:
        found.append(Finding(COLUMN_MISSING, values={"columns": _named(others, language)}))
    return found


def rows(found: Rows) -> list[Finding]:
    """What all rows together let see."""
    if not len(found):
        return [Finding(FILE_EMPTY)]
    answer = blank_rows(found.numbers())
    codes: Counter[str] = Counter()
    for row in found.noted():
        codes.update({each.code for each in row.findings})
    if numbers := codes[c.ID_NUMERIC.code] + codes[c.ID_EXCEL.code]:
        answer.append(Finding(c.FILE_NUMBERS, values={"count": str(numbers)}))
    if len(found) >= LEAST_ROWS:
        for code, count in codes.most_common():
            if CONDITIONS[code].level is Level.ERROR and count * 2 > len(found):
                values = {"code": code, "count": str(count), "rows": str(len(found))}
                answer.append(Finding(c.FILE_ONE_FAULT, values=values))
                break
    return answer


def _named(names: Iterable[str], language: str) -> str:
    place = 0 if language == "zh" else 1
    titles = [TITLES[name][place] if name in TITLES else name[:_SHOWN] for name in names]
    return ("、" if language == "zh" else ", ").join(titles)
