"""For every condition of rows against one another: rows that have it, and rows that nearly do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tests.training.rules.roster_samples import CARD, ENTERPRISE, OTHER_FIRM, Cells, ending, number


@dataclass(frozen=True)
class Several:
    """Rows that earn the code, and rows that do not. `having` are the places of those that have it."""

    code: str
    bad: Sequence[Cells]
    good: Sequence[Cells]
    having: tuple[int, ...] = (0, 1)


def person(place: int, **cells: str | None) -> Cells:
    """Somebody of a roster, different by place."""
    return {
        "full_name": "王李张刘"[place] + "样例",
        "resident_id": number(date(1990, 1, 1 + place), 1 + 2 * place),
        "phone": f"1380000000{place}",
        **cells,
    }


ROWS: list[Several] = [
    Several("TR-ROW-DUPLICATE", [person(0), person(1), person(0)], [person(0), person(1)], (2,)),
    Several("TR-ROW-DUPLICATE-KEPT", [person(0), person(1), person(0)], [person(0), person(1)], (0,)),
    Several("TR-ROW-DUPLICATE-NAME", [person(0), person(0, full_name="王别名")], [person(0), person(0)]),
    Several(
        "TR-ID-ROUNDED",
        [person(0, resident_id=ending("000")), person(1, resident_id="3.70103199001E+17")],
        [person(0, resident_id=ending("000")), person(1)],
        (0,),
    ),
    Several(
        "TR-ROW-TWIN",
        [person(0), person(0, resident_id=number(sequence=3), phone="13900000001")],
        [person(0), person(0, full_name="王别人", resident_id=number(sequence=3), phone="13900000001")],
    ),
    Several(
        "TR-ROW-NAME-PHONE",
        [person(0), person(0, resident_id=number(date(1991, 1, 1)))],
        [person(0), person(0, resident_id=number(date(1991, 1, 1)), phone="13900000001")],
    ),
    Several("TR-PHONE-SHARED", [person(0), person(1, phone="13800000000")], [person(0), person(0)]),
    Several("TR-BANK-ACCOUNT-SHARED", [person(0, bank_account=CARD), person(1, bank_account=CARD[:4] + " " + CARD[4:])],
            [person(0, bank_account=CARD), person(0, bank_account=CARD)]),
    Several("TR-PROOF-NUMBER-SHARED", [person(0, proof_number="A-0001"), person(1, proof_number="a-0001")],
            [person(0, proof_number="A-0001"), person(1, proof_number="A-0002")]),
    Several("TR-CARD-SHARED", [person(place, employment_card="3701030018000001") for place in range(2)],
            [person(place, employment_card=f"370103001800000{place}") for place in range(2)]),
    Several("TR-EMAIL-SHARED", [person(0, email="a@qq.com"), person(1, email="A@qq.com")],
            [person(0, email="a@qq.com"), person(1, email="b@qq.com")]),
    Several("TR-EMERGENCY-PHONE-SHARED", [person(place, emergency_phone="13900000009") for place in range(3)],
            [person(place, emergency_phone="13900000009") for place in range(2)], (0, 1, 2)),
    Several("TR-EMPLOYER-TWO-NAMES",
            [person(0, employer_name="样例机械公司", employer_credit_code=ENTERPRISE),
             person(1, employer_name="样例机械厂", employer_credit_code=ENTERPRISE)],
            [person(place, employer_name="样例机械公司", employer_credit_code=ENTERPRISE) for place in range(2)]),
    Several("TR-EMPLOYER-TWO-CODES",
            [person(0, employer_name="样例机械公司", employer_credit_code=ENTERPRISE),
             person(1, employer_name="样例机械公司", employer_credit_code=OTHER_FIRM)],
            [person(place, employer_name="样例机械公司", employer_credit_code=ENTERPRISE) for place in range(2)]),
    Several("TR-SIGNED-MISSING", [person(0, signed="是"), person(1)], [person(0), person(1)], (1,)),
]  # fmt: skip
