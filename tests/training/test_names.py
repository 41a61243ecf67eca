"""Names as they are looked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from services.reference import names


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


def test_the_list_of_phrases_is_not_loaded() -> None:
    code = "import services.reference.names, pypinyin.constants as c; print(len(c.PHRASES_DICT), len(c.PINYIN_DICT))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    phrases, characters = map(int, said.split())
    assert phrases == 0
    assert characters > 20_000
