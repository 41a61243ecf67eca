"""The words and codes of a real-name roster (实名制花名册代码表): ethnicity, education, categories and the like.

A list is looked up by code, name or any usual spelling. What a list lacks deserves a question, never a final refusal:
rosters write these cells by hand. Data: ``data/roster_codes.csv`` and ``data/trainee_categories.csv``, each line with
its source and confidence; see ``data/SOURCES.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from services.reference import files
from services.reference.parameters import Confidence
from services.reference.text import compact

LISTS = (
    *("ethnicity", "education", "political_status", "employment_status", "insured", "household_kind", "signed"),
    "phone_block",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list. `youngest` and `oldest` are the ages, in full years, outside which it is implausible.

    `mark` groups entries: WORKS, IDLE, STUDIES, RETIRED or PUBLIC of an employment status, a rank 0..6 of education,
    VIRTUAL (no network of its own) or DATA (no calls) of a block of phone numbers.
    """

    code: str
    name: str
    youngest: int | None
    oldest: int | None
    mark: str
    source: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Category:
    """A category of trainees (人员类别).

    `works` says whether its people have a job (None: either), `proofs` what a proof of it is usually called, `card`
    that an employment card (就业创业证) belongs to it, `sensitive` that it tells of health or a special status.
    """

    code: str
    name: str
    works: bool | None
    proofs: tuple[str, ...]
    youngest: int | None
    oldest: int | None
    card: bool
    sensitive: bool
    source: str
    confidence: Confidence


@cache
def entries(name: str) -> tuple[Entry, ...]:
    """The lines of one of LISTS, in order. KeyError for any other name."""
    if name not in LISTS:
        raise KeyError(name)
    return tuple(entry for (list_name, entry), _ in _lines() if list_name == name)


@cache
def spellings(name: str) -> Mapping[str, Entry]:
    """Every spelling of one of LISTS, compacted (see `text.compact`), to its line."""
    found: dict[str, Entry] = {}
    for (list_name, entry), aliases in _lines():
        if list_name == name:
            for spelling in (entry.code, entry.name, *aliases):
                if spelling:
                    found[compact(spelling)] = entry
    return found


def find(name: str, text: str) -> Entry | None:
    """The line of one of LISTS that a cell means, None when it means none."""
    known = spellings(name)
    return known.get(text) or known.get(compact(text))


@cache
def categories() -> tuple[Category, ...]:
    """The categories of trainees, in order."""
    return tuple(category for category, _ in _category_lines())


@cache
def category_spellings() -> Mapping[str, Category]:
    """Every spelling of a category, compacted, to it."""
    return {
        compact(spelling): category
        for category, aliases in _category_lines()
        for spelling in (category.code, category.name, *aliases)
    }


def find_category(text: str) -> Category | None:
    """The category that a cell means, None when it means none."""
    known = category_spellings()
    return known.get(text) or known.get(compact(text))


@cache
def _lines() -> tuple[tuple[tuple[str, Entry], tuple[str, ...]], ...]:
    return tuple(
        (
            (
                row["list"],
                Entry(
                    code=row["code"],
                    name=row["name"],
                    youngest=_age(row["youngest"]),
                    oldest=_age(row["oldest"]),
                    mark=row["mark"],
                    source=row["source"],
                    confidence=Confidence(row["confidence"]),
                ),
            ),
            tuple(row["aliases"].split()),
        )
        for row in files.rows("roster_codes.csv")
    )


@cache
def _category_lines() -> tuple[tuple[Category, tuple[str, ...]], ...]:
    return tuple(
        (
            Category(
                code=row["code"],
                name=row["name"],
                works={"YES": True, "NO": False}.get(row["works"]),
                proofs=tuple(row["proofs"].split()),
                youngest=_age(row["youngest"]),
                oldest=_age(row["oldest"]),
                card=bool(row["card"]),
                sensitive=bool(row["sensitive"]),
                source=row["source"],
                confidence=Confidence(row["confidence"]),
            ),
            tuple(row["aliases"].split()),
        )
        for row in files.rows("trainee_categories.csv")
    )


def _age(text: str) -> int | None:
    return int(text) if text else None
