"""A case is opened (受理登记): who, where to, with which matters; and further matters later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from liancai.talent.v1 import cases_pb2 as pb
from sqlalchemy import select

from services.fields import read_credit_code, read_division
from services.platform.boundary import Call
from services.platform.errors import Denied, Exists, Invalid, Violation
from services.platform.policy import Scope
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.platform.vault import Vault
from services.reference.clock import day_of
from services.talent import casefiles
from services.talent.casefiles import CaseFile, MatterFile
from services.talent.cases import people
from services.talent.cases.people import Person
from services.talent.casework.advancing import Desk
from services.talent.casework.editions import Editions
from services.talent.fields import read_words
from services.talent.queries import next_in
from services.talent.rules import catalogue, receipt
from services.talent.rules.catalogue import Applicant, Catalogue
from services.talent.rules.states import CaseState, MatterState, Side, StepState
from services.talent.tables import CaseRow, FamilyMemberRow

MOST_MEMBERS = 20
MOST_MATTERS = 50
MOST_LEVELS = 10
CHILD = pb.FamilyMember.CHILD


@dataclass(slots=True)
class Wanted:
    """What a request asks for, checked as far as it can be without the catalogue."""

    origin: str
    destination: str
    person: Person | None
    values: dict[str, Any]
    family: list[tuple[str, str]] = field(default_factory=list)  # kind and, of an adult, name
    matters: list[tuple[str, int]] = field(default_factory=list)  # type and member


def read_open(reading: Reading, call: Call, request: pb.OpenCaseRequest, today: Any) -> Wanted:
    """Everything OpenCase asks for."""
    origin = read_division(reading, "origin", request.origin, required=True)
    destination = read_division(reading, "destination", request.destination, required=True)
    if origin and origin == destination:
        reading.wrong("destination", "FIELD_SAME_PLACE")
    code = request.employer_credit_code
    values = {
        "employer_credit_code": read_credit_code(reading, "employer_credit_code", code) if code else "",
        "employer_name": reading.text("employer_name", request.employer_name, 0, 100),
        "brought_by": reading.text("brought_by", request.brought_by, 1, 64),
        "levels": read_words(reading, "levels", request.levels, MOST_LEVELS),
        "owner": reading.text("owner", request.owner, 0, 200) or call.caller.subject,
    }
    return Wanted(
        origin=origin,
        destination=destination,
        person=people.read_person(reading, "talent", request.talent, today),
        values=values,
        family=_read_family(reading, request.family),
        matters=_read_matters(reading, request.matters, request.family),
    )


def _read_family(reading: Reading, family: Sequence[pb.FamilyMember]) -> list[tuple[str, str]]:
    if len(family) > MOST_MEMBERS:
        reading.wrong("family", "FIELD_TOO_MANY", most=MOST_MEMBERS)
    found = []
    for place, member in enumerate(family):
        at = f"family[{place}]"
        kinds = reading.choices(f"{at}.kind", [member.kind], pb.FamilyMember.Kind)
        name = ""
        if member.kind == CHILD and member.full_name:
            reading.wrong(f"{at}.full_name", "FIELD_CHILD_NAME")
        elif member.kind != CHILD:
            name = people.read_name(reading, f"{at}.full_name", member.full_name)
        found.append((kinds[0] if kinds else "", name))
    return found


def _read_matters(
    reading: Reading, matters: Sequence[pb.MatterChoice], family: Sequence[pb.FamilyMember]
) -> list[tuple[str, int]]:
    if not matters:
        reading.wrong("matters", "FIELD_REQUIRED")
    if len(matters) > MOST_MATTERS:
        reading.wrong("matters", "FIELD_TOO_MANY", most=MOST_MATTERS)
    found: list[tuple[str, int]] = []
    for place, each in enumerate(matters):
        at = f"matters[{place}]"
        choice = (reading.text(f"{at}.type", each.type, 1, 32), each.member)
        reading.number(f"{at}.member", each.member, 0, len(family))
        if choice in found:
            reading.wrong(at, "FIELD_MATTER_TWICE")
        found.append(choice)
    return found


class Intake:
    """Opens cases and adds matters."""

    def __init__(self, vault: Vault, editions: Editions) -> None:
        self._vault = vault
        self._editions = editions

    def open(self, tx: Tx, call: Call, wanted: Wanted, occurred: Any, late_reason: str) -> CaseFile:
        """A new case with its matters; whatever can begin has begun."""
        assert wanted.person is not None
        day = day_of(occurred)
        catalogue_id = self._editions.in_force(tx.session, day)
        edition = self._editions.of(tx.session, catalogue_id)
        members = [kind for kind, _ in wanted.family]
        for place, (kind, member) in enumerate(wanted.matters):
            _check_choice(edition, f"matters[{place}]", kind, members[member - 1] if member else "")
        number = receipt.make(wanted.origin, wanted.destination, day, next_in(tx, f"receipts/{day:%Y%m%d}"))
        talent = people.keep(tx.session, self._vault, wanted.person, tx.now)
        custody, division, _ = side_of(call, wanted.origin, wanted.destination)
        row = CaseRow(
            id=number,
            state=CaseState.OPEN,
            origin=wanted.origin,
            destination=wanted.destination,
            custody=custody,
            division=division,
            catalogue_id=catalogue_id,
            talent_id=talent.id,
            day=day,
            open_time=occurred,
            create_time=tx.now,
            update_time=tx.now,
            **people.seal_phone(self._vault, number, wanted.person.phone),
            **wanted.values,
        )
        tx.session.add(row)
        tx.session.flush()
        tx.session.add_all(
            FamilyMemberRow(
                case_id=number, number=place, kind=kind,
                name_sealed=people.seal_member(self._vault, number, place, name),
            )
            for place, (kind, name) in enumerate(wanted.family, start=1)
        )  # fmt: skip
        tx.session.flush()
        file = casefiles.read(tx.connection, [number], lock=True)[number]
        desk = self._editions.desk(tx.session, call, file, tx.now, occurred)
        for kind, member in wanted.matters:
            add(tx, desk, kind, member)
        desk.settle()
        keys = [matter.key for matter in file.matters]
        desk.record(tx, "case.opened", late_reason=late_reason, matters=keys, catalogue=f"catalogues/{catalogue_id}")
        casefiles.write(tx, [file])
        return file


def add(tx: Tx, desk: Desk, kind: str, member: int) -> MatterFile:
    """Stores a matter with its steps; nothing of it has begun. Raises Exists MATTER_EXISTS."""
    file, known = desk.file, desk.edition.matter(kind)
    key = f"{kind}-{member}" if member else kind
    if (there := file.matter(key)) is not None:
        raise Exists("MATTER_EXISTS", matter=there.name, state=there.state)
    scope = catalogue.scope_of(known.pool, file.origin, file.destination)
    branch = known.branch(file.origin, file.destination)
    waived = not branch.required
    matter = MatterFile(
        case_id=file.id,
        key=key,
        type=kind,
        member=member,
        position=len(file.matters) + 1,
        state=MatterState.NOT_REQUIRED if waived else MatterState.WAITING,
        scope=scope,
        reason=branch.source if waived else "",
        evidence="",
        start_time=None,
        finish_time=desk.occurred if waived else None,
    )
    skipped = {step.key for step in known.steps} if waived else set(branch.skips)
    steps = [
        _step(desk, matter, step, place, left_out=step.key in skipped)
        for place, step in enumerate(known.steps, start=1)
    ]
    casefiles.add_matter(tx, file, matter, steps)
    return matter


def _step(desk: Desk, matter: MatterFile, known: catalogue.Step, place: int, *, left_out: bool) -> dict[str, Any]:
    """The columns of a new step."""
    file = desk.file
    division = file.origin if known.side is Side.ORIGIN else file.destination
    return {
        "case_id": file.id,
        "matter": matter.key,
        "key": known.key,
        "position": place,
        "state": StepState.SKIPPED if left_out else StepState.PENDING,
        "side": known.side,
        "bureau": known.bureau or "",
        "division": division,
        "unit": f"{division}-{known.bureau}" if known.bureau else "",
        "assignee": "",
        "owner": file.owner,
        "outcome": "",
        "result": {},
        "reason": "",
        "received": None,
        "base": None,
        "begun": "",
        "planned": None,
        "promised": None,
        "statutory": None,
        "provisional": False,
        "calendar": "",
        "alarm": None,
        "yellow": None,
        "red": None,
        "remind": None,
        "entries": 0,
        "owed": None,
        "start_time": None,
        "finish_time": desk.occurred if left_out else None,
        "update_time": desk.now,
        "version": 1,
    }


def check_choice(tx: Tx, file: CaseFile, edition: Catalogue, choice: pb.MatterChoice) -> tuple[str, int]:
    """A matter to be added to a case. Raises Invalid."""
    wanted = select(FamilyMemberRow.kind).where(
        FamilyMemberRow.case_id == file.id, FamilyMemberRow.number == choice.member
    )
    member = tx.session.execute(wanted).scalar_one_or_none()
    if choice.member and member is None:
        raise Invalid(Violation("matter.member", "FIELD_MEMBER"))
    _check_choice(edition, "matter", choice.type, member or "")
    return choice.type, choice.member


def _check_choice(edition: Catalogue, field: str, kind: str, member: str) -> None:
    known = next((each for each in edition.matters if each.key == kind), None)
    if known is None:
        allowed = ", ".join(each.key for each in edition.matters)
        raise Invalid(Violation(f"{field}.type", "FIELD_CHOICE", {"allowed": allowed}))
    if known.applicant is Applicant.GUARDIAN and member != "CHILD":
        raise Invalid(Violation(f"{field}.member", "FIELD_MATTER_CHILD"))


def side_of(call: Call, origin: str, destination: str) -> tuple[Side, str, str]:
    """The side that a caller opens a case for, its division and that of the other side. Raises Denied for neither."""
    for side, own, other in ((Side.DESTINATION, destination, origin), (Side.ORIGIN, origin, destination)):
        if call.may(call.action, Scope((own,))):
            return side, own, other
    raise Denied(call.action)
