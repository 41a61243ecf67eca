from __future__ import annotations

import pytest

from services.reference import levels, occupations


def test_an_occupation() -> None:
    found = occupations.find("6-18-02-04")
    assert found is not None
    assert (found.name, found.level, found.green, found.digital) == ("焊工", 4, False, False)


def test_marks() -> None:
    found = occupations.find("2-02-01-02")
    assert found is not None
    assert found.green
    assert found.digital


@pytest.mark.parametrize(
    ("code", "trainable"),
    [
        ("6-18-02-04", True),
        ("2-01-01-00", True),  # an occupation although it ends in zeros
        ("2-03-01-00", True),  # a minor group and its only occupation share the code
        ("6-18-02-00", False),
        ("6-18-00-00", False),
        ("6-00-00-00", False),
        ("6-18-02-99", False),
        ("6180204", False),
        ("", False),
    ],
)
def test_only_occupations_are_trainable(code: str, trainable: bool) -> None:
    assert occupations.is_trainable(code) is trainable


def test_the_best_hit_comes_first() -> None:
    assert occupations.search("焊工")[0].code == "6-18-02-04"
    assert [o.code for o in occupations.search("6-18-02-04")] == ["6-18-02-04"]
    assert occupations.search(" 焊　工 ")[0].name == "焊工"
    hits = occupations.search("护理", limit=50)
    assert {"护士", "焊工"}.isdisjoint({o.name for o in hits})
    assert [o.level == 4 for o in hits] == sorted((o.level == 4 for o in hits), reverse=True)


def test_a_search_is_bounded() -> None:
    assert len(occupations.search("工", limit=7)) == 7
    assert len(occupations.search("工")) == 20
    assert occupations.search("") == occupations.search("　") == occupations.search("焊工", 0) == ()
    assert occupations.search("没有这个职业") == ()


def test_a_code_stands_once() -> None:
    codes = [o.code for o in occupations.search("-", 5000)]
    assert codes == []
    everything = [o.code for digit in "12345678" for o in occupations.search(f"{digit}-", 5000)]
    assert len(everything) == len(set(everything)) == 2047


def test_eight_levels_and_five_certificates() -> None:
    assert [level.level_code for level in levels.LEVELS] == list(range(8))
    assert [level.certificate_level for level in levels.LEVELS] == [None, 5, 4, 3, 2, 1, None, None]
    assert levels.LEVELS[0].zh == "学徒工"
    assert levels.LEVELS[7].zh == "首席技师"
    assert len({level.en for level in levels.LEVELS}) == 8


@pytest.mark.parametrize("text", ["三级/高级工", "三级／高级工", "高级工", "三级", "３级", " 3 ", "三级高级工"])
def test_a_level_as_rosters_write_it(text: str) -> None:
    assert levels.find(text) == levels.by_code(3)


def test_titles() -> None:
    assert [level.title for level in levels.LEVELS[:3]] == ["学徒工", "五级/初级工", "四级/中级工"]
    assert levels.find("技师") == levels.by_code(4)
    assert levels.find("一级/高级技师") == levels.by_code(5)


def test_no_such_level() -> None:
    assert levels.find("0级") is levels.find("") is levels.find("高级") is None
    assert levels.by_code(8) is levels.by_code(-1) is None
