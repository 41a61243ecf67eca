"""Names as they are looked for: pinyin without tones, and initials. 张三 is "zhangsan" and "zs".

A name's first character, or its first two, may be a surname (姓), and some surnames are read otherwise than the
character is elsewhere: 单 is shan, 尉迟 is yuchi. Names with the dot of minority names (·) begin with no Han surname.
ü is written v. How a character is read elsewhere: ``data/pinyin.csv``, its most usual reading.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from services.reference.files import DATA

DOT = "·"
# a line a syllable, searched as the one text it is: as a dictionary its 42,000 characters take 11 MiB
_READINGS = (DATA / "pinyin.csv").read_text(encoding="utf-8")
_IDEOGRAPHS = re.compile(r"[\u4e00-\u9fff]+").fullmatch
# only where its usual reading is another one
_SURNAMES = {
    "尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun", "单于": "chan yu", "澹台": "tan tai",
    "单": "shan", "解": "xie", "曾": "zeng", "仇": "qiu", "区": "ou", "查": "zha", "朴": "piao", "盖": "ge",
    "翟": "zhai", "乐": "yue", "缪": "miao", "秘": "bi", "洗": "xian", "折": "she", "黑": "he", "种": "chong",
    "覃": "qin", "员": "yun", "祭": "zhai", "卜": "bu", "繁": "po", "召": "shao", "乜": "nie", "句": "gou",
    "隗": "wei", "薄": "bo", "都": "du", "阚": "kan", "佴": "nai", "能": "nai", "牟": "mu", "重": "chong",
    "长": "chang", "郇": "xun", "藏": "zang",
}  # fmt: skip
# in given names
_GIVEN = {"长": "chang", "卜": "bu", "阚": "kan", "晟": "sheng"}


def pinyin(name: str) -> tuple[str, str]:
    """How a name is read and its initials, in a-z only; what has no reading is left out.

    At most six letters and one initial a character: a name of 50 fits columns of 300 and 50.
    """
    parts: list[str] = []
    rest = name
    if DOT not in name:
        surname = name[:2] if name[:2] in _SURNAMES else name[:1] if name[:1] in _SURNAMES else ""
        if surname:
            parts, rest = _SURNAMES[surname].split(), name[len(surname) :]
    if _IDEOGRAPHS(rest):
        parts += [reading for reading in map(_reading, rest) if reading]
        return "".join(parts), "".join([part[0] for part in parts])
    word = ""
    for character in rest:
        if character.isascii():
            word = word + character.lower() if character.isalpha() else _ended(parts, word)
            continue
        word = _ended(parts, word)
        if reading := _reading(character):
            parts.append(reading)
    _ended(parts, word)
    return "".join(parts), "".join(part[0] for part in parts)


def latin(text: str) -> str:
    """Typed pinyin as it is stored: lower case, without tones, spaces, hyphens and apostrophes; ü is v."""
    marked = unicodedata.normalize("NFC", text.lower()).translate(_UMLAUTS)
    plain = unicodedata.normalize("NFKD", marked)
    return "".join(letter for letter in plain if "a" <= letter <= "z")


_UMLAUTS = dict.fromkeys(map(ord, "üǖǘǚǜ"), "v")


def _ended(parts: list[str], word: str) -> str:
    """Adds a Latin word to the parts; the next one begins with nothing."""
    if word:
        parts.append(word)
    return ""


@lru_cache(maxsize=16384)
def _reading(character: str) -> str:
    if character in _GIVEN:
        return _GIVEN[character]
    place = _READINGS.find(character)
    if place < 0:
        return ""
    line = _READINGS.rfind("\n", 0, place) + 1
    return _READINGS[line : _READINGS.index(",", line)]
