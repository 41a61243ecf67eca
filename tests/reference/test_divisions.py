from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reference import divisions, files
from services.reference.divisions import DivisionFault

current = st.sampled_from([row["code"] for row in files.rows("divisions.csv")])
historical = st.sampled_from([row["code"] for row in files.rows("divisions_history.csv")])


def test_one_name_four_places() -> None:
    named = [row["code"] for row in files.rows("divisions.csv") if row["name"] == "市中区"]
    assert {"370103", "370402", "511002", "511102"} == set(named)
    assert len({divisions.full_name(code) for code in named}) == 4


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("370103", "山东省济南市市中区"),
        ("371526", "山东省聊城市高唐县"),
        ("371526001", "山东省聊城市高唐县鱼邱湖街道"),
        ("370100", "山东省济南市"),
        ("370000", "山东省"),
        ("110101", "北京市东城区"),
        ("469001", "海南省五指山市"),
        ("419000", "河南省省直辖县级行政区划"),
        ("370111", "山东省济南市郊区"),
        ("999999", None),
        ("370103999", None),
    ],
)
def test_full_names(code: str, name: str | None) -> None:
    assert divisions.full_name(code) == name


@given(current)
def test_a_full_name_leads_back_to_its_code(code: str) -> None:
    assert code in divisions.codes_of(divisions.full_name(code) or "")


def test_a_name_leads_to_every_place_that_has_it() -> None:
    assert len(divisions.codes_of("市中区")) == 4
    assert divisions.codes_of("济南市市中区") == divisions.codes_of("山东省济南市市中区") == ("370103",)
    assert divisions.codes_of("高唐县") == ("371526",)
    assert divisions.codes_of("高唐县鱼邱湖街道") == ("371526001",)
    assert divisions.codes_of("唐县") == ("130627",)
    assert divisions.codes_of("没有的县") == divisions.codes_of("") == ()


def test_own_names() -> None:
    assert divisions.name_of("370103") == "市中区"
    assert divisions.name_of("371526109") == "杨屯镇"
    assert divisions.name_of("") is None


@given(historical)
def test_every_code_of_the_past_is_known(code: str) -> None:
    assert divisions.is_known(code)
    assert divisions.name_of(code)


def test_a_code_struck_off_is_known_but_not_current() -> None:
    assert divisions.is_known("370111")
    assert not divisions.is_current("370111")
    assert divisions.is_current("370103")
    assert divisions.is_current("371526001")
    assert not divisions.is_known("370199")


@pytest.mark.parametrize(
    ("scope", "code", "covered"),
    [
        ("370000", "370103", True),
        ("370100", "370103", True),
        ("370103", "370103", True),
        ("370103", "370103002", True),
        ("370000", "370103002", True),
        ("370103002", "370103002", True),
        ("370103002", "370103", False),
        ("370103002", "370103003", False),
        ("370103", "370100", False),
        ("370100", "371526", False),
        ("370103", "371526", False),
        ("370103", "370402", False),
    ],
)
def test_covers(scope: str, code: str, covered: bool) -> None:
    assert divisions.covers(scope, code) is covered


@pytest.mark.parametrize("bad", ["", "*", "37", "3701030", "37010A", "070103", "３７０１０３", "370103\n"])
def test_a_damaged_code_grants_nothing(bad: str) -> None:
    with pytest.raises(DivisionFault):
        divisions.covers(bad, "370103")
    with pytest.raises(DivisionFault):
        divisions.covers("370000", bad)
    with pytest.raises(DivisionFault):
        divisions.scope_range(bad)
    with pytest.raises(DivisionFault):
        divisions.level(bad)


def test_scope_ranges() -> None:
    assert divisions.scope_range("370000") == ("370000", "379999")
    assert divisions.scope_range("370100") == ("370100", "370199")
    assert divisions.scope_range("370103") == ("370103", "370103")


@given(current, current)
def test_a_range_says_the_same_as_covers(scope: str, code: str) -> None:
    low, high = divisions.scope_range(scope)
    assert (low <= code <= high) is divisions.covers(scope, code)


@given(current)
def test_a_code_is_covered_by_itself_and_its_ancestors(code: str) -> None:
    assert all(divisions.covers(scope, code) for scope in (code, code[:4] + "00", code[:2] + "0000"))


def test_levels() -> None:
    assert [divisions.level(c) for c in ("370000", "370100", "370103", "370103002")] == [1, 2, 3, 4]


def test_towns_of_the_two_counties() -> None:
    assert len(divisions.towns_of("370103")) == 17
    gaotang = divisions.towns_of("371526")
    assert [town.name for town in gaotang[:3]] == ["鱼邱湖街道", "汇鑫街道", "人和街道"]
    assert len(gaotang) == 12
    assert divisions.towns_of("370102") == ()
