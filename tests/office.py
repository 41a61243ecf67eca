"""What tests do all the time: call the services as somebody, and bring orders and classes to life."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

import grpc
from liancai.reference.v1 import reference_pb2_grpc
from liancai.training.v1 import (
    audit_pb2_grpc,
    classes_pb2,
    classes_pb2_grpc,
    enrolments_pb2,
    enrolments_pb2_grpc,
    orders_pb2,
    orders_pb2_grpc,
    rosters_pb2_grpc,
)

from services.reference import credit_code, resident_id

ENTERPRISE = credit_code.make("91", "371526", "MA3C0001")
INSTITUTION = credit_code.make("52", "370103", "MJE00010")
ELECTRICIAN = "6-31-01-03"

_serial = itertools.count(1)
_serial_lock = threading.Lock()


class Office:
    """Stubs of every service under one token. `office.orders.GetOrder(...)` works as with a bare stub.

    `second` is the token of another officer of the bureau, who approves what this one has reviewed.
    """

    def __init__(self, channel: grpc.Channel, token: str, language: str = "zh-CN", second: str = "") -> None:
        self.second: Office | None = Office(channel, second, language) if second else None
        metadata = (("authorization", f"Bearer {token}"), ("accept-language", language))
        self.orders: Any = _Signed(orders_pb2_grpc.OrdersStub(channel), metadata)
        self.classes: Any = _Signed(classes_pb2_grpc.ClassesStub(channel), metadata)
        self.enrolments: Any = _Signed(enrolments_pb2_grpc.EnrolmentsStub(channel), metadata)
        self.rosters: Any = _Signed(rosters_pb2_grpc.RostersStub(channel), metadata)
        self.audit: Any = _Signed(audit_pb2_grpc.AuditTrailStub(channel), metadata)
        self.reference: Any = _Signed(reference_pb2_grpc.ReferenceStub(channel), metadata)

    def contracted(self, **fields: Any) -> orders_pb2.Order:
        """An order ready for classes."""
        order = self.orders.CreateOrder(
            orders_pb2.CreateOrderRequest(order=an_order(**fields), request_id=request_id())
        )
        self.orders.SubmitOrder(orders_pb2.SubmitOrderRequest(name=order.name, request_id=request_id()))
        self.orders.VerifyOrder(orders_pb2.VerifyOrderRequest(name=order.name, request_id=request_id()))
        self.orders.MatchOrder(
            orders_pb2.MatchOrderRequest(name=order.name, request_id=request_id(), institution_credit_code=INSTITUTION)
        )
        contracted: orders_pb2.Order = self.orders.ContractOrder(
            orders_pb2.ContractOrderRequest(name=order.name, request_id=request_id(), agreement_number="2026-1")
        )
        return contracted

    def open_class(self, order: str, **fields: Any) -> classes_pb2.Class:
        """A class that enrols."""
        made = self.classes.CreateClass(
            classes_pb2.CreateClassRequest(training_class=a_class(order, **fields), request_id=request_id())
        )
        return self.bring(made.name, "File", "Review", "Approve", "Open")

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


class _Signed:
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


def request_id() -> str:
    """A fresh one."""
    return uuid.uuid4().hex
