"""联系电话、电子邮箱、邮编、紧急联系人: how somebody is reached."""

from __future__ import annotations

import re

from services.reference import codelists, writing
from services.training.rules.roster import conditions as c
from services.training.rules.roster.draft import Draft

COLUMNS = frozenset({"email", "postcode", "emergency_contact", "emergency_phone"})

_SECOND = frozenset("3456789")
# nobody's: customer services, and what fingers type when there is no number
_SAMPLES = frozenset({"13800138000", "13812345678", "13912345678", "15912345678", "18812345678", "13000000000"})
_SAMPLES |= {"13111111111", "13123456789", "13333333333"}
_BLOCKS = {
    entry.code: c.PHONE_VIRTUAL if entry.mark == "VIRTUAL" else c.PHONE_DATA_CARD
    for entry in codelists.entries("phone_block")
}
_LANDLINE = re.compile(r"(0\d{2,3})?[2-8]\d{6,7}")
_EXPONENT = re.compile(r"1\.?\d*[eE]\+?(10|11)")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}")
_SLIPS = frozenset(
    {
        *("gamil.com", "gmial.com", "gmail.con", "gmail.cn", "163.con", "163.cn", "126.con", "qq.con", "qq.cn"),
        *("qq.com.cn", "sina.con", "hotmial.com", "outlook.con", "139.con", "189.con", "foxmail.con"),
    }
)


def phone(draft: Draft) -> None:
    """Reads 联系电话."""
    raw = draft.cells.get("phone", "")
    if len(raw) == 11 and raw.isascii() and raw.isdigit() and raw[0] == "1" and raw[1] in _SECOND:
        found = raw
    else:
        found = _written(draft)
        if not found:
            return
    draft.phone = found
    if found in _SAMPLES:
        draft.wrong(c.PHONE_SAMPLE, value=found)
    elif (block := _BLOCKS.get(found[:3])) is not None:
        draft.wrong(block, value=found)


def _written(draft: Draft) -> str:
    """The number in a cell that is not simply 11 digits, "" with what is wrong when there is none."""
    faults = len(draft.findings)
    text = draft.text("phone")
    if not text:
        if len(draft.findings) == faults or draft.findings[-1].condition is c.CELL_PLACEHOLDER:
            draft.wrong(c.PHONE_MISSING)
        return ""
    found = writing.normalise_phone(text)
    if writing.PHONE.fullmatch(found):
        return found
    digits = re.sub(r"\D", "", text)
    if _EXPONENT.fullmatch(found):
        condition = c.PHONE_EXCEL
    elif "*" in found:
        condition = c.PHONE_MASKED
    elif found[:-1].isdigit() and len(found) == 18:
        condition = c.PHONE_IS_ID
    elif found.startswith(("+", "00")):
        condition = c.PHONE_FOREIGN
    elif len(digits) >= 18 and len(re.findall(r"1[3-9]\d{9}", digits)) + len(re.findall(r"0\d{9}", digits)) >= 2:
        condition = c.PHONE_TWO
    elif _LANDLINE.fullmatch(found.replace("(", "").replace(")", "")):
        condition = c.PHONE_LANDLINE
    else:
        condition = c.PHONE_FORMAT
    draft.wrong(condition, value=found)
    return ""


def check(draft: Draft) -> None:
    """The other ways to reach somebody."""
    if email := draft.text("email"):
        if not _EMAIL.fullmatch(email):
            draft.wrong(c.EMAIL_FORMAT)
        elif email.rpartition("@")[2].lower() in _SLIPS:
            draft.wrong(c.EMAIL_DOMAIN, domain=email.rpartition("@")[2].lower())
    if postcode := draft.text("postcode"):
        if postcode.isascii() and postcode.isdigit() and len(postcode) == 5:
            draft.wrong(c.POSTCODE_ZERO, value=postcode)
        elif not (postcode.isascii() and postcode.isdigit() and len(postcode) == 6):
            draft.wrong(c.POSTCODE_FORMAT)
    _emergency(draft)


def _emergency(draft: Draft) -> None:
    name, number = draft.text("emergency_contact"), draft.text("emergency_phone")
    if name:
        found = writing.normalise_name(name)
        if not writing.NAME.fullmatch(found):
            draft.wrong(c.EMERGENCY_NAME_CHARACTERS, value=found)
        elif found == draft.full_name:
            draft.wrong(c.EMERGENCY_NAME_OWN, value=found)
    if number:
        found = writing.normalise_phone(number)
        if not (writing.PHONE.fullmatch(found) or _LANDLINE.fullmatch(found)):
            draft.wrong(c.EMERGENCY_PHONE_FORMAT, value=found)
        elif found == draft.phone:
            draft.wrong(c.EMERGENCY_PHONE_OWN, value=found)
    if number and not name:
        draft.wrong(c.EMERGENCY_NAME_MISSING)
    elif name and not number:
        draft.wrong(c.EMERGENCY_PHONE_MISSING)
