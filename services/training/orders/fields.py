"""The fields of an order: read from the message, checked, written to the row."""

from __future__ import annotations

from typing import Any

from liancai.training.v1 import orders_pb2 as pb

from services.fields import read_credit_code, read_division
from services.platform.requests import Reading
from services.reference import levels, occupations
from services.training.rules.states import MOST_HEADS

EDITABLE = {
    field.name
    for field in pb.Order.DESCRIPTOR.fields
    if field.name
    not in {
        *("name", "state", "occupation_name", "institution_credit_code"),
        *("reason", "etag", "create_time", "update_time"),
    }
}


def read_order(reading: Reading, order: pb.Order) -> dict[str, Any]:
    """The values of an order's row, each checked."""
    values: dict[str, Any] = {
        "enterprise_credit_code": read_credit_code(
            reading, "order.enterprise_credit_code", order.enterprise_credit_code
        ),
        "enterprise_name": reading.text("order.enterprise_name", order.enterprise_name, 2, 100),
        "division": read_division(reading, "order.division", order.division, required=True),
        "partner_division": read_division(reading, "order.partner_division", order.partner_division, required=False),
        "park": reading.text("order.park", order.park, 0, 100),
        "occupation_code": order.occupation_code,
        "skill_level": reading.number("order.skill_level", order.skill_level, 0, 7),
        "certificate_level": reading.number("order.certificate_level", order.certificate_level, 0, 5),
        "headcount": reading.number("order.headcount", order.headcount, 1, MOST_HEADS),
        "wage_min_fen": reading.number("order.wage_min_fen", order.wage_min_fen, 1, 10**10),
        "wage_max_fen": reading.number("order.wage_max_fen", order.wage_max_fen, 1, 10**10),
        "contract_months": reading.number("order.contract_months", order.contract_months, 0, 600),
        "start_date": reading.day("order.start_date", order.start_date),
        "place": reading.text("order.place", order.place, 0, 200),
        "valid_until": reading.day("order.valid_until", order.valid_until),
        "chain_tag": reading.text("order.chain_tag", order.chain_tag, 0, 50),
    }
    if not occupations.is_trainable(order.occupation_code):
        reading.wrong("order.occupation_code", "FIELD_OCCUPATION")
    if order.wage_max_fen < order.wage_min_fen:
        reading.wrong("order.wage_max_fen", "FIELD_WAGES")
    if order.partner_division and order.partner_division == order.division:
        reading.wrong("order.partner_division", "FIELD_SAME_DIVISION")
    level = levels.by_code(order.skill_level)
    if order.certificate_level and (level is None or level.certificate_level != order.certificate_level):
        reading.wrong("order.certificate_level", "FIELD_CERTIFICATE_LEVEL")
    return values
