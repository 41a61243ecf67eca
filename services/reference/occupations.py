"""The classification of occupations (职业分类大典), 2022 edition.

Four levels, coded A-BB-CC-DD: major group (大类), sub-major group (中类), minor group (小类), occupation
(细类). Training is ordered, filed and subsidised by occupation. A minor group that holds one occupation
often lends it its own code (2-01-01-00 哲学研究人员), so a level is never read off the zeros of a code.
Data: ``data/occupations_2022.csv``; what it lacks is in ``data/SOURCES.md``.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

from services.reference import files

OCCUPATION = 4


@dataclass(frozen=True, slots=True)
class Occupation:
    """A code of any level 1..4; `green` and `digital` are the marks 绿色职业 and 数字职业 of the edition."""

    code: str
    name: str
    level: int
    green: bool
    digital: bool


@cache
def _by_code() -> dict[str, Occupation]:
    found: dict[str, Occupation] = {}
    for row in files.rows("occupations_2022.csv"):
        entry = Occupation(row["code"], row["name"], int(row["level"]), bool(row["green"]), bool(row["digital"]))
        # Where a minor group and its only occupation share a code, the code means the occupation.
        if entry.code not in found or found[entry.code].level < entry.level:
            found[entry.code] = entry
    return found


def find(code: str) -> Occupation | None:
    """The entry of a code written A-BB-CC-DD, None when the classification has none."""
    return _by_code().get(code)


def is_trainable(code: str) -> bool:
    """Whether the code is an occupation (细类), the level that an order, a class or a certificate names."""
    found = find(code)
    return found is not None and found.level == OCCUPATION


@cache
def _by_name() -> dict[str, Occupation]:
    return {entry.name: entry for entry in sorted(_by_code().values(), key=lambda entry: entry.level)}


def named(name: str) -> Occupation | None:
    """The entry of exactly this name, an occupation before a group; None when there is none."""
    return _by_name().get(name)


def search(text: str, limit: int = 20) -> tuple[Occupation, ...]:
    """The entries whose code starts with, or whose name holds, `text`; at most `limit`, best first.

    Occupations come before groups; then an exact name, a name that starts with the text, any other; then by
    code. An empty text finds nothing.
    """
    wanted = "".join(unicodedata.normalize("NFKC", text).split())
    if not wanted or limit <= 0:
        return ()
    hits = [e for e in _by_code().values() if wanted in e.name or e.code.startswith(wanted)]
    hits.sort(key=lambda e: (e.level != OCCUPATION, e.name != wanted, not e.name.startswith(wanted), e.code))
    return tuple(hits[:limit])
