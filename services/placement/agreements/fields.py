"""The fields of a service agreement: read from the message and checked, and shown again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from liancai.placement.v1 import service_agreements_pb2 as pb

from services.fields import read_credit_code, read_division, read_sha256
from services.placement.rules.service_agreements import Kind, Role, parties
from services.placement.tables import ServiceAgreementRow, ServiceAgreementSignatureRow
from services.platform.requests import Reading, etag_of, stamp

EDITABLE = {
    *("kind", "host_credit_code", "host_name", "bureau_credit_code", "bureau_name", "division", "valid_from"),
    *("valid_to", "services", "min_days_a_year", "deliverables", "intellectual_property", "confidentiality"),
    *("pay_a_year_fen", "expense_bearer", "pay_terms", "insurance_bearer", "exit_terms", "file_sha256"),
}
MOST_PAY = 10**10  # fen
Message = pb.ServiceAgreement


def read(reading: Reading, asked: pb.ServiceAgreement) -> dict[str, Any]:
    """The values of an agreement's row as far as its text has them, each checked."""
    at = "service_agreement"
    values: dict[str, Any] = {
        **_read_parties(reading, at, asked),
        "division": read_division(reading, f"{at}.division", asked.division, required=True),
        "valid_from": reading.day(f"{at}.valid_from", asked.valid_from),
        "valid_to": reading.day(f"{at}.valid_to", asked.valid_to),
        "services": _read_services(reading, f"{at}.services", asked.services),
        "min_days_a_year": reading.number(f"{at}.min_days_a_year", asked.min_days_a_year, 1, 366),
        "deliverables": reading.text(f"{at}.deliverables", asked.deliverables, 2, 1000),
        "intellectual_property": reading.text(f"{at}.intellectual_property", asked.intellectual_property, 0, 1000),
        "confidentiality": reading.text(f"{at}.confidentiality", asked.confidentiality, 0, 1000),
        "pay_a_year_fen": reading.number(f"{at}.pay_a_year_fen", asked.pay_a_year_fen, 0, MOST_PAY),
        "expense_bearer": _choice(reading, f"{at}.expense_bearer", asked.expense_bearer, Message.Bearer),
        "insurance_bearer": _choice(reading, f"{at}.insurance_bearer", asked.insurance_bearer, Message.Bearer),
        "exit_terms": reading.text(f"{at}.exit_terms", asked.exit_terms, 2, 500),
        "file_sha256": read_sha256(reading, f"{at}.file_sha256", asked.file_sha256, required=False),
    }
    settled = asked.pay_a_year_fen > 0 or asked.expense_bearer == Message.SHARED
    values["pay_terms"] = reading.text(f"{at}.pay_terms", asked.pay_terms, 1 if settled else 0, 500)
    if date.min < values["valid_to"] < values["valid_from"]:
        reading.wrong(f"{at}.valid_to", "FIELD_LAST_DAY")
    return {**values, "last_day": values["valid_to"]}


def read_role(reading: Reading, field: str, value: pb.ServiceAgreement.Signature.Role.ValueType) -> Role | None:
    """Which party signs."""
    name = _choice(reading, field, value, Message.Signature.Role)
    return Role(name) if name else None


def message(
    row: ServiceAgreementRow, signed: Mapping[Role, ServiceAgreementSignatureRow], overlaps: Sequence[str]
) -> pb.ServiceAgreement:
    """An agreement as its readers see it."""
    kept = {
        name: getattr(row, name)
        for name in (
            *("sending_unit_credit_code", "sending_unit_name", "host_credit_code", "host_name", "bureau_credit_code"),
            *("bureau_name", "division", "partner_division", "min_days_a_year", "deliverables"),
            *("intellectual_property", "confidentiality", "pay_a_year_fen", "pay_terms", "exit_terms", "file_sha256"),
            *("filing_number", "reason", "rule_pack"),
        )
    }
    return Message(
        name=f"serviceAgreements/{row.id}",
        state=Message.State.Value(row.state),
        kind=Message.Kind.Value(row.kind),
        commissioner=f"commissioners/{row.commissioner_id}",
        valid_from=row.valid_from.isoformat(),
        valid_to=row.valid_to.isoformat(),
        last_day=row.last_day.isoformat(),
        services=[Message.Service.Value(each) for each in row.services],
        expense_bearer=Message.Bearer.Value(row.expense_bearer),
        insurance_bearer=Message.Bearer.Value(row.insurance_bearer),
        signatures=[_signature(role, signed.get(role)) for role in parties(Kind(row.kind))],
        file_date=row.file_date.isoformat() if row.file_date else "",
        overlaps=overlaps,
        etag=etag_of(row.version),
        create_time=stamp(row.create_time),
        update_time=stamp(row.update_time),
        **kept,
    )


def _read_parties(reading: Reading, at: str, asked: pb.ServiceAgreement) -> dict[str, str]:
    """Host and bureau, as far as this kind has them."""
    kind = _choice(reading, f"{at}.kind", asked.kind, Message.Kind)
    values = {"kind": kind, "host_credit_code": "", "host_name": "", "bureau_credit_code": "", "bureau_name": ""}
    if kind == Kind.FRAMEWORK:
        for field in ("host_credit_code", "host_name"):
            if getattr(asked, field):
                reading.wrong(f"{at}.{field}", "FIELD_FRAMEWORK_HOST")
    wanted = {"host": kind == Kind.SINGLE_HOST, "bureau": kind == Kind.FRAMEWORK}
    for who, required in wanted.items():
        code, name = getattr(asked, f"{who}_credit_code"), getattr(asked, f"{who}_name")
        if required or (who == "bureau" and (code or name)):
            values[f"{who}_credit_code"] = read_credit_code(reading, f"{at}.{who}_credit_code", code)
            values[f"{who}_name"] = reading.text(f"{at}.{who}_name", name, 2, 100)
    return values


def _read_services(reading: Reading, field: str, asked: Sequence[int]) -> list[str]:
    """Their names, in the order of the contract."""
    if not asked:
        reading.wrong(field, "FIELD_REQUIRED")
    if len(set(asked)) != len(asked):
        reading.wrong(field, "FIELD_SERVICE_TWICE")
    return reading.choices(field, sorted(set(asked)), Message.Service)


def _choice(reading: Reading, field: str, value: int, enum: Any) -> str:
    (name,) = reading.choices(field, [value], enum) or [""]
    return name


def _signature(role: Role, row: ServiceAgreementSignatureRow | None) -> pb.ServiceAgreement.Signature:
    """A party's signature, or its place."""
    return Message.Signature(
        role=Message.Signature.Role.Value(role),
        sign_date=row.signed_on.isoformat() if row else "",
        noted_by_unit=row.noted_by_unit if row else "",
        record_time=stamp(row.record_time) if row else None,
    )
