"""An agreement as it is written: read, checked in itself, and held against the orders it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from liancai.training.v1 import agreements_pb2 as pb

from services.fields import read_credit_code, read_division, read_sha256
from services.platform.errors import Refused
from services.platform.requests import Reading
from services.training.rules.agreements import Role
from services.training.rules.states import MOST_HEADS, TAKES_AGREEMENTS
from services.training.tables import OrderRow

EDITABLE = {
    *("title", "division", "parties", "orders", "hire_commitment", "wage_floor_fen", "fee_bearer"),
    *("penalty", "valid_from", "valid_to", "file_sha256"),
}
MOST_PARTIES, MOST_ORDERS = 8, 200


@dataclass(frozen=True, slots=True)
class Paper:
    """What an agreement says: `values` of its row, `parties` as (role, code, name), `covers` as (order, heads)."""

    values: dict[str, Any]
    parties: tuple[tuple[Role, str, str], ...]
    covers: tuple[tuple[str, int], ...]


def read(reading: Reading, asked: pb.Agreement) -> Paper:
    """Everything an agreement says, each field checked."""
    field = "agreement"
    parties, covers = _read_parties(reading, asked), _read_covers(reading, asked)
    heads = sum(headcount for _, headcount in covers)
    bearers = reading.choices(f"{field}.fee_bearer", [asked.fee_bearer], pb.Agreement.FeeBearer)
    values: dict[str, Any] = {
        "title": reading.text(f"{field}.title", asked.title, 2, 100),
        "division": read_division(reading, f"{field}.division", asked.division, required=True),
        "headcount": heads,
        "hire_commitment": reading.number(f"{field}.hire_commitment", asked.hire_commitment, 0, max(0, heads)),
        "wage_floor_fen": reading.number(f"{field}.wage_floor_fen", asked.wage_floor_fen, 0, 10**10),
        "fee_bearer": bearers[0] if bearers else "",
        "penalty": reading.text(f"{field}.penalty", asked.penalty, 0, 500),
        "valid_from": reading.day(f"{field}.valid_from", asked.valid_from),
        "valid_to": reading.day(f"{field}.valid_to", asked.valid_to),
        "file_sha256": read_sha256(reading, f"{field}.file_sha256", asked.file_sha256, required=False),
    }
    if date.min < values["valid_to"] < values["valid_from"]:
        reading.wrong(f"{field}.valid_to", "FIELD_AGREEMENT_DAYS")
    return Paper(values, tuple(parties), tuple(covers))


def fit(paper: Paper, found: Sequence[OrderRow]) -> None:
    """Raises Invalid with everything in which a paper and its orders, in its order, do not fit one another.

    Refused ORDER_STATE if an order is not verified yet, when it may still become another one, or has ended.
    """
    reading = Reading()
    codes = {role: {code for of, code, _ in paper.parties if of == role} for role in Role}
    wanted: dict[Role, set[str]] = {
        Role.ENTERPRISE: {order.enterprise_credit_code for order in found},
        Role.INSTITUTION: {order.institution_credit_code for order in found},
    }
    for index, ((_, headcount), order) in enumerate(zip(paper.covers, found, strict=True)):
        field = f"agreement.orders[{index}]"
        if order.state not in TAKES_AGREEMENTS:
            allowed = ", ".join(TAKES_AGREEMENTS)
            raise Refused("ORDER_STATE", order=f"orders/{order.id}", state=order.state, allowed=allowed)
        if (order.division, order.partner_division) != (paper.values["division"], found[0].partner_division):
            reading.wrong(f"{field}.order", "FIELD_AGREEMENT_DIVISION")
        if headcount > order.headcount:
            reading.wrong(f"{field}.headcount", "FIELD_RANGE", least=1, most=order.headcount)
        if codes[Role.ENTERPRISE] and order.enterprise_credit_code not in codes[Role.ENTERPRISE]:
            reading.wrong(f"{field}.order", "FIELD_AGREEMENT_ENTERPRISE")
        matched = order.institution_credit_code
        if codes[Role.INSTITUTION] and matched and matched not in codes[Role.INSTITUTION]:
            reading.wrong(f"{field}.order", "FIELD_AGREEMENT_INSTITUTION")
    for index, (role, code, _) in enumerate(paper.parties):
        # an order that is not matched yet may still be matched with any institution
        if role in wanted and code not in wanted[role] and "" not in wanted[role]:
            reading.wrong(f"agreement.parties[{index}].credit_code", f"FIELD_AGREEMENT_{role}")
    reading.done()


def read_role(reading: Reading, field: str, value: pb.Agreement.Party.Role.ValueType) -> Role | None:
    """What a party is."""
    names = reading.choices(field, [value], pb.Agreement.Party.Role)
    return Role(names[0].removesuffix("_PARTY")) if names else None


def read_party_code(reading: Reading, field: str, role: Role | None, code: str) -> str:
    """The credit code of a party; the trainees have none."""
    if role is not Role.TRAINEES:
        return read_credit_code(reading, field, code)
    if code:
        reading.wrong(field, "FIELD_TRAINEES_CODE")
    return ""


def _read_parties(reading: Reading, asked: pb.Agreement) -> list[tuple[Role, str, str]]:
    field = "agreement.parties"
    if not 2 <= len(asked.parties) <= MOST_PARTIES:
        reading.wrong(field, "FIELD_PARTIES", most=MOST_PARTIES)
        return []
    parties: list[tuple[Role, str, str]] = []
    for index, party in enumerate(asked.parties):
        role = read_role(reading, f"{field}[{index}].role", party.role)
        code = read_party_code(reading, f"{field}[{index}].credit_code", role, party.credit_code)
        name = reading.text(f"{field}[{index}].party_name", party.party_name, 2, 100)
        if role is None:
            continue
        if any((role, code) == (each, other) for each, other, _ in parties):
            reading.wrong(f"{field}[{index}]", "FIELD_PARTY_TWICE")
        parties.append((role, code, name))
    return parties


def _read_covers(reading: Reading, asked: pb.Agreement) -> list[tuple[str, int]]:
    field = "agreement.orders"
    if not asked.orders:
        reading.wrong(field, "FIELD_REQUIRED")
    if len(asked.orders) > MOST_ORDERS:
        reading.wrong(field, "FIELD_TOO_MANY", most=MOST_ORDERS)
        return []
    covers: list[tuple[str, int]] = []
    for index, cover in enumerate(asked.orders):
        name = reading.name(f"{field}[{index}].order", cover.order, "orders")
        if any(name == each for each, _ in covers):
            reading.wrong(f"{field}[{index}].order", "FIELD_ORDER_TWICE")
        covers.append((name, reading.number(f"{field}[{index}].headcount", cover.headcount, 1, MOST_HEADS)))
    return covers
