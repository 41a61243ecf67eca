from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_2

from services.reference import resident_id
from services.reference.resident_id import Code, ResidentIdFault, Sex

TODAY = date(2025, 3, 1)
VALID = "370103199001010016"

births = st.dates(date(1900, 1, 1), TODAY)
sequences = st.integers(0, 999)
prefixes = st.integers(110000, 659999).map(str)
numbers = st.builds(resident_id.make, prefixes, births, sequences)


def code_of(text: str, today: date = TODAY) -> Code:
    with pytest.raises(ResidentIdFault) as caught:
        resident_id.parse(text, today)
    return caught.value.code


def test_the_parts_of_a_number() -> None:
    rid = resident_id.parse(VALID, TODAY)
    assert (rid.number, rid.division, rid.birth, rid.sex) == (VALID, "370103", date(1990, 1, 1), Sex.MALE)
    child = resident_id.parse("371526201506300024", TODAY)
    assert (child.birth, child.sex, child.sex.zh) == (date(2015, 6, 30), Sex.FEMALE, "女")


@given(prefixes, births, sequences)
def test_what_is_made_is_read_back(division: str, birth: date, sequence: int) -> None:
    rid = resident_id.parse(resident_id.make(division, birth, sequence), TODAY)
    assert (rid.division, rid.birth) == (division, birth)
    assert rid.sex is (Sex.MALE if sequence % 2 else Sex.FEMALE)


@given(numbers)
def test_the_check_character_is_iso_7064_mod_11_2(number: str) -> None:
    assert mod_11_2.calc_check_digit(number[:17]) == number[17]
    assert mod_11_2.is_valid(number)


@given(numbers, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_caught(number: str, place: int, shift: int) -> None:
    wrong = str((int(number[place]) + shift) % 10)
    assert code_of(number[:place] + wrong + number[place + 1 :]) in (Code.CHECKSUM, Code.EXCEL)


@given(numbers, st.integers(0, 15))
def test_two_neighbours_exchanged_are_caught(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped != number:
        assert code_of(swapped) in (Code.CHECKSUM, Code.EXCEL)


@given(numbers)
def test_a_fault_tells_nothing_of_the_number(number: str) -> None:
    wrong = number[:17] + ("0" if number[17] != "0" else "1")
    with pytest.raises(ResidentIdFault) as caught:
        resident_id.parse(wrong, TODAY)
    told = f"{caught.value} {caught.value!r} {caught.value.args}"
    assert not any(wrong[i : i + 4] in told for i in range(15))
    assert caught.value.__cause__ is None
    assert number not in repr(resident_id.parse(number, TODAY))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Code.MISSING),
        (" 　\u200b'", Code.MISSING),
        ("37010319900101001", Code.LENGTH),
        ("3701031990010100160", Code.LENGTH),
        ("无", Code.LENGTH),
        ("A70103900101001", Code.LENGTH),
        ("37010319900101001Y", Code.CHARACTERS),
        ("37010319900101O016", Code.CHARACTERS),
        ("X70103199001010016", Code.CHARACTERS),
        ("٣70103199001010016", Code.CHARACTERS),
        ("370103199001010017", Code.CHECKSUM),
        ("37010319900101001X", Code.CHECKSUM),
        ("370103900101001", Code.FIFTEEN),
        ("1.10101E+17", Code.EXCEL),
        ("3.70103E+17", Code.EXCEL),
        ("3.70103199001010E17", Code.EXCEL),
        ("3.7010319900101e+17", Code.EXCEL),
        ("370103199001010000.0", Code.EXCEL),
        ("370103199001010000", Code.EXCEL),
    ],
)
def test_each_fault_has_its_code(text: str, code: Code) -> None:
    assert code_of(text) is code


@pytest.mark.parametrize("birth", ["19900230", "19901301", "00000101", "19000229", "18940101"])
def test_an_impossible_birth_date(birth: str) -> None:
    body = f"370103{birth}001"
    assert code_of(body + mod_11_2.calc_check_digit(body)) is Code.BIRTH_DATE


def test_a_birth_tomorrow_is_in_the_future_and_one_today_is_not() -> None:
    assert code_of(resident_id.make("370103", TODAY + timedelta(days=1), 1)) is Code.FUTURE
    assert resident_id.parse(resident_id.make("370103", TODAY, 1), TODAY).birth == TODAY


@pytest.mark.parametrize(
    "text",
    [
        "３７０１０３１９９００１０１００１６",
        "'370103199001010016",
        "370103 19900101 0016",
        "\ufeff370103199001010016\u200b",
        "　370103199001010016\u00a0\r\n",
    ],
)
def test_what_spreadsheets_and_input_methods_add_is_removed(text: str) -> None:
    assert resident_id.parse(text, TODAY).number == VALID


def test_a_small_x_is_an_x() -> None:
    number = next(n for n in (resident_id.make("371526", date(1985, 5, 5), i) for i in range(99)) if n[-1] == "X")
    assert resident_id.parse(number.lower(), TODAY).number == number
    assert resident_id.parse(number[:-1] + "ｘ", TODAY).number == number
    assert resident_id.normalise(" " + number.lower()) == number


def test_one_in_eleven_rounded_numbers_still_checks_and_is_pointed_out() -> None:
    chances = [resident_id.make("370103", date(1990, 1, day), 0) for day in range(1, 32)]
    [rounded, *_] = [n for n in chances if n.endswith("000")]
    assert resident_id.maybe_rounded(resident_id.parse(rounded, TODAY))
    assert not resident_id.maybe_rounded(resident_id.parse(VALID, TODAY))


@pytest.mark.parametrize(
    ("prefix", "known"),
    [
        ("370103", True),
        ("370111", True),  # 济南市郊区, struck off in 1987
        ("372401", True),  # 德州地区
        ("810000", True),
        ("820000", True),
        ("830000", True),
        ("931156", True),
        ("999999", True),
        ("370199", False),
        ("810001", False),
        ("000000", False),
    ],
)
def test_the_division_is_known_today_or_was_once(prefix: str, known: bool) -> None:
    rid = resident_id.parse(resident_id.make(prefix, date(1990, 1, 1), 1), TODAY)
    assert resident_id.division_known(rid) is known


def test_real_people_whom_stdnum_refuses_are_accepted() -> None:
    """440106 became a code in 1985; who was born there in 1961 carries it all the same."""
    number = resident_id.make("440106", date(1961, 7, 1), 27)
    with pytest.raises(ValidationError):
        ric.validate(number)
    assert resident_id.division_known(resident_id.parse(number, TODAY))


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        (date(2009, 3, 1), date(2025, 2, 28), 15),
        (date(2009, 3, 1), date(2025, 3, 1), 16),
        (date(2009, 3, 1), date(2009, 3, 1), 0),
        (date(2008, 2, 29), date(2025, 2, 28), 16),
        (date(2008, 2, 29), date(2025, 3, 1), 17),
        (date(2008, 2, 29), date(2024, 2, 29), 16),
    ],
)
def test_age_is_full_on_the_birthday(birth: date, day: date, age: int) -> None:
    assert resident_id.age_on(birth, day) == age


def test_no_age_before_birth() -> None:
    with pytest.raises(ValueError, match="before the birth"):
        resident_id.age_on(date(2009, 3, 1), date(2009, 2, 28))


def test_masks() -> None:
    assert resident_id.mask(VALID) == "370103********0016"
    assert resident_id.mask("370103900101001") == "370103******001"
    assert resident_id.mask("张三的号码") == "*****"
    assert resident_id.mask("9" * 40) == "*" * 18


@pytest.mark.parametrize(("division", "sequence"), [("37010", 1), ("37010A", 1), ("370103", 1000), ("370103", -1)])
def test_make_refuses_what_is_no_number(division: str, sequence: int) -> None:
    with pytest.raises(ValueError, match="six digits"):
        resident_id.make(division, date(1990, 1, 1), sequence)
