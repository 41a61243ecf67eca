"""The fields of a placement: read from the message, checked, sealed, written to the row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from liancai.placement.v1 import placements_pb2 as pb
from liancai.placement.v1.commissioners_pb2 import Commissioner

from services.fields import read_credit_code, read_division, read_sha256
from services.placement.commissioners.fields import read_name, read_number, read_phone, scale
from services.placement.rules.placed import Kind
from services.platform.requests import Reading
from services.platform.vault import Vault
from services.reference import names
from services.reference.workdays import add_months

EDITABLE = {
    *("full_name", "resident_id", "phone", "title", "education", "home_unit_credit_code", "home_unit_name", "division"),
    *("host_credit_code", "host_name", "host_division", "post", "start_date", "end_date", "approval_number"),
    *("approving_unit", "agreement", "documents", "pay_bearer", "injury_bearer", "benefit_basis", "school"),
    *("study_months", "host_staff", "host_interns"),
}
LONGEST, LAST_YEAR = 120, 2999  # months, and a year: limits against slips of the pen
MOST_DOCUMENTS, MOST_MONTHS, MOST_PEOPLE = 50, 120, 1_000_000
_COUNTS = (("study_months", MOST_MONTHS), ("host_staff", MOST_PEOPLE), ("host_interns", MOST_PEOPLE))


@dataclass(slots=True, repr=False)
class Entry:
    """A placement as it is asked for, personal data in clear for as long as a request takes."""

    values: dict[str, Any]
    full_name: str
    number: str
    phone: str

    def columns(self, vault: Vault, placement_id: str) -> dict[str, Any]:
        """The columns of its row, personal data sealed."""
        owner = f"placements/{placement_id}"
        pinyin, initials = names.pinyin(self.full_name)
        return {
            **self.values,
            "full_name": self.full_name,
            "name_pinyin": pinyin,
            "name_initials": initials,
            "resident_id_index": vault.index("resident_id", self.number),
            "resident_id_sealed": vault.seal(self.number, owner, "resident_id"),
            "phone_index": vault.index("phone", self.phone),
            "phone_sealed": vault.seal(self.phone, owner, "phone"),
        }


def read(reading: Reading, asked: pb.Placement, today: date) -> Entry:
    """What is asked for, each field checked; what may come later may be empty."""
    at = "placement"
    (kind,) = reading.choices(f"{at}.kind", [asked.kind], pb.Placement.Kind) or [""]
    first, last = _read_period(reading, at, asked)
    values = {
        "kind": kind,
        "title": scale(reading, f"{at}.title", asked.title, Commissioner.Title),
        "education": scale(reading, f"{at}.education", asked.education, Commissioner.Education),
        **_read_units(reading, at, asked),
        "post": reading.text(f"{at}.post", asked.post, 2, 100),
        "start_date": first,
        "end_date": last,
        "approval_number": reading.text(f"{at}.approval_number", asked.approval_number, 0, 64),
        "approving_unit": reading.text(f"{at}.approving_unit", asked.approving_unit, 0, 100),
        **_read_agreement(reading, f"{at}.agreement", asked, today),
        "documents": _read_documents(reading, f"{at}.documents", asked),
        "pay_bearer": _stated(reading, f"{at}.pay_bearer", asked.pay_bearer, pb.Placement.Bearer),
        "injury_bearer": _stated(reading, f"{at}.injury_bearer", asked.injury_bearer, pb.Placement.Bearer),
        "school": _stated(reading, f"{at}.school", asked.school, pb.Placement.School),
        "benefit_basis": reading.text(f"{at}.benefit_basis", asked.benefit_basis, 0, 200),
    }
    for field, most in _COUNTS:
        values[field] = reading.number(f"{at}.{field}", getattr(asked, field), 0, most)
    if kind != Kind.INTERNSHIP:
        for field in ("school", *(name for name, _ in _COUNTS)):
            if values[field]:
                reading.wrong(f"{at}.{field}", "FIELD_STUDENTS_ONLY")
    person = (
        read_name(reading, f"{at}.full_name", asked.full_name),
        read_number(reading, f"{at}.resident_id", asked.resident_id, today),
        read_phone(reading, f"{at}.phone", asked.phone),
    )
    return Entry(values, *person)


def _read_period(reading: Reading, at: str, asked: pb.Placement) -> tuple[date, date]:
    """First and last day."""
    first = reading.day(f"{at}.start_date", asked.start_date)
    last = reading.day(f"{at}.end_date", asked.end_date)
    if first.year > LAST_YEAR:
        reading.wrong(f"{at}.start_date", "FIELD_DATE")
    elif date.min not in (first, last) and not first <= last < add_months(first, LONGEST):
        reading.wrong(f"{at}.end_date", "FIELD_PERIOD")
    return first, last


def _read_units(reading: Reading, at: str, asked: pb.Placement) -> dict[str, Any]:
    """Home unit and host, which are two."""
    values = {
        "home_unit_credit_code": read_credit_code(reading, f"{at}.home_unit_credit_code", asked.home_unit_credit_code),
        "home_unit_name": reading.text(f"{at}.home_unit_name", asked.home_unit_name, 2, 100),
        "division": read_division(reading, f"{at}.division", asked.division, required=True),
        "host_credit_code": read_credit_code(reading, f"{at}.host_credit_code", asked.host_credit_code),
        "host_name": reading.text(f"{at}.host_name", asked.host_name, 2, 100),
        "host_division": read_division(reading, f"{at}.host_division", asked.host_division, required=True),
    }
    if values["host_credit_code"] and values["host_credit_code"] == values["home_unit_credit_code"]:
        reading.wrong(f"{at}.host_credit_code", "FIELD_OTHER_UNIT")
    return values


def _read_agreement(reading: Reading, field: str, asked: pb.Placement, today: date) -> dict[str, Any]:
    """Title, hash and day of signing, or nothing of them."""
    agreement, signed_on = asked.agreement, None
    given = agreement != pb.Placement.Agreement()
    if agreement.signed_on:
        signed_on = reading.day(f"{field}.signed_on", agreement.signed_on)
        if signed_on > today:
            reading.wrong(f"{field}.signed_on", "FIELD_FUTURE")
    return {
        "agreement_title": reading.text(f"{field}.title", agreement.title, 2 if given else 0, 100),
        "agreement_sha256": read_sha256(reading, f"{field}.sha256", agreement.sha256, required=True) if given else "",
        "agreement_signed_on": signed_on,
    }


def _read_documents(reading: Reading, field: str, asked: pb.Placement) -> list[dict[str, Any]]:
    """Kind and hash of each, in order."""
    if len(asked.documents) > MOST_DOCUMENTS:
        reading.wrong(field, "FIELD_TOO_MANY", most=MOST_DOCUMENTS)
    found: list[dict[str, Any]] = []
    for place, each in enumerate(asked.documents[:MOST_DOCUMENTS]):
        (kind,) = reading.choices(f"{field}[{place}].kind", [each.kind], pb.Placement.Document.Kind) or [""]
        document = {
            "kind": kind,
            "sha256": read_sha256(reading, f"{field}[{place}].sha256", each.sha256, required=True),
        }
        if document in found:
            reading.wrong(f"{field}[{place}]", "FIELD_DOCUMENT_TWICE")
        found.append(document)
    return sorted(found, key=lambda each: (each["kind"], each["sha256"]))


def _stated(reading: Reading, field: str, value: int, enum: Any) -> str:
    """The name of a value; empty where none is stated."""
    return (reading.choices(field, [value], enum) or [""])[0] if value else ""
