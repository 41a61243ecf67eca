"""What every handler of enrolments works with: reading a person, showing one, finding the class of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liancai.training.v1 import enrolments_pb2 as pb
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Exists, Fault, NotFound, Refused
from services.platform.pages import Pages
from services.platform.requests import Reading
from services.reference import codelists, resident_id, writing
from services.reference.clock import day_of
from services.reference.resident_id import ResidentIdFault
from services.training.enrolments import messages
from services.training.packs import Packs
from services.training.rules import roster
from services.training.rules.eligibility import RULES, Outcome, Ruleset
from services.training.rules.facts import Facts
from services.training.rules.states import EnrolmentState
from services.training.scopes import ClassScopes
from services.training.seats import people
from services.training.seats.decisions import Application, Decision
from services.training.seats.enrolling import Desk
from services.training.seats.limits import Binding
from services.training.seats.people import Person
from services.training.tables import EnrolmentRow, TraineeRow

MOST_WARNINGS = 20  # that one request lets pass


class Clerk:
    """The database, the desk that decides, and the packs that explain."""

    def __init__(self, database: Database, pages: Pages, desk: Desk, packs: Packs, scopes: ClassScopes) -> None:
        self._database = database
        self._pages = pages
        self._desk = desk
        self._packs = packs
        self._scopes = scopes

    def read_person(self, reading: Reading, applicant: pb.Applicant, field: str = "applicant") -> Person | None:
        """Who applies, sealed; None, with every field noted that is wrong."""
        faults = len(reading.violations)
        name = roster.normalise_name(applicant.full_name)
        if not roster.NAME.fullmatch(name):
            reading.wrong(f"{field}.full_name", "TR-NAME-CHARACTERS" if name else "TR-NAME-MISSING")
        phone = roster.normalise_phone(applicant.phone)
        if not roster.PHONE.fullmatch(phone):
            reading.wrong(f"{field}.phone", "TR-PHONE-FORMAT" if phone else "TR-PHONE-MISSING")
        known = codelists.find_category(applicant.category)
        if applicant.category and known is None:
            reading.wrong(f"{field}.category", "TR-CATEGORY-UNKNOWN")
        kind = reading.text(f"{field}.proof_kind", applicant.proof_kind, 0, 50)
        proof = people.proof_of(kind, reading.text(f"{field}.proof_number", applicant.proof_number, 0, 64))
        try:
            number = resident_id.parse(applicant.resident_id, day_of(self._database.clock()))
        except ResidentIdFault as fault:
            reading.wrong(f"{field}.resident_id", roster.code_of(fault))
            return None
        if len(reading.violations) > faults:
            return None
        return people.seal(self._database.vault, name, number, phone, category=known.code if known else "", proof=proof)

    def class_of(self, name: str) -> str:
        """The class of an enrolment: works on one class share a lane."""
        with self._database.reading() as session:
            row = session.get(EnrolmentRow, name.partition("/")[2])
            if row is None:
                raise NotFound(name)
            return f"classes/{row.class_id}"

    def rules_of(self, session: Session, row: EnrolmentRow, division: str) -> Ruleset:
        """The rules that an enrolment was decided by."""
        return self._packs.ruleset(session, row.rule_pack, division, day_of(row.occur_time))

    def message(
        self, session: Session, call: Call, row: EnrolmentRow, division: str, position: int = 0
    ) -> pb.Enrolment:
        """An enrolment, masked, with what its rules had to say."""
        trainee = session.get_one(TraineeRow, row.trainee_id)
        objections = self.rules_of(session, row, division).objections(Facts.restored(row.facts))
        return messages.enrolment(row, self.masked(row, trainee), position=position, findings=found(call, objections))

    def masked(self, row: EnrolmentRow, trainee: TraineeRow) -> tuple[str, str, str]:
        """Name, number and phone with their middles hidden."""
        return mask(*people.unseal(self._database.vault, row, trainee))

    def reply(self, application: Application, decision: Decision) -> pb.Enrolment | Fault:
        """What a decision says to whoever asked for it."""
        if decision.enrolment is None:
            return refusal(application, decision)
        person = application.person
        masked = mask(person.full_name, person.number, person.phone)
        return messages.enrolment(decision.enrolment, masked, findings=found(application.call, decision.objections))


def read_accepted(reading: Reading, field: str, accepted: Sequence[pb.AcceptedWarning]) -> Mapping[str, str]:
    """The warnings an officer lets pass, with the reasons."""
    if len(accepted) > MOST_WARNINGS:
        reading.wrong(field, "FIELD_TOO_MANY", most=MOST_WARNINGS)
        return {}
    return {
        reading.text(f"{field}[{index}].code", each.code, 1, 64): reading.text(
            f"{field}[{index}].reason", each.reason, 2, 200
        )
        for index, each in enumerate(accepted)
    }


def refusal(application: Application, decision: Decision) -> Fault:
    """Why a decision gave no place."""
    class_name = f"classes/{application.class_id}"
    if decision.present is not None:
        enrolment_id, state, _ = decision.present
        return Exists("ALREADY_ENROLLED", enrolment=f"enrolments/{enrolment_id}", state=state)
    details = [shown(application.call, decision, application.accepted)]
    if decision.blocked:
        codes = [said.declaration.code for said in decision.objections if said.outcome is Outcome.BLOCKED]
        return Refused("NOT_ELIGIBLE", details=details, codes=", ".join(codes), class_name=class_name)
    if decision.unaccepted:
        codes = list(decision.unaccepted)
        return Refused("WARNINGS_NEED_REASON", details=details, codes=", ".join(codes), class_name=class_name)
    if decision.binding is not None:
        return quota_binds(application.call, decision.binding, details)
    if decision.partners:
        return Refused("PARTY_REFUSED", class_name=class_name, refused="")
    return Refused(
        "CLASS_FULL", details=details, class_name=class_name, capacity=decision.capacity, enrolled=decision.filled
    )


def quota_binds(call: Call, bound: Binding, details: Sequence[pb.EnrolmentDecision] = ()) -> Fault:
    """The limit that binds, and what is left of it."""
    return Refused(
        "QUOTA_BINDS",
        details=details,
        quota=bound.quota,
        left=messages.amount(call, bound.kind, bound.left),
        asked=messages.amount(call, bound.kind, bound.asked),
    )


def shown(call: Call, decision: Decision, accepted: Mapping[str, str]) -> pb.EnrolmentDecision:
    """A decision with its derivation; `accepted` are the reasons that were given, by code."""
    return pb.EnrolmentDecision(
        result=pb.Enrolment.State.Value(decision.state) if decision.state else pb.Enrolment.STATE_UNSPECIFIED,
        verdicts=[messages.verdict(call, said) for said in decision.rules.verdicts(decision.facts)],
        rule_pack=decision.rules.pack.fingerprint,
        capacity=decision.capacity,
        enrolled=decision.filled,
        binding_quota=decision.binding.quota if decision.binding else "",
        accepted=[
            pb.AcceptedWarning(code=code, reason=accepted[code])
            for code in (decision.rules.warnings(decision.facts) if accepted else ())
            if code in accepted
        ],
    )


def objections(call: Call, decision: Decision, accepted: Mapping[str, str]) -> pb.EnrolmentDecision:
    """What a decision has against one of many: the rules that are met are left out, for the room there is."""
    whole = shown(call, decision, accepted)
    said = [each for each in whole.verdicts if each.outcome in (each.BLOCKED, each.WARNED)]
    del whole.verdicts[:]
    whole.verdicts.extend(said)
    return whole


def wrong_state(row: EnrolmentRow, allowed: Sequence[EnrolmentState]) -> Refused:
    """The enrolment's state does not allow it."""
    return Refused("ENROLMENT_STATE", enrolment=f"enrolments/{row.id}", state=row.state, allowed=", ".join(allowed))


def found(call: Call, objections: Sequence[Any]) -> list[Any]:
    """Findings of the rules that are not met."""
    return [messages.finding(call, said, RULES[said.declaration.key].field) for said in objections]


def mask(name: str, number: str, phone: str) -> tuple[str, str, str]:
    """Name, number and phone with their middles hidden."""
    return writing.mask_name(name), resident_id.mask(number), writing.mask_phone(phone)
