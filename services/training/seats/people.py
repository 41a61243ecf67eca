"""A person as an application names them: read, checked, sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from services.platform.ids import new_id, new_ids
from services.platform.vault import Vault
from services.reference import names, resident_id
from services.reference.resident_id import ResidentId
from services.training.tables import EnrolmentRow, TraineeRow


class Named(NamedTuple):
    """Somebody as an application names them. `proof` is what proves the category: its kind and number."""

    full_name: str
    number: ResidentId
    phone: str
    category: str = ""
    proof: str = ""

    def __repr__(self) -> str:
        return "Named()"


@dataclass(slots=True)
class Person:
    """Who applies. `index` finds them again; the sealed fields belong to `trainee_id` and `enrolment_id`."""

    full_name: str
    number: str
    birth: date
    division_known: bool
    phone: str
    index: bytes
    trainee_id: str
    enrolment_id: str
    number_sealed: bytes
    phone_sealed: bytes
    phone_index: bytes
    category: str = ""
    proof_sealed: bytes = b""
    pinyin: tuple[str, str] = ("", "")  # how the name is read, and its initials

    def row(self, now: datetime) -> tuple[object, ...]:
        """The row of a trainee who is new."""
        return self.trainee_id, self.index, self.number_sealed, self.full_name, *self.pinyin, now

    def __repr__(self) -> str:
        return f"Person({self.trainee_id})"


def seal(
    vault: Vault, full_name: str, number: ResidentId, phone: str, *, category: str = "", proof: str = ""
) -> Person:
    """A person with fresh ids, ready to be stored."""
    return _sealed(vault, [Named(full_name, number, phone, category, proof)], [new_id()], [new_id()])[0]


def seal_all(vault: Vault, named: Sequence[Named]) -> list[Person]:
    """As many people with fresh ids, ready to be stored."""
    return _sealed(vault, named, new_ids(len(named)), new_ids(len(named)))


def _sealed(vault: Vault, named: Sequence[Named], trainees: list[str], enrolments: list[str]) -> list[Person]:
    fields: list[tuple[str, str, str]] = []
    for (_, who, phone, _, proof), trainee_id, enrolment_id in zip(named, trainees, enrolments, strict=True):
        owner = f"enrolments/{enrolment_id}"
        fields += ((who.number, f"trainees/{trainee_id}", "resident_id"), (phone, owner, "phone"))
        if proof:
            fields.append((proof, owner, "proof"))
    sealed = iter(vault.seal_all(fields))  # at once: each time chance is asked for, other threads come between
    return [
        Person(
            full_name,
            who.number,
            who.birth,
            resident_id.division_known(who),
            phone,
            vault.index("resident_id", who.number),
            trainee_id,
            enrolment_id,
            next(sealed),
            next(sealed),
            vault.index("phone", phone),
            category,
            next(sealed) if proof else b"",
            names.pinyin(full_name),
        )
        for (full_name, who, phone, category, proof), trainee_id, enrolment_id in zip(
            named, trainees, enrolments, strict=True
        )
    ]


def proof_of(kind: str, number: str) -> str:
    """A proof as it is sealed: nothing unless it has a number, for a kind alone proves nothing."""
    return f"{kind} {number}".strip() if number else ""


def unseal(vault: Vault, enrolment: EnrolmentRow, trainee: TraineeRow) -> tuple[str, str, str]:
    """Name, identity number and phone of the person behind an enrolment."""
    return (
        trainee.full_name,
        vault.unseal(trainee.resident_id_sealed, f"trainees/{trainee.id}", "resident_id"),
        vault.unseal(enrolment.phone_sealed, f"enrolments/{enrolment.id}", "phone"),
    )


def again(vault: Vault, enrolment: EnrolmentRow, trainee: TraineeRow, today: date) -> Person:
    """The person behind an enrolment, as somebody who applies once more."""
    name, number, phone = unseal(vault, enrolment, trainee)
    proof = (
        vault.unseal(enrolment.proof_sealed, f"enrolments/{enrolment.id}", "proof") if enrolment.proof_sealed else ""
    )
    return seal(vault, name, resident_id.parse(number, today), phone, category=enrolment.category, proof=proof)
