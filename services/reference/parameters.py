"""The numbers of the law as dated data (法规参数), never literals in code.

A pack (参数包) is a YAML file of one service: parameters, each for a division and a span of days, each with
its source and whether that source was confirmed; and the declared rules that use them.

    pack: training
    version: 2025-03-01
    title: {zh: 订单式培训参数, en: Order-type training}

Parameters
----------
    - {key: class.max_size, value: 50, unit: persons, division: "*", effective_from: 2025-01-01,
       effective_to: null, source: 全国通行做法, confidence: unconfirmed, note: ask both bureaus}
    rules:
    - {key: YEAR_CAP, code: TR-YEAR-CAP, effect: block, parameters: [year_cap.count],
       source: 鲁人社字〔2022〕72号, confidence: confirmed, effective_from: 2022-01-01,
       effective_to: null, title: {zh: 年度补贴次数上限, en: Yearly cap}}

Both ends of a span are included; ``effective_to: null`` is open. Division "*" is everywhere; among
divisions that cover the one asked for, the most specific wins. Numbers with a point are read as Decimal,
exactly as written, a list as a tuple, a mapping with its keys as text ({5: 40} has the key "5"). A number
nobody knows yet is ``value: null, confidence: unconfirmed``. Only `title` may be one text for both languages;
`effective_to`, `note` and a rule's `parameters` and `division` (default "*") may be left out.

"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from services.reference import divisions, files
from services.reference.packfields import Value
from services.reference.packfile import read
from services.reference.yamlfile import EVERYWHERE, FileFault, FileFaults

__all__ = [
    "EVERYWHERE",
    "Confidence",
    "Effect",
    "FileFault",
    "FileFaults",
    "Pack",
    "Parameter",
    "ParameterUnknown",
    "RuleDeclaration",
    "Title",
    "Value",
]


class Confidence(StrEnum):
    """Whether the source was read and is in force (已核实), or the bureau must still be asked (待核实)."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"


class Effect(StrEnum):
    """What a rule that is not met does: refuse (阻断), warn (警告), or only remark (提示)."""

    BLOCK = "block"
    WARN = "warn"
    NOTE = "note"


class ParameterUnknown(LookupError):
    """No entry of the pack holds for this key, division and day; the law's number may not be guessed."""

    def __init__(self, key: str, division: str, on: date) -> None:
        super().__init__(f"no parameter {key} for division {division} on {on}")
        self.key = key
        self.division = division
        self.on = on


@dataclass(frozen=True, slots=True)
class Title:
    """A title in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of the law: value and unit, where and when it holds, and who says so.

    `value` is None when nobody knows it yet. `effective_to` is the last day, None for open.
    """

    key: str
    value: Value
    unit: str
    division: str
    effective_from: date
    effective_to: date | None
    source: str
    confidence: Confidence
    note: str | None = None

    def integer(self) -> int | None:
        """The value as a whole number, None when unknown. Raises TypeError for another type."""
        if self.value is None or (isinstance(self.value, int) and not isinstance(self.value, bool)):
            return self.value
        raise TypeError(f"parameter {self.key} is no whole number")

    def decimal(self) -> Decimal | None:
        """The value as an exact number, None when unknown. Raises TypeError for another type."""
        if self.value is None or isinstance(self.value, Decimal):
            return self.value
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return Decimal(self.value)
        raise TypeError(f"parameter {self.key} is no number")

    def flag(self) -> bool | None:
        """The value as true or false, None when unknown. Raises TypeError for another type."""
        if self.value is None or isinstance(self.value, bool):
            return self.value
        raise TypeError(f"parameter {self.key} is neither true nor false")

    def text(self) -> str | None:
        """The value as text, None when unknown. Raises TypeError for another type."""
        if self.value is None or isinstance(self.value, str):
            return self.value
        raise TypeError(f"parameter {self.key} is no text")


@dataclass(frozen=True, slots=True)
class RuleDeclaration:
    """A rule of the law as declared: the service's code decides, this says whether, where and how hard."""

    key: str
    code: str
    effect: Effect
    parameters: tuple[str, ...]
    division: str
    effective_from: date
    effective_to: date | None
    source: str
    confidence: Confidence
    title: Title
    note: str | None = None


_Dated = TypeVar("_Dated", Parameter, RuleDeclaration)


@dataclass(frozen=True)
class Pack:
    """A validated pack. `fingerprint` is what a decision stores to explain itself later."""

    name: str
    version: str
    title: Title
    parameters: tuple[Parameter, ...]
    rules: tuple[RuleDeclaration, ...]
    fingerprint: str

    def __hash__(self) -> int:
        """By the fingerprint: the values may be mappings."""
        return hash(self.fingerprint)

    @classmethod
    def load(cls, source: Path | str) -> Pack:
        """Read a pack from a file (Path) or from YAML text (str).

        Raises FileFaults holding every fault with line and column. OSError when the file cannot be read.
        """
        where, content = ("<text>", source) if isinstance(source, str) else (source.name, _text(source))
        raw = read(content, where)
        return cls(
            name=raw.name,
            version=raw.version,
            title=Title(*raw.title),
            parameters=tuple(
                Parameter(**{**entry, "confidence": Confidence(entry["confidence"])}) for entry in raw.parameters
            ),
            rules=tuple(
                RuleDeclaration(
                    **{
                        **entry,
                        "confidence": Confidence(entry["confidence"]),
                        "effect": Effect(entry["effect"]),
                        "title": Title(*entry["title"]),
                    }
                )
                for entry in raw.rules
            ),
            fingerprint=f"{raw.name}@{raw.version}+{files.digest(content)}",
        )

    def value(self, key: str, division: str, on: date) -> Parameter:
        """The parameter in force: of the entries that cover `division` on day `on`, the most specific.

        `division` is a six- or nine-digit code, or EVERYWHERE for the entries of no place. Raises
        ParameterUnknown, or DivisionFault for a damaged code. A number not yet known has `.value` None.
        """
        found = self.find(key, division, on)
        if found is None:
            raise ParameterUnknown(key, division, on)
        return found

    def find(self, key: str, division: str, on: date) -> Parameter | None:
        """Like `value`; None where no entry holds."""
        return _most_specific(self._by_key.get(key, ()), division, on)

    def rules_on(self, day: date, division: str) -> tuple[RuleDeclaration, ...]:
        """The rules in force on `day` in `division`, in the order of the file; one for each rule key."""
        found = (_most_specific(entries, division, day) for entries in self._rules_by_key.values())
        return tuple(rule for rule in found if rule is not None)

    @cached_property
    def _by_key(self) -> dict[str, tuple[Parameter, ...]]:
        return _grouped(self.parameters)

    @cached_property
    def _rules_by_key(self) -> dict[str, tuple[RuleDeclaration, ...]]:
        return _grouped(self.rules)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _grouped(entries: Iterable[_Dated]) -> dict[str, tuple[_Dated, ...]]:
    grouped: dict[str, list[_Dated]] = defaultdict(list)
    for entry in entries:
        grouped[entry.key].append(entry)
    return {key: tuple(same) for key, same in grouped.items()}


def _most_specific(entries: Iterable[_Dated], division: str, on: date) -> _Dated | None:
    if division != EVERYWHERE:
        divisions.level(division)  # a damaged code must not pass for a place that "*" covers
    in_force = (
        e
        for e in entries
        if e.effective_from <= on
        and (e.effective_to is None or on <= e.effective_to)
        and _holds_in(e.division, division)
    )
    return max(in_force, key=lambda e: 0 if e.division == EVERYWHERE else divisions.level(e.division), default=None)


def _holds_in(scope: str, division: str) -> bool:
    if scope == EVERYWHERE:
        return True
    return division != EVERYWHERE and divisions.covers(scope, division)
