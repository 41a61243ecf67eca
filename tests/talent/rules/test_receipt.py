from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10

from services.talent.rules import receipt
from services.talent.rules.receipt import Receipt, ReceiptFault

NUMBER = receipt.make("370103", "371526", date(2026, 3, 2), 17)
LENGTH = 28
numbers = st.builds(
    receipt.make,
    st.sampled_from(("370103", "371526", "110101")),
    st.sampled_from(("371526", "659001")),
    st.dates(date(2020, 1, 1), date(2099, 12, 31)),
    st.integers(1, receipt.LAST_SEQUENCE),
)


def test_the_check_digit_of_the_standard() -> None:
    """Worked out on paper: 10, then ((p + digit) mod 10, or 10) * 2 mod 11 for each digit; the check makes 1 of it."""
    product = 10
    for digit in NUMBER[2:-1]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    assert (product + int(NUMBER[-1])) % 10 == 1


def test_what_a_number_says() -> None:
    assert NUMBER.startswith("LT3701033715262026030200017")
    assert len(NUMBER) == LENGTH
    assert receipt.parse(NUMBER) == Receipt(NUMBER, "370103", "371526", date(2026, 3, 2), 17)


@given(numbers)
def test_what_is_made_is_read(number: str) -> None:
    read = receipt.parse(number)
    assert receipt.make(read.origin, read.destination, read.day, read.sequence) == number


@given(numbers, st.integers(2, LENGTH - 1), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(number: str, place: int, more: int) -> None:
    wrong = str((int(number[place]) + more) % 10)
    with pytest.raises(ReceiptFault):
        receipt.parse(number[:place] + wrong + number[place + 1 :])


def test_nearly_every_swap_of_two_neighbours_is_found() -> None:
    swaps = [
        number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        for number in (receipt.make("370103", "371526", date(2026, 11, 27), n) for n in range(1, 1001))
        for place in range(14, LENGTH - 1)
        if number[place] != number[place + 1]
    ]
    assert sum(map(is_read, swaps)) < len(swaps) * 0.03


def is_read(number: str) -> bool:
    try:
        receipt.parse(number)
    except ReceiptFault:
        return False
    return True


@pytest.mark.parametrize(
    "typed", [NUMBER.lower(), f" {NUMBER} ", f"{NUMBER[:8]}-{NUMBER[8:14]}-{NUMBER[14:]}", "ＬＴ" + NUMBER[2:]]
)
def test_how_people_type_does_no_harm(typed: str) -> None:
    assert receipt.parse(typed).number == NUMBER


def with_check(body: str) -> str:
    return f"LT{body}{mod_11_10.calc_check_digit(body)}"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("", "26 digits"),
        (NUMBER[:-1], "26 digits"),
        (NUMBER + "0", "26 digits"),
        ("XX" + NUMBER[2:], "26 digits"),
        (NUMBER[:-1] + str((int(NUMBER[-1]) + 1) % 10), "check digit"),
        (with_check("3701033715262026023000017"), "no such day"),
        (with_check("3701033715262026030200000"), "number 1"),
        ("LT" + "٣" * 26, "26 digits"),
    ],
)
def test_what_is_no_receipt(number: str, why: str) -> None:
    with pytest.raises(ReceiptFault, match=why):
        receipt.parse(number)


@pytest.mark.parametrize(("origin", "sequence"), [("370103", 0), ("370103", 100_000), ("37010", 1), ("370103001", 1)])
def test_what_no_receipt_is_made_for(origin: str, sequence: int) -> None:
    with pytest.raises(ValueError, match=r"a (day|receipt)"):
        receipt.make(origin, "371526", date(2026, 3, 2), sequence)
