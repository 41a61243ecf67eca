"""What a decision on an enrolment rests on: stored with it, so that explaining it is deciding it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

NO_FUND = "NONE"  # a class without public money


class Facts(NamedTuple):
    """What was known of one person and one class when it was decided. Nothing in it is personal but the age in years.

    None is unknown: the register that would tell is absent. `present` names the active enrolment the person has in this
    class, `clashes` the classes whose sessions overlap, `same_level` and `higher_level` the subsidised classes of the
    same occupation at the same or a higher certificate level. `..._elsewhere` is what registers say of other training.
    """

    class_state: str
    age_at_class_start: int
    occupation_listed: bool
    division_known: bool
    class_start: str = ""
    same_name: bool | None = None
    present: str = ""
    clashes: tuple[str, ...] = ()
    institution_suspended: bool = False
    institution_listed: bool | None = None
    fund: str = NO_FUND
    category: str = ""
    proof_given: bool = False
    drawing_pension: bool | None = None
    public_staff: bool | None = None
    insured_as_employee: bool | None = None
    subsidised_this_year: int = 0
    subsidised_elsewhere: int | None = None
    same_level: tuple[str, ...] = ()
    same_level_last: str = ""  # first day of the latest of them, here or elsewhere
    same_level_elsewhere: bool | None = None
    higher_level: tuple[str, ...] = ()
    higher_level_elsewhere: bool | None = None
    skill_subsidy_drawn: bool | None = None
    prerequisite_met: bool | None = None

    def stored(self) -> dict[str, object]:
        """As JSON stores it: without what is as it would be by default."""
        return {
            name: value
            for name, value, default in zip(self._fields, self, _DEFAULTS, strict=True)
            if value is not default and value != default
        }

    @classmethod
    def restored(cls, stored: Mapping[str, object]) -> Facts:
        """From what `stored` gave; a fact that was not known then takes its default."""
        known = {key: _tupled(value) for key, value in stored.items() if key in cls._fields}
        return cls(**known)  # type: ignore[arg-type]

    def texts(self, names: Iterable[str]) -> dict[str, str]:
        """Facts as an explanation prints them; an unknown one as "unknown", an empty one as "none"."""
        return {name: _text(getattr(self, name)) for name in names}


_DEFAULTS = tuple(Facts._field_defaults.get(name) for name in Facts._fields)


def _tupled(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _text(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value) or "none"
