"""Skill levels of workers (职业技能等级): the eight-step sequence and the five certificates.

The sequence runs from apprentice (学徒工) to chief technician (首席技师): 《关于健全完善新时代技能人才
职业技能等级制度的意见（试行）》 (人社部, 2022-03). Only five steps carry a certificate (五级/初级工 to
一级/高级技师); expert and chief technicians are appointed by their enterprise (评聘), and an apprentice is
below the lowest. Subsidies look at the certificate level only.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SkillLevel:
    """`level_code` 0..7, rising; `certificate_level` 5..1, falling, or None where no certificate exists."""

    level_code: int
    certificate_level: int | None
    zh: str
    en: str

    @property
    def title(self) -> str:
        """As a certificate prints it: '三级/高级工'; the bare name where there is no certificate."""
        if self.certificate_level is None:
            return self.zh
        return f"{_NUMERALS[self.certificate_level]}级/{self.zh}"


_NUMERALS = {1: "一", 2: "二", 3: "三", 4: "四", 5: "五"}

LEVELS = (
    SkillLevel(0, None, "学徒工", "apprentice"),
    SkillLevel(1, 5, "初级工", "junior worker"),
    SkillLevel(2, 4, "中级工", "intermediate worker"),
    SkillLevel(3, 3, "高级工", "senior worker"),
    SkillLevel(4, 2, "技师", "technician"),
    SkillLevel(5, 1, "高级技师", "senior technician"),
    SkillLevel(6, None, "特级技师", "expert technician"),
    SkillLevel(7, None, "首席技师", "chief technician"),
)


def _spellings(level: SkillLevel) -> tuple[str, ...]:
    n = level.certificate_level
    if n is None:
        return (level.zh,)
    return level.zh, level.title, f"{_NUMERALS[n]}级", f"{_NUMERALS[n]}级{level.zh}", f"{n}级", str(n)


_BY_TEXT = {spelling: level for level in LEVELS for spelling in _spellings(level)}


def by_code(level_code: int) -> SkillLevel | None:
    """The level of code 0..7, else None."""
    return LEVELS[level_code] if 0 <= level_code < len(LEVELS) else None


def find(text: str) -> SkillLevel | None:
    """Read a level as rosters do: '三级/高级工', '高级工', '三级', '3级' or '3' (a certificate level)."""
    return _BY_TEXT.get("".join(unicodedata.normalize("NFKC", text).split()))
