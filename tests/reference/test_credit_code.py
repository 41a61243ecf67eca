from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reference import credit_code
from services.reference.credit_code import Code, CreditCodeFault

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
codes = st.builds(
    credit_code.make,
    st.text(ALPHABET, min_size=2, max_size=2),
    st.integers(110000, 659999).map(str),
    st.text(ALPHABET, min_size=8, max_size=8),
)


def code_of(text: str) -> Code:
    with pytest.raises(CreditCodeFault) as caught:
        credit_code.parse(text)
    return caught.value.code


@pytest.mark.parametrize("text", ["113709000043412754", "113703233130158447"])
def test_two_public_bodies(text: str) -> None:
    found = credit_code.parse(text)
    assert (found.number, found.kind, found.division) == (text, "11", text[2:8])
    assert found.organisation == text[8:17]


def test_gb_11714_worked_by_hand() -> None:
    """MA3C0001: 22*3 + 10*7 + 3*9 + 12*10 + 0 + 0 + 0 + 1*2 = 285 = 10 (mod 11), so the check is 1."""
    assert credit_code.make("91", "370103", "MA3C0001")[8:17] == "MA3C00011"


def test_organisation_checks_ten_and_eleven() -> None:
    made = {credit_code.make("91", "370103", f"{n:08}")[16] for n in range(40)}
    assert made == set("0123456789X")
    assert credit_code.make("91", "370103", "00000000")[16] == "0"


@given(codes)
def test_what_is_made_is_read_back(code: str) -> None:
    assert credit_code.parse(code).number == code


@given(codes, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_caught(code: str, place: int, wrong: str) -> None:
    if wrong != code[place]:
        assert code_of(code[:place] + wrong + code[place + 1 :]) in (Code.CHECKSUM, Code.DIVISION, Code.EXCEL)


def with_check(body: str) -> str:
    """`body` with the GB 32100 check character, found by trying the alphabet."""
    for last in ALPHABET:
        try:
            return credit_code.parse(body + last).number
        except CreditCodeFault as fault:
            if fault.code is Code.ORGANISATION:
                return body + last
    raise AssertionError("no character of the alphabet checks")


def test_a_wrong_organisation_code_under_a_right_check_is_caught() -> None:
    assert code_of(with_check("91370103MA3C00012")) is Code.ORGANISATION
    assert credit_code.parse(with_check("91370103MA3C00011")).organisation == "MA3C00011"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Code.MISSING),
        ("　", Code.MISSING),
        ("11370900004341275", Code.LENGTH),
        ("370100200012345", Code.LENGTH),
        ("1137090000434127540", Code.LENGTH),
        ("11370900004341275I", Code.CHARACTERS),
        ("11370900O043412754", Code.CHARACTERS),
        ("91370103-MA3C00011", Code.CHARACTERS),
        ("1137A9000043412754", Code.DIVISION),
        ("113709000043412755", Code.CHECKSUM),
        ("1.13709E+17", Code.EXCEL),
        ("113709000043412000", Code.EXCEL),
    ],
)
def test_each_fault_has_its_code(text: str, code: Code) -> None:
    assert code_of(text) is code


@pytest.mark.parametrize("letter", "IOSVZ")
def test_letters_that_look_like_digits_are_refused(letter: str) -> None:
    assert code_of("91370103MA3C0001" + letter + "X") is Code.CHARACTERS


def test_case_width_and_spaces_do_not_matter() -> None:
    assert credit_code.parse(" ９１370103ma3c 00011x").number == "91370103MA3C00011X"


@pytest.mark.parametrize(
    ("kind", "division", "body"),
    [("9", "370103", "MA3C0001"), ("91", "37010A", "MA3C0001"), ("91", "370103", "MI3C0001")],
)
def test_make_refuses_what_is_no_code(kind: str, division: str, body: str) -> None:
    with pytest.raises(ValueError, match="want 2 characters"):
        credit_code.make(kind, division, body)
