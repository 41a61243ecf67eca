"""Administrative divisions (行政区划), GB/T 2260: codes in force, older codes, and two counties' towns.

A code has six digits, two each for province, city and county: 370000 山东省, 370100 济南市, 370103 市中区.
Towns and sub-districts (乡镇、街道, GB/T 10114) add three: 371526001 鱼邱湖街道. A name is no key: four
counties are called 市中区. Data: ``data/divisions*.csv``, ``data/towns.csv``; see ``data/SOURCES.md``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from services.reference import files

_COUNTY = re.compile(r"[1-9][0-9]{5}")
_COUNTY_OR_TOWN = re.compile(r"[1-9][0-9]{5}([0-9]{3})?")
# 419000, 429000, 469000 and 659000 group the counties run directly by a province; they are no place's name.
_GROUPING = re.compile(r"[1-9][0-9]9000")


class DivisionFault(ValueError):
    """A text that has not the shape of a division code (区划代码格式错误)."""


@dataclass(frozen=True, slots=True)
class Town:
    """A town or sub-district (乡镇、街道): nine-digit code, name, six-digit code of its county."""

    code: str
    name: str
    county: str


@cache
def _current() -> dict[str, str]:
    # The source writes a grouping as '河南省-省直辖县级行政区划'.
    return {row["code"]: row["name"].rpartition("-")[2] for row in files.rows("divisions.csv")}


@cache
def _historical() -> dict[str, str]:
    return {row["code"]: row["last_name"] for row in files.rows("divisions_history.csv")}


@cache
def _towns() -> dict[str, Town]:
    return {row["code"]: Town(row["code"], row["name"], row["county"]) for row in files.rows("towns.csv")}


def name_of(code: str) -> str | None:
    """The division's own name ('市中区'), the present or else the last; None for an unknown code."""
    if len(code) == 9:
        town = _towns().get(code)
        return town.name if town else None
    return _current().get(code) or _historical().get(code)


def full_name(code: str) -> str | None:
    """The name from the province down ('山东省济南市市中区'); None for an unknown code.

    Levels without a name of their own are left out: '北京市东城区', '海南省五指山市'.
    """
    own = name_of(code)
    if own is None:
        return None
    ancestors = [code[:2] + "0000", code[:4] + "00"]
    if len(code) == 9:
        ancestors.append(code[:6])
    names = [name_of(a) for a in ancestors if a != code and not _GROUPING.fullmatch(a)]
    return "".join(name for name in names if name) + own


@cache
def _by_name() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for code in (*_current(), *_towns()):
        own = name_of(code) or ""
        above = [code[:2] + "0000", code[:4] + "00", *([code[:6]] if len(code) == 9 else [])]
        names = [name for each in above if each != code and not _GROUPING.fullmatch(each) and (name := name_of(each))]
        for first in range(len(names) + 1):
            found.setdefault("".join(names[first:]) + own, set()).add(code)
    return found


def codes_of(name: str) -> tuple[str, ...]:
    """The divisions in force, and towns that are shipped, of this name; empty for a name that nothing has.

    It is its own ('市中区', of which there are several) or begins above it ('济南市市中区', '山东省济南市市中区').
    """
    return tuple(sorted(_by_name().get(name, ())))


def is_current(code: str) -> bool:
    """Whether the code is on the shipped list in force, or is a town of one of the two counties."""
    return code in _current() or code in _towns()


def is_known(code: str) -> bool:
    """Whether the code is in force or stood on any list since 1980: old resident IDs carry old codes."""
    return is_current(code) or code in _historical()


def covers(scope: str, code: str) -> bool:
    """Whether division `scope` contains or is `code`: 370000 and 370100 cover 370103, 370103 its towns.

    Raises DivisionFault when either is not a division code, so that a damaged scope never grants anything.
    """
    if not _COUNTY_OR_TOWN.fullmatch(code):
        raise DivisionFault("not a division code: six digits, or nine for a town")
    if len(scope) == 9 and _COUNTY_OR_TOWN.fullmatch(scope):
        return scope == code
    return code.startswith(_prefix(scope))


def scope_range(scope: str) -> tuple[str, str]:
    """The lowest and highest six-digit code in `scope`, both included: 370000 -> ('370000', '379999').

    For the SQL predicate ``division BETWEEN low AND high`` on a six-digit column. Raises DivisionFault.
    """
    prefix = _prefix(scope)
    return prefix.ljust(6, "0"), prefix.ljust(6, "9")


def towns_of(county: str) -> tuple[Town, ...]:
    """The towns of a county in code order; empty for a county whose towns are not shipped."""
    return tuple(sorted((t for t in _towns().values() if t.county == county), key=lambda town: town.code))


def level(code: str) -> int:
    """1 province (省), 2 city (地市), 3 county (区县), 4 town (乡镇街道). Raises DivisionFault."""
    if len(code) == 9 and _COUNTY_OR_TOWN.fullmatch(code):
        return 4
    return len(_prefix(code)) // 2


def _prefix(scope: str) -> str:
    if not _COUNTY.fullmatch(scope):
        raise DivisionFault("not a division code: six digits")
    if scope.endswith("0000"):
        return scope[:2]
    if scope.endswith("00"):
        return scope[:4]
    return scope
