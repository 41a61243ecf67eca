"""The fields of a commissioner: read from the message, checked, sealed, written to rows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from liancai.placement.v1 import commissioners_pb2 as pb

from services.fields import read_credit_code, read_division, read_place
from services.placement.rules.registering import Kind, Span, merged
from services.platform.requests import Reading
from services.platform.vault import Vault
from services.reference import names, resident_id, writing
from services.reference.resident_id import ResidentIdFault

EDITABLE = {
    *("direction", "field", "full_name", "resident_id", "phone", "group_name", "leader", "members", "disciplines"),
    *("home_unit_credit_code", "home_unit_name", "title", "education", "division", "partner_division"),
    *("home_place", "days_a_year"),
}
NOT_VETTED = {"phone", "home_place", "days_a_year"}  # may change after it was recommended
MOST_DISCIPLINES, MOST_MEMBERS, MOST_ABSENCES = 20, 100, 200
DISCIPLINE = re.compile(r"[1-9][0-9]{2}(?:[0-9]{2}){0,2}")  # GB/T 13745, three levels


@dataclass(slots=True, repr=False)
class Entry:
    """A commissioner as an application describes it, personal data in clear for as long as a request takes."""

    values: dict[str, Any]
    full_name: str
    number: str
    phone: str
    skills: list[tuple[str, int]]
    members: list[str]

    def columns(self, vault: Vault, commissioner_id: str) -> dict[str, Any]:
        """The columns of its row, personal data sealed."""
        owner = f"commissioners/{commissioner_id}"
        pinyin, initials = names.pinyin(self.full_name)
        found = {
            **self.values,
            "full_name": self.full_name,
            "name_pinyin": pinyin,
            "name_initials": initials,
        }
        for column, kind, clear in (("resident_id", "resident_id", self.number), ("phone", "phone", self.phone)):
            found[f"{column}_index"] = vault.index(kind, clear) if clear else None
            found[f"{column}_sealed"] = vault.seal(clear, owner, column) if clear else None
        return found


def read(reading: Reading, asked: pb.Commissioner, today: date) -> Entry:
    """What an application says, each field checked; what its kind has no place for must be empty."""
    at = "commissioner"
    (kind,) = reading.choices(f"{at}.kind", [asked.kind], pb.Commissioner.Kind) or [""]
    (direction,) = reading.choices(f"{at}.direction", [asked.direction], pb.Commissioner.Direction) or [""]
    (field,) = reading.choices(f"{at}.field", [asked.field], pb.Commissioner.Field) or [""]
    full_name, number, phone = _read_person(reading, at, asked, kind, today)
    leader, members = _read_team(reading, at, asked, kind)
    values = {
        "kind": kind,
        "direction": direction,
        "field": field,
        "leader_id": leader or None,
        "home_unit_credit_code": read_credit_code(reading, f"{at}.home_unit_credit_code", asked.home_unit_credit_code),
        "home_unit_name": reading.text(f"{at}.home_unit_name", asked.home_unit_name, 2, 100),
        "title": scale(reading, f"{at}.title", asked.title, pb.Commissioner.Title),
        "education": scale(reading, f"{at}.education", asked.education, pb.Commissioner.Education),
        "division": read_division(reading, f"{at}.division", asked.division, required=True),
        "partner_division": read_division(reading, f"{at}.partner_division", asked.partner_division, required=False),
        "home_place": read_place(reading, f"{at}.home_place", asked.home_place),
        "days_a_year": reading.number(f"{at}.days_a_year", asked.days_a_year, 1, 366),
    }
    if asked.partner_division and asked.partner_division == asked.division:
        reading.wrong(f"{at}.partner_division", "FIELD_OTHER_DIVISION")
    return Entry(values, full_name, number, phone, read_disciplines(reading, f"{at}.disciplines", asked), members)


def _read_person(reading: Reading, at: str, asked: pb.Commissioner, kind: str, today: date) -> tuple[str, str, str]:
    """Name, identity number and phone, as far as this kind has them."""
    number = ""
    if kind == Kind.INDIVIDUAL:
        _empty(reading, f"{at}.group_name", asked.group_name)
        name = read_name(reading, f"{at}.full_name", asked.full_name)
        number = read_number(reading, f"{at}.resident_id", asked.resident_id, today)
    else:
        _empty(reading, f"{at}.full_name", asked.full_name)
        _empty(reading, f"{at}.resident_id", asked.resident_id)
        name = reading.text(f"{at}.group_name", asked.group_name, 2, 50)
    if kind == Kind.TEAM:
        _empty(reading, f"{at}.phone", asked.phone)
        return name, number, ""
    return name, number, read_phone(reading, f"{at}.phone", asked.phone)


def read_name(reading: Reading, field: str, text: str) -> str:
    """A person's name, normalised."""
    name = writing.normalise_name(text)
    if not writing.NAME.fullmatch(name):
        reading.wrong(field, "TR-NAME-CHARACTERS" if name else "TR-NAME-MISSING")
    return name


def read_number(reading: Reading, field: str, text: str, today: date) -> str:
    """A resident identity number, normalised."""
    try:
        return resident_id.parse(text, today).number
    except ResidentIdFault as fault:
        reading.wrong(field, writing.code_of(fault))
        return ""


def read_phone(reading: Reading, field: str, text: str) -> str:
    """A mobile phone number, normalised."""
    phone = writing.normalise_phone(text)
    if not writing.PHONE.fullmatch(phone):
        reading.wrong(field, "TR-PHONE-FORMAT" if phone else "TR-PHONE-MISSING")
    return phone


def _read_team(reading: Reading, at: str, asked: pb.Commissioner, kind: str) -> tuple[str, list[str]]:
    """The numbers of the leader and of the members; a team has both, others have neither."""
    if kind != Kind.TEAM:
        _empty(reading, f"{at}.leader", asked.leader)
        _empty(reading, f"{at}.members", *asked.members)
        return "", []
    reading.name(f"{at}.leader", asked.leader, "commissioners")
    if not asked.members:
        reading.wrong(f"{at}.members", "FIELD_REQUIRED")
    if len(asked.members) > MOST_MEMBERS:
        reading.wrong(f"{at}.members", "FIELD_TOO_MANY", most=MOST_MEMBERS)
    for place, member in enumerate(asked.members[:MOST_MEMBERS]):
        reading.name(f"{at}.members[{place}]", member, "commissioners")
        if member == asked.leader or member in asked.members[:place]:
            reading.wrong(f"{at}.members[{place}]", "FIELD_MEMBER_TWICE")
    return asked.leader.partition("/")[2], sorted(each.partition("/")[2] for each in asked.members)


def read_disciplines(reading: Reading, field: str, asked: pb.Commissioner) -> list[tuple[str, int]]:
    """Codes with levels, in order of code."""
    if not asked.disciplines:
        reading.wrong(field, "FIELD_REQUIRED")
    if len(asked.disciplines) > MOST_DISCIPLINES:
        reading.wrong(field, "FIELD_TOO_MANY", most=MOST_DISCIPLINES)
    found: dict[str, int] = {}
    for place, each in enumerate(asked.disciplines[:MOST_DISCIPLINES]):
        read_discipline(reading, f"{field}[{place}]", each)
        if each.code in found:
            reading.wrong(f"{field}[{place}].code", "FIELD_DISCIPLINE_TWICE")
        found[each.code] = each.level
    return sorted(found.items())


def read_discipline(reading: Reading, field: str, asked: pb.Discipline) -> None:
    """One discipline and its level."""
    if not DISCIPLINE.fullmatch(asked.code):
        reading.wrong(f"{field}.code", "FIELD_DISCIPLINE")
    reading.number(f"{field}.level", asked.level, 1, 3)


def read_availability(
    reading: Reading, weekdays: Iterable[int], absences: Iterable[pb.Absence]
) -> tuple[list[int], list[Span]]:
    """Weekdays and absences on which one cannot serve, in order; absences that touch are one."""
    days, spans = list(weekdays), list(absences)
    if len(set(days)) != len(days) or len(days) > 6 or not set(days) <= set(range(1, 8)):
        reading.wrong("unavailable_weekdays", "FIELD_WEEKDAYS")
    if len(spans) > MOST_ABSENCES:
        reading.wrong("absences", "FIELD_TOO_MANY", most=MOST_ABSENCES)
    found: list[Span] = []
    for place, each in enumerate(spans[:MOST_ABSENCES]):
        first = reading.day(f"absences[{place}].first_day", each.first_day)
        last = reading.day(f"absences[{place}].last_day", each.last_day)
        if date.min not in (first, last) and last < first:
            reading.wrong(f"absences[{place}].last_day", "FIELD_LAST_DAY")
        found.append((first, last))
    return sorted(days), [] if reading.violations else merged(found)


def scale(reading: Reading, field: str, value: int, enum: Any) -> str:
    """The name of a value of an enum in which 0 says something too."""
    if value not in enum.values():
        reading.wrong(field, "FIELD_CHOICE", allowed=", ".join(enum.keys()))
        return ""
    return str(enum.Name(value))


def _empty(reading: Reading, field: str, *values: str) -> None:
    if any(values):
        reading.wrong(field, "FIELD_NOT_OF_KIND")
