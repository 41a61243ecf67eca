"""What tests do all the time: call the services as somebody, and bring orders and classes to life."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import grpc
from liancai.training.v1 import (
    agreements_pb2,
    agreements_pb2_grpc,
    audit_pb2_grpc,
    classes_pb2,
    classes_pb2_grpc,
    enrolments_pb2,
    enrolments_pb2_grpc,
    events_pb2_grpc,
    institutions_pb2,
    institutions_pb2_grpc,
    orders_pb2,
    orders_pb2_grpc,
    quotas_pb2,
    quotas_pb2_grpc,
    registers_pb2_grpc,
    rosters_pb2,
    rosters_pb2_grpc,
    waitlist_pb2_grpc,
)

from services.reference import credit_code, resident_id
from services.reference.clock import day_of

ENTERPRISE = credit_code.make("91", "371526", "MA3C0001")
INSTITUTION = credit_code.make("52", "370103", "MJE00010")
BUREAU = credit_code.make("11", "371526", "00437000")
FILE = "5a" * 32  # the SHA-256 of what was signed
ELECTRICIAN = "6-31-01-03"
MORNING = datetime(2026, 11, 23, 1, tzinfo=UTC)  # nine o'clock on a Monday in Shanghai
TODAY = day_of(MORNING)

_began = time.monotonic()

_serial = itertools.count(1)
_serial_lock = threading.Lock()


class Office:
    """Stubs of every service under one token. `office.orders.GetOrder(...)` works as with a bare stub.

    `second` is the token of another officer of the bureau, who approves what this one has reviewed.
    """

    def __init__(self, channel: grpc.Channel, token: str, language: str = "zh-CN", second: str = "") -> None:
        self.second: Office | None = Office(channel, second, language) if second else None
        metadata = (("authorization", f"Bearer {token}"), ("accept-language", language))
        self.orders: Any = Signed(orders_pb2_grpc.OrdersStub(channel), metadata)
        self.agreements: Any = Signed(agreements_pb2_grpc.AgreementsStub(channel), metadata)
        self.institutions: Any = Signed(institutions_pb2_grpc.InstitutionsStub(channel), metadata)
        self.classes: Any = Signed(classes_pb2_grpc.ClassesStub(channel), metadata)
        self.enrolments: Any = Signed(enrolments_pb2_grpc.EnrolmentsStub(channel), metadata)
        self.rosters: Any = Signed(rosters_pb2_grpc.RostersStub(channel), metadata)
        self.waitlist: Any = Signed(waitlist_pb2_grpc.WaitlistStub(channel), metadata)
        self.quotas: Any = Signed(quotas_pb2_grpc.QuotasStub(channel), metadata)

        self.registers: Any = Signed(registers_pb2_grpc.RegistersStub(channel), metadata)
        self.events: Any = Signed(events_pb2_grpc.EventsStub(channel), metadata)
        self.audit: Any = Signed(audit_pb2_grpc.AuditTrailStub(channel), metadata)

    def registered(self, code: str = INSTITUTION, **fields: Any) -> str:
        """The resource name of an institution that is on the register, if need be since now."""
        request = institutions_pb2.RegisterInstitutionRequest(
            institution=an_institution(credit_code=code, **fields), request_id=request_id()
        )
        try:
            self.institutions.RegisterInstitution(request)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
                raise
        return f"institutions/{code}"

    def verified(self, **fields: Any) -> orders_pb2.Order:
        """An order that the bureau has seen to be real."""
        order = self.orders.CreateOrder(
            orders_pb2.CreateOrderRequest(order=an_order(**fields), request_id=request_id())
        )
        self.orders.SubmitOrder(orders_pb2.SubmitOrderRequest(name=order.name, request_id=request_id()))
        verified: orders_pb2.Order = self.orders.VerifyOrder(
            orders_pb2.VerifyOrderRequest(name=order.name, request_id=request_id())
        )
        return verified

    def matched(self, *, institution: str = INSTITUTION, **fields: Any) -> orders_pb2.Order:
        """An order with an institution that will train."""
        order = self.verified(**fields)
        self.registered(institution, division=order.division)
        matched: orders_pb2.Order = self.orders.MatchOrder(
            orders_pb2.MatchOrderRequest(name=order.name, request_id=request_id(), institution_credit_code=institution)
        )
        return matched

    def contracted(self, **fields: Any) -> orders_pb2.Order:
        """An order ready for classes: one agreement of enterprise, institution and bureau covers it."""
        order = self.matched(**fields)
        self.sign(self.agreement(order).name)
        contracted: orders_pb2.Order = self.orders.GetOrder(orders_pb2.GetOrderRequest(name=order.name))
        return contracted

    def agreement(self, *orders: orders_pb2.Order, **fields: Any) -> agreements_pb2.Agreement:
        """An agreement on all heads of orders that nobody has signed; `fields` change it."""
        made: agreements_pb2.Agreement = self.agreements.CreateAgreement(
            agreements_pb2.CreateAgreementRequest(agreement=an_agreement(*orders, **fields), request_id=request_id())
        )
        return made

    def sign(self, name: str, *roles: agreements_pb2.Agreement.Party.Role.ValueType) -> agreements_pb2.Agreement:
        """Notes today's signature of the parties with these roles, or of all."""
        found: agreements_pb2.Agreement = self.agreements.GetAgreement(agreements_pb2.GetAgreementRequest(name=name))
        for party in list(found.parties):
            if not roles or party.role in roles:
                found = self.agreements.SignAgreement(a_signature(name, party))
        return found

    def open_class(self, order: str, **fields: Any) -> classes_pb2.Class:
        """A class that enrols."""
        made = self.classes.CreateClass(
            classes_pb2.CreateClassRequest(training_class=a_class(order, **fields), request_id=request_id())
        )
        return self.bring(made.name, "File", "Review", "Approve", "Open")

    def paid_class(self, order: str, **fields: Any) -> classes_pb2.Class:
        """A class that enrols and that public money pays for, 1,200 yuan a head unless `fields` say otherwise."""
        kind = classes_pb2.Attachment
        day = fields.get("start_date", "2026-12-01")
        values: dict[str, Any] = {
            "fund": quotas_pb2.EMPLOYMENT_SUBSIDY,
            "subsidy_fen": 120_000,
            "subsidy_standard": "样例标准-4",
            "sessions": [classes_pb2.Session(date=day, start="08:00", end="12:00", place="101", topic="电工基础")],
            "attachments": [
                classes_pb2.Attachment(kind=each, file_name="样例.pdf", sha256=f"{each:064x}")
                for each in (
                    *(kind.TEACHING_PLAN, kind.TEACHERS, kind.TEXTBOOKS, kind.ASSESSMENT_PLAN, kind.COMMITMENT),
                )
            ],
            **fields,
        }
        teacher = self.teacher()
        for session in values["sessions"]:
            session.teacher = session.teacher or teacher
            session.place = session.place or "101"
        return self.open_class(order, **values)

    def teacher(self, code: str = INSTITUTION) -> str:
        """Somebody new who teaches at an institution."""
        person = somebody()
        request = institutions_pb2.AddTeacherRequest(
            institution=f"institutions/{code}",
            full_name=person.full_name,
            resident_id=person.resident_id,
            qualification="电工高级技师",
            certificate_number="Z-1",
            request_id=request_id(),
        )
        return str(self.institutions.AddTeacher(request).name)

    def hire(self, name: str) -> enrolments_pb2.Enrolment:
        """Somebody enrolled in a class that has closed begins to work for the order's enterprise."""
        request = enrolments_pb2.ConfirmHireRequest(
            name=name, employer_credit_code=ENTERPRISE, contract_start="2026-11-01", request_id=request_id()
        )
        hired: enrolments_pb2.Enrolment = self.enrolments.ConfirmHire(request)
        return hired

    def bring(self, class_name: str, *verbs: str) -> classes_pb2.Class:
        """Takes a class through steps of its life; another officer approves."""
        made = classes_pb2.Class()
        for verb in verbs:
            desk = self if verb != "Approve" else self.second
            assert desk is not None, "an office that approves has a second officer"
            request = getattr(classes_pb2, f"{verb}ClassRequest")(name=class_name, request_id=request_id())
            made = getattr(desk.classes, f"{verb}Class")(request)
        return made

    def enrol(self, class_name: str, applicant: enrolments_pb2.Applicant | None = None) -> enrolments_pb2.Enrolment:
        """One person, or somebody new."""
        enrolled: enrolments_pb2.Enrolment = self.enrolments.Enrol(
            enrolments_pb2.EnrolRequest(
                class_name=class_name, applicant=applicant or somebody(), request_id=request_id()
            )
        )
        return enrolled

    def import_people(
        self,
        class_name: str,
        people: Sequence[enrolments_pb2.Applicant],
        accepted: Sequence[enrolments_pb2.AcceptedWarning] = (),
    ) -> rosters_pb2.RosterSummary:
        """A roster of these people, the rows without errors taken."""
        header = rosters_pb2.ImportRosterRequest.Header(
            class_name=class_name,
            mode=rosters_pb2.ImportRosterRequest.Header.VALID_ROWS,
            file_sha256=uuid.uuid4().hex * 2,
            request_id=request_id(),
            accepted=accepted,
        )
        rows = [
            rosters_pb2.RosterRow(
                row_number=number, full_name=each.full_name, resident_id=each.resident_id, phone=each.phone
            )
            for number, each in enumerate(people, start=2)
        ]
        parts = [
            rosters_pb2.ImportRosterRequest(header=header),
            rosters_pb2.ImportRosterRequest(chunk=rosters_pb2.ImportRosterRequest.Chunk(rows=rows)),
            rosters_pb2.ImportRosterRequest(end=rosters_pb2.ImportRosterRequest.End()),
        ]
        summary: rosters_pb2.RosterSummary = list(self.rosters.ImportRoster(iter(parts)))[-1].summary
        return summary

    def withdraw(self, name: str, reason: str = "找到其他工作") -> enrolments_pb2.WithdrawEnrolmentResponse:
        """Takes somebody out of a class."""
        left: enrolments_pb2.WithdrawEnrolmentResponse = self.enrolments.WithdrawEnrolment(
            enrolments_pb2.WithdrawEnrolmentRequest(name=name, reason=reason, request_id=request_id())
        )
        return left

    def ledger(self, order: str) -> orders_pb2.OrderLedger:
        """Where the seats of an order are."""
        found: orders_pb2.OrderLedger = self.orders.GetOrderLedger(orders_pb2.GetOrderLedgerRequest(name=order))
        return found

    def the_class(self, name: str) -> classes_pb2.Class:
        """A class as it is now."""
        found: classes_pb2.Class = self.classes.GetClass(classes_pb2.GetClassRequest(name=name))
        return found


class Signed:
    """A stub whose calls carry the caller's metadata."""

    def __init__(self, stub: Any, metadata: Sequence[tuple[str, str]]) -> None:
        self._stub = stub
        self._metadata = metadata

    def __getattr__(self, method: str) -> Any:
        def call(request: Any, timeout: float = 30) -> Any:
            return getattr(self._stub, method)(request, metadata=self._metadata, timeout=timeout)

        return call


def an_order(**fields: Any) -> orders_pb2.Order:
    """A good order; `fields` change it."""
    values: dict[str, Any] = {
        "enterprise_credit_code": ENTERPRISE,
        "enterprise_name": "高唐样例机械有限公司",
        "division": "371526",
        "partner_division": "370103",
        "occupation_code": ELECTRICIAN,
        "skill_level": 2,
        "certificate_level": 4,
        "headcount": 40,
        "wage_min_fen": 450_000,
        "wage_max_fen": 650_000,
        "contract_months": 36,
        "start_date": "2027-03-01",
        "place": "高唐县经济开发区",
        "valid_until": "2099-12-31",
    }
    return orders_pb2.Order(**{**values, **fields})


def an_institution(**fields: Any) -> institutions_pb2.Institution:
    """A good institution; `fields` change it."""
    values = {
        "credit_code": INSTITUTION,
        "institution_name": "市中区样例职业培训学校",
        "division": "371526",
        "licence_number": "人社民3701034000001号",
        "catalogue_number": "样例目录-1",
    }
    return institutions_pb2.Institution(**{**values, **fields})


def an_agreement(*orders: orders_pb2.Order, **fields: Any) -> agreements_pb2.Agreement:
    """A good agreement of three on all heads of orders; `fields` change it."""
    party, first = agreements_pb2.Agreement.Party, orders[0]
    values: dict[str, Any] = {
        "title": "订单培训三方协议",
        "division": first.division,
        "parties": [
            a_party(party.ENTERPRISE_PARTY, first.enterprise_credit_code),
            a_party(party.INSTITUTION_PARTY, first.institution_credit_code or INSTITUTION),
            a_party(party.BUREAU_PARTY, BUREAU),
        ],
        "orders": [agreements_pb2.Agreement.Cover(order=each.name, headcount=each.headcount) for each in orders],
        "fee_bearer": agreements_pb2.Agreement.SUBSIDY,
        "valid_from": "2020-01-01",
        "valid_to": "2099-12-31",
        "file_sha256": FILE,
    }
    return agreements_pb2.Agreement(**{**values, **fields})


def a_party(role: agreements_pb2.Agreement.Party.Role.ValueType, code: str) -> agreements_pb2.Agreement.Party:
    """A party of an agreement."""
    return agreements_pb2.Agreement.Party(role=role, credit_code=code, party_name="样例单位")


def a_signature(name: str, party: agreements_pb2.Agreement.Party, **fields: Any) -> agreements_pb2.SignAgreementRequest:
    """The signature of a party today; `fields` change it."""
    values = {
        "role": party.role,
        "credit_code": party.credit_code,
        "sign_date": TODAY.isoformat(),
        "file_sha256": FILE,
        "request_id": request_id(),
    }
    return agreements_pb2.SignAgreementRequest(name=name, **{**values, **fields})


def a_class(order: str, **fields: Any) -> classes_pb2.Class:
    """A good class of an order, with nothing missing that would keep it from its review; `fields` change it.

    Each has a site of its own: two tests never want one room.
    """
    values: dict[str, Any] = {
        "order": order,
        "institution_credit_code": INSTITUTION,
        "institution_name": "市中区样例职业培训学校",
        "title": "电工中级班",
        "start_date": "2026-12-01",
        "end_date": "2026-12-31",
        "capacity": 10,
        "training_kind": classes_pb2.Class.POST_SKILLS,
        "certificate_kind": classes_pb2.Class.TRAINING_CERTIFICATE,
        "hours_theory": 40,
        "hours_practice": 60,
        "site_address": f"市中区样例路{uuid.uuid4().hex[:8]}号",
        "head_teacher": "样例老师",
        "assessment_plan": "理论笔试与实操考核各一次",
    }
    return classes_pb2.Class(**{**values, **fields})


def somebody(**fields: str) -> enrolments_pb2.Applicant:
    """A person nobody has seen, of working age, with a checksum-valid number that is nobody's."""
    with _serial_lock:
        number = next(_serial)
    born = date(1985 + number // 900 % 10, number // 75 % 12 + 1, number // 3 % 25 + 1)
    values = {
        "full_name": "样例" + "甲乙丙丁戊己庚辛壬癸"[number % 10],
        "resident_id": resident_id.make("370103", born, number % 1000),
        "phone": f"138{number % 10**8:08}",
    }
    return enrolments_pb2.Applicant(**{**values, **fields})


def clock() -> datetime:
    """The instant it is for every server of the tests, whatever day they run on: MORNING, and going on."""
    return MORNING + timedelta(seconds=time.monotonic() - _began)


def request_id() -> str:
    """A fresh one."""
    return uuid.uuid4().hex
