"""What is known of a placement, not who it is: kinds, papers, and the facts its rules are asked of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.placement.rules.registering import Education, Title

OTHER_SCHOOL = "HIGHER_EDUCATION"  # not one of the vocational schools that the rules are about


class Kind(StrEnum):
    """What a placement is."""

    SECONDMENT = "SECONDMENT"
    EXCHANGE = "EXCHANGE"
    INTERNSHIP = "INTERNSHIP"
    PART_TIME = "PART_TIME"
    ADVISER = "ADVISER"
    TECHNOLOGY_VICE_PRESIDENT = "TECHNOLOGY_VICE_PRESIDENT"


class Paper(StrEnum):
    """What was presented."""

    APPROVAL = "APPROVAL"
    UNIT_CONSENT = "UNIT_CONSENT"
    INSURANCE = "INSURANCE"
    QUALIFICATION = "QUALIFICATION"
    FILING_RECEIPT = "FILING_RECEIPT"
    GUARDIAN_CONSENT = "GUARDIAN_CONSENT"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Other:
    """Another placement of the same person. `name` is empty for who asks but may not see it."""

    name: str
    kind: str
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a placement; not who it is.

    `home_body` and `host_body` are the first two characters of the credit codes (GB 32100). `others` are those that who
    asks may know of, and `all_others` says whether these are all there are. Title and education 0, bearers and school
    "" and counts 0 are not stated.
    """

    kind: str
    first_day: date
    last_day: date
    home_body: str
    host_body: str
    approved: bool
    agreement: bool
    signed_on: date | None
    documents: frozenset[str]
    pay_bearer: str
    injury_bearer: str
    title: Title
    education: Education
    age: int
    school: str
    study_months: int
    host_staff: int
    host_interns: int
    host_consents: bool
    others: tuple[Other, ...]
    all_others: bool
    today: date

    @property
    def overlapping(self) -> tuple[Other, ...]:
        """The other placements that share a day with this one."""
        return tuple(
            each for each in self.others if each.first_day <= self.last_day and self.first_day <= each.last_day
        )

    def texts(self, names: tuple[str, ...]) -> dict[str, str]:
        """Facts as an explanation shows them; one that is not known is left out."""
        said = {name: _said(getattr(self, name)) for name in names}
        return {name: text for name, text in said.items() if text}


def _said(value: object) -> str:
    """A fact in words; those that may not be told are counted."""
    if isinstance(value, tuple):
        hidden = sum(not each.name for each in value)
        named = sorted(each.name for each in value if each.name)
        return ", ".join([*named, *([f"+{hidden}"] if hidden else [])])
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Title | Education):
        return value.name if value else ""
    return str(value) if value else ""
