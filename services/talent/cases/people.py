"""A talent as an application names them: read, checked, sealed; and as a reply shows them: masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from liancai.talent.v1 import cases_pb2 as pb
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform.ids import new_id
from services.platform.requests import Reading
from services.platform.vault import Vault
from services.reference import names, resident_id, writing
from services.reference.resident_id import ResidentIdFault
from services.talent.cases.details import CaseDetail
from services.talent.tables import TalentRow


@dataclass(slots=True)
class Person:
    """Who relocates, in clear for as long as a request takes."""

    full_name: str
    number: str
    phone: str

    def __repr__(self) -> str:
        return "Person()"


def read_person(reading: Reading, field: str, asked: pb.Talent, today: date) -> Person | None:
    """Who relocates; None, with every field noted that is wrong."""
    faults = len(reading.violations)
    name = read_name(reading, f"{field}.full_name", asked.full_name)
    phone = writing.normalise_phone(asked.phone)
    if not writing.PHONE.fullmatch(phone):
        reading.wrong(f"{field}.phone", "TR-PHONE-FORMAT" if phone else "TR-PHONE-MISSING")
    try:
        number = resident_id.parse(asked.resident_id, today).number
    except ResidentIdFault as fault:
        reading.wrong(f"{field}.resident_id", writing.code_of(fault))
        return None
    return Person(name, number, phone) if len(reading.violations) == faults else None


def read_name(reading: Reading, field: str, text: str) -> str:
    """A name as it is written."""
    name = writing.normalise_name(text)
    if not writing.NAME.fullmatch(name):
        reading.wrong(field, "TR-NAME-CHARACTERS" if name else "TR-NAME-MISSING")
    return name


def keep(session: Session, vault: Vault, person: Person, now: datetime) -> TalentRow:
    """The row of a person: the one there is, with the name as it is written now, or a new one."""
    index = vault.index("resident_id", person.number)
    row = session.scalars(select(TalentRow).where(TalentRow.resident_id_index == index).with_for_update()).one_or_none()
    pinyin, initials = names.pinyin(person.full_name)
    if row is None:
        talent_id = new_id()
        sealed = vault.seal(person.number, f"talents/{talent_id}", "resident_id")
        row = TalentRow(id=talent_id, resident_id_index=index, resident_id_sealed=sealed, record_time=now)
        session.add(row)
    row.full_name, row.name_pinyin, row.name_initials = person.full_name, pinyin, initials
    session.flush()
    return row


def seal_phone(vault: Vault, case_id: str, phone: str) -> dict[str, bytes]:
    """A phone in the columns of its case."""
    return {
        "phone_sealed": vault.seal(phone, f"cases/{case_id}", "phone"),
        "phone_index": vault.index("phone", phone),
    }


def seal_member(vault: Vault, case_id: str, number: int, name: str) -> bytes | None:
    """The name of a member of the family; a child has none."""
    return vault.seal(name, f"cases/{case_id}/family/{number}", "full_name") if name else None


def masked_member(vault: Vault, case_id: str, number: int, sealed: bytes | None) -> str:
    """The name of a member of the family with its middle hidden."""
    if sealed is None:
        return ""
    return writing.mask_name(vault.unseal(sealed, f"cases/{case_id}/family/{number}", "full_name"))


def phone_of(vault: Vault, case_id: str, sealed: bytes) -> str:
    """The phone of a case in clear."""
    return vault.unseal(sealed, f"cases/{case_id}", "phone")


def masked(vault: Vault, detail: CaseDetail) -> tuple[str, str, str]:
    """Name, identity number and phone with their middles hidden."""
    number = vault.unseal(detail.resident_id_sealed, f"talents/{detail.talent_id}", "resident_id")
    phone = phone_of(vault, detail.id, detail.phone_sealed)
    return writing.mask_name(detail.full_name), resident_id.mask(number), writing.mask_phone(phone)
