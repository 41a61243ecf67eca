"""Orders and classes as messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liancai.common.v1 import types_pb2
from liancai.training.v1 import classes_pb2, orders_pb2, quotas_pb2

from services.platform.boundary import Call
from services.platform.requests import etag_of, stamp
from services.reference import occupations
from services.training.rules.timetable import clock_of
from services.training.tables import ClassRow, OrderRow, SessionRow

CONFIDENCES = {"confirmed": "GAP_CONFIRMED", "unconfirmed": "GAP_UNCONFIRMED"}


def order(row: OrderRow) -> orders_pb2.Order:
    """An order as its readers see it."""
    return orders_pb2.Order(
        name=f"orders/{row.id}",
        state=orders_pb2.Order.State.Value(row.state),
        enterprise_credit_code=row.enterprise_credit_code,
        enterprise_name=row.enterprise_name,
        division=row.division,
        partner_division=row.partner_division,
        park=row.park,
        occupation_code=row.occupation_code,
        occupation_name=_occupation_name(row.occupation_code),
        skill_level=row.skill_level,
        certificate_level=row.certificate_level,
        headcount=row.headcount,
        wage_min_fen=row.wage_min_fen,
        wage_max_fen=row.wage_max_fen,
        contract_months=row.contract_months,
        start_date=row.start_date.isoformat(),
        place=row.place,
        valid_until=row.valid_until.isoformat(),
        chain_tag=row.chain_tag,
        institution_credit_code=row.institution_credit_code,
        reason=row.reason,
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        update_time=stamp(row.update_time),
    )


def training_class(call: Call, row: ClassRow, sessions: Sequence[SessionRow] = ()) -> classes_pb2.Class:
    """A class as its readers see it."""
    return classes_pb2.Class(
        name=f"classes/{row.id}",
        state=classes_pb2.Class.State.Value(row.state),
        order=f"orders/{row.order_id}",
        institution_credit_code=row.institution_credit_code,
        institution_name=row.institution_name,
        title=row.title,
        division=row.division,
        partner_division=row.partner_division,
        occupation_code=row.occupation_code,
        occupation_name=_occupation_name(row.occupation_code),
        skill_level=row.skill_level,
        start_date=row.start_date.isoformat(),
        end_date=row.end_date.isoformat(),
        sessions=[
            classes_pb2.Session(
                date=each.day.isoformat(),
                start=clock_of(each.start_minute),
                end=clock_of(each.end_minute),
                place=each.place,
                teacher=f"teachers/{each.teacher_id}" if each.teacher_id else "",
                topic=each.topic,
                practice=each.practice,
            )
            for each in sessions
        ],
        capacity=row.capacity,
        minimum=row.minimum,
        enrolled=row.enrolled,
        waitlisted=row.waitlisted,
        reason=row.reason,
        remarks=[call.say(remark["key"], remark["values"]) for remark in row.remarks],
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        update_time=stamp(row.update_time),
        offered=row.offered,
        certificate_level=row.certificate_level,
        training_kind=classes_pb2.Class.TrainingKind.Value(row.training_kind or "TRAINING_KIND_UNSPECIFIED"),
        fund=quotas_pb2.Fund.Value(row.fund),
        subsidy_fen=row.subsidy_fen,
        subsidy_standard=row.subsidy_standard,
        project_number=row.project_number,
        certificate_kind=classes_pb2.Class.CertificateKind.Value(
            row.certificate_kind or "CERTIFICATE_KIND_UNSPECIFIED"
        ),
        hours_theory=row.hours_theory,
        hours_practice=row.hours_practice,
        site_address=row.site_address,
        head_teacher=row.head_teacher,
        assessment_plan=row.assessment_plan,
        attachments=[classes_pb2.Attachment(**each) for each in row.attachments],
        gaps=[gap(call, each) for each in row.gaps],
        file_time=stamp(row.file_time) if row.file_time else None,
        suspended=row.suspended,
    )


def gap(call: Call, stored: Mapping[str, Any]) -> types_pb2.Finding:
    """A gap of a filing, as a class's row keeps it, in the caller's language or in the officer's own words."""
    values = dict(stored["values"])
    if "confidence" in values:
        values["confidence"] = call.say(CONFIDENCES[values["confidence"]])
    return types_pb2.Finding(
        level=types_pb2.Finding.Level.Value(stored["level"]),
        code=stored["code"],
        field=stored["field"],
        message=stored["text"] or call.say(stored["code"], values),
        others=[values["other_class"]] if "other_class" in values else [],
    )


def _occupation_name(code: str) -> str:
    found = occupations.find(code)
    return found.name if found else ""
