"""Names as they are looked for."""

from __future__ import annotations

import pytest
from pypinyin.pinyin_dict import pinyin_dict

from services.reference import files, names


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("张三", "zhangsan", "zs"),
        ("吕布", "lvbu", "lb"),
        ("单田芳", "shantianfang", "stf"),  # a surname is read otherwise
        ("田单", "tiandan", "td"),  # but not at the end
        ("曾小贤", "zengxiaoxian", "zxx"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("尉健行", "weijianxing", "wjx"),
        ("单于明", "chanyuming", "cym"),
        ("欧阳娜娜", "ouyangnana", "oynn"),
        ("王长江", "wangchangjiang", "wcj"),
        ("阿卜杜拉·买买提", "abudulamaimaiti", "abdlmmt"),
        ("单·巴特尔", "danbateer", "dbte"),  # no Han surname before the dot
        ("John O'Brien Smith", "johnobriensmith", "jobs"),
        ("李Ann", "liann", "la"),
        ("张\U0002c394", "zhang", "z"),  # a character without a reading
        ("·", "", ""),
        ("", "", ""),
    ],
)
def test_a_name_is_read(name: str, pinyin: str, initials: str) -> None:
    assert names.pinyin(name) == (pinyin, initials)


def test_the_longest_name_fits_its_columns() -> None:
    for name in ("窗" * 50, "单于" + "窗" * 48, "a " * 25):
        full, initials = names.pinyin(name)
        assert len(full) <= 300
        assert len(initials) <= 50


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Zhang San", "zhangsan"),
        ("zhāng-sān", "zhangsan"),
        ("LÜ BU", "lvbu"),
        ("lǚ", "lv"),
        ("lu\u0308", "lv"),
        ("O'Brien", "obrien"),
        ("张", ""),
    ],
)
def test_what_is_typed_is_compared_as_it_is_stored(typed: str, stored: str) -> None:
    assert names.latin(typed) == stored


def test_the_shipped_readings_are_the_first_of_pypinyin() -> None:
    shipped = {character: row["reading"] for row in files.rows("pinyin.csv") for character in row["characters"]}
    first = {chr(code): names.latin(readings.partition(",")[0]) for code, readings in pinyin_dict.items()}
    assert shipped == {character: reading for character, reading in first.items() if reading}


def test_every_character_of_the_file_is_found_where_it_stands() -> None:
    rows = list(files.rows("pinyin.csv"))
    assert sum(len(row["characters"]) for row in rows) == len(set("".join(row["characters"] for row in rows)))
    for row in rows:
        last = row["characters"][-1]
        assert names.pinyin(f"·{last}") == (row["reading"], row["reading"][0])
