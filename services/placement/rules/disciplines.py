"""Which level somebody holds in a discipline (GB/T 13745: 3, 5 or 7 digits, its parts begin with them)."""

from __future__ import annotations

from collections.abc import Mapping


def held(skills: Mapping[str, int], wanted: str) -> int:
    """The highest level in `wanted`: a skill in the whole holds for its parts, one in a part for the whole. Else 0."""
    levels = (level for code, level in skills.items() if code.startswith(wanted) or wanted.startswith(code))
    return max(levels, default=0)
