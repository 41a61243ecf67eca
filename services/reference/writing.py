"""How names and phone numbers are written, told apart from what they are (姓名与电话的规范写法), and masked."""

from __future__ import annotations

import re
import unicodedata

from services.reference.resident_id import ResidentIdFault

PHONE = re.compile(r"1[3-9][0-9]{9}")
# CJK ideographs, the middle dot of minority names, Latin letters of foreigners
NAME = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af·A-Za-z .'\-]{2,50}")
PLAIN_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}").fullmatch
_DOTS = str.maketrans(dict.fromkeys("・•‧∙⋅●.", "·"))
_UNSEEN = frozenset({"Cc", "Cf"})


def normalise_name(text: str) -> str:
    """Half-width letters, no invisible characters, no spaces between ideographs, one between words, one kind of dot."""
    if PLAIN_NAME(text):
        return text
    plain = unicodedata.normalize("NFKC", text)
    name = " ".join("".join(each if each.isspace() else _seen(each) for each in plain).split())
    if name.isascii():
        return name
    # taking spaces away may bring a letter and its accent together
    return unicodedata.normalize("NFKC", name.replace(" ", "").translate(_DOTS))


def normalise_phone(text: str) -> str:
    """Half-width digits without spaces, hyphens, a leading apostrophe or the country code of China."""
    if text.isascii() and text.isdigit() and len(text) == 11:
        return text
    plain = "".join(_seen(each) for each in unicodedata.normalize("NFKC", text) if not each.isspace())
    digits = plain.replace("-", "").lstrip("'‘’")
    for prefix in ("+86", "0086", "86"):
        if digits.startswith(prefix) and len(digits) == len(prefix) + 11:
            return digits[len(prefix) :]
    return digits


def code_of(fault: ResidentIdFault) -> str:
    """The verdict code of a fault in an identity number, such as TR-ID-CHECKSUM."""
    return f"TR-ID-{fault.code.replace('_', '-')}"


def mask_name(name: str) -> str:
    """张三 is 张*; 欧阳娜娜 is 欧***: the first character stays."""
    return name[:1] + "*" * max(1, len(name) - 1)


def mask_phone(phone: str) -> str:
    """13812340000 is 138****0000."""
    return f"{phone[:3]}****{phone[-4:]}"


def _seen(character: str) -> str:
    return "" if unicodedata.category(character) in _UNSEEN else character
