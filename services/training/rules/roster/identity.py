"""姓名、公民身份号码、性别、出生日期、年龄: who somebody is, and whether the cells agree on it."""

from __future__ import annotations

import re
import unicodedata

from services.reference import credit_code, resident_id, writing
from services.reference.conditions import Condition, Level
from services.reference.credit_code import CreditCodeFault
from services.reference.resident_id import ResidentIdFault, age_on
from services.reference.text import compact
from services.training.rules.roster import conditions as c
from services.training.rules.roster import dates
from services.training.rules.roster.conditions import CONDITIONS
from services.training.rules.roster.dates import Shape
from services.training.rules.roster.draft import Draft

OLDEST = 130  # years

_NO_NAMES = frozenset({"姓名", "测试", "某某", "张某", "李某", "王某", "某某某", "空", "无名", "无名氏", "TEST"})
_HONORIFICS = ("先生", "女士", "同志", "老师", "师傅", "小姐")
_SEPARATORS = re.compile(r"[、,;/|&+]")
_BRACKETS = re.compile(r"[()\[\]{}【】〔〕<>《》]")
_SEXES = {"男": "MALE", "女": "FEMALE", "M": "MALE", "F": "FEMALE", "男性": "MALE", "女性": "FEMALE"}
_SEXES |= {"1": "MALE", "2": "FEMALE", "MALE": "MALE", "FEMALE": "FEMALE"}
# printed in the standard and in every textbook
_SAMPLES = frozenset({"11010519491231002X"})
_CROSSES = frozenset("*×✕✖╳χⅩ")
_LOOKALIKE = str.maketrans("OQDILZSB", "00011258")
_DOCUMENT = re.compile(r"[A-Z]{1,2}[0-9]{6,10}(\([0-9A-Z]\))?")
_TOTALS = re.compile(
    r"(合计|总计|小计|共计|共\d+人|填表人|制表人|制表|审核人|审核|负责人|经办人|单位负责人|说明|注)(:.*|\d*人?)?"
)
_HEADINGS = frozenset({"姓名", "学员姓名", "NAME", "FULLNAME"})


def name(draft: Draft) -> None:
    """Reads 姓名."""
    raw = draft.cells.get("full_name", "")
    if writing.PLAIN_NAME(raw) and raw not in _NO_NAMES and raw[-2:] not in _HONORIFICS:
        draft.full_name = raw
        return
    faults = len(draft.findings)
    text = draft.text("full_name")
    if not text:
        if len(draft.findings) == faults or draft.findings[-1].condition is c.CELL_PLACEHOLDER:
            draft.wrong(c.NAME_MISSING)
        return
    draft.full_name = found = writing.normalise_name(text)
    if found.upper() in _NO_NAMES:
        draft.wrong(c.NAME_PLACEHOLDER, value=found)
    elif len(compact(found)) > 5 and all(each.isdigit() or each in "xX" for each in compact(found)):
        draft.wrong(c.NAME_NUMBER)
    elif any(each.isdigit() for each in found):
        draft.wrong(c.NAME_DIGITS, value=found)
    elif _BRACKETS.search(text):
        draft.wrong(c.NAME_BRACKETS, value=found)
    elif _SEPARATORS.search(text):
        draft.wrong(c.NAME_TWO, value=found)
    elif not 2 <= len(found) <= 50:
        draft.wrong(c.NAME_LENGTH, value=found)
    elif any(unicodedata.category(each) == "Co" for each in found):
        draft.wrong(c.NAME_PRIVATE, value=found)
    elif not writing.NAME.fullmatch(found):
        draft.wrong(c.NAME_CHARACTERS, value=found)
    else:
        _odd_name(draft, text, found)


def _odd_name(draft: Draft, text: str, found: str) -> None:
    """A name that can be one."""
    if found.endswith(_HONORIFICS) and len(found) > 2:
        draft.wrong(c.NAME_HONORIFIC, value=found)
    if not found.isascii():
        if "·" in found and "·" not in text:
            draft.wrong(c.NAME_DOT, value=found)
        if "·" not in found and len(found) > 6:
            draft.wrong(c.NAME_LONG, value=found)


def number(draft: Draft) -> None:
    """Reads 公民身份号码."""
    raw = draft.cells.get("resident_id", "")
    try:
        found = resident_id.parse(raw, draft.about.today)
    except ResidentIdFault as fault:
        _no_number(draft, raw, fault)
        return
    digits = found.number
    if raw != digits:
        _odd_number(draft, raw)
    if digits.endswith("000"):
        if "resident_id" in draft.numeric:
            draft.wrong(c.ID_EXCEL, value=digits)
            return
        draft.wrong(c.ID_ZEROS, value=digits)
    elif draft.numeric and "resident_id" in draft.numeric:
        draft.wrong(c.ID_NUMERIC, value=digits)
    if digits in _SAMPLES:
        draft.wrong(c.ID_SAMPLE, value=digits)
        return
    draft.number = found
    if digits[0] >= "8":
        foreign = digits[0] == "9"
        draft.wrong(c.ID_FOREIGN if foreign else c.ID_HMT, value=digits)
    elif draft.full_name and draft.full_name.isascii():
        draft.wrong(c.NAME_LATIN, value=draft.full_name)
    if found.birth > draft.about.adult_if_born_by:
        _minor(draft)


def _odd_number(draft: Draft, raw: str) -> None:
    """A number that is right, and was written in another way."""
    if any("\uff00" <= each <= "\uffef" for each in raw):
        draft.wrong(c.ID_FULL_WIDTH)
    if raw.strip()[-1:] in ("x", "ｘ"):
        draft.wrong(c.ID_LOWER_X)
    if any(each.isspace() for each in raw):
        draft.wrong(c.ID_SPACES)
    if any(unicodedata.category(each) in ("Cc", "Cf") and not each.isspace() for each in raw):
        draft.wrong(c.CELL_INVISIBLE, "resident_id")


def _no_number(draft: Draft, raw: str, fault: ResidentIdFault) -> None:
    """Why a cell is no identity number, as near to what happened as can be told."""
    faults = len(draft.findings)
    text = draft.text("resident_id")
    if len(draft.findings) > faults:
        if draft.findings[-1].condition is c.CELL_PLACEHOLDER:
            draft.wrong(c.ID_MISSING)
        elif draft.findings[-1].condition.level is Level.ERROR:
            return
    digits = compact(text)
    condition = CONDITIONS[writing.code_of(fault)]
    if not digits:
        condition = c.ID_MISSING
    elif condition is c.ID_CHECKSUM:
        if "resident_id" in draft.numeric:
            condition = c.ID_EXCEL
    elif condition in (c.ID_LENGTH, c.ID_CHARACTERS):
        condition = _shape(digits) or condition
    if condition is not c.ID_MISSING or not any(each.condition is c.ID_MISSING for each in draft.findings):
        draft.wrong(condition, value=raw if condition is not c.ID_MISSING else "")


def _shape(digits: str) -> Condition | None:
    """What stands where the identity number should."""
    if len(digits) == 18 and digits[-1] in _CROSSES and digits[:17].isdigit():
        return c.ID_CROSS
    if "*" in digits:
        return c.ID_MASKED
    if writing.PHONE.fullmatch(digits):
        return c.ID_IS_PHONE
    if len(digits) == 18:
        try:
            credit_code.parse(digits)
        except CreditCodeFault:
            if digits.translate(_LOOKALIKE)[:17].isdigit() and not digits[:17].isdigit():
                return c.ID_LOOKALIKE
        else:
            return c.ID_IS_CREDIT_CODE
    if _DOCUMENT.fullmatch(digits):
        return c.ID_OTHER_DOCUMENT
    return None


def no_person(draft: Draft) -> Condition | None:
    """The condition of a row that is no person: a heading once more, or a line of totals or signatures."""
    words = unicodedata.normalize("NFKC", draft.cells.get("full_name", "")).replace(" ", "")
    if not words and "resident_id" not in draft.cells:
        words = unicodedata.normalize("NFKC", next(iter(draft.cells.values()), "")).replace(" ", "")
    digits = sum(each.isdigit() for each in draft.cells.get("resident_id", ""))
    if digits > 5:
        return None
    if words.upper() in _HEADINGS and "resident_id" in draft.cells:
        return c.ROW_HEADER
    return c.ROW_TOTAL if _TOTALS.fullmatch(words) else None


def compare(draft: Draft) -> None:
    """性别, 出生日期 and 年龄, each with the number."""
    if "sex" in draft.cells:
        _sex(draft)
    if "birth_date" in draft.cells:
        _birth(draft)
    if "age" in draft.cells:
        _age(draft)


def _sex(draft: Draft) -> None:
    said = compact(draft.cells["sex"])
    if not said:
        return
    sex = _SEXES.get(said)
    if sex is None:
        draft.wrong(c.SEX_UNKNOWN, value=said)
    elif draft.number is not None and sex != draft.number.sex.name:
        draft.wrong(c.SEX_MISMATCH)


def _birth(draft: Draft) -> None:
    text = draft.text("birth_date")
    if not text:
        return
    shape, day = dates.read(text)
    if shape is Shape.UNREADABLE:
        draft.wrong(c.BIRTH_UNREADABLE)
    elif shape is Shape.IMPOSSIBLE:
        draft.wrong(c.BIRTH_IMPOSSIBLE)
    elif shape is Shape.SHORT_YEAR:
        draft.wrong(c.BIRTH_SHORT_YEAR)
    if day is None:
        return
    if day > draft.about.today:
        draft.wrong(c.BIRTH_FUTURE)
        return
    if shape is Shape.SERIAL:
        draft.wrong(c.BIRTH_SERIAL)
    if draft.number is None:
        return
    born = draft.number.birth
    if shape is Shape.MONTH and (day.year, day.month) == (born.year, born.month):
        draft.wrong(c.BIRTH_MONTH)
    elif day != born:
        swapped = (day.year, day.month, day.day) == (born.year, born.day, born.month)
        draft.wrong(c.BIRTH_SWAPPED if swapped else c.BIRTH_MISMATCH)


def _age(draft: Draft) -> None:
    text = draft.text("age")
    digits = text.removesuffix("周岁").removesuffix("岁").removesuffix(".0").strip()
    if not digits:
        if text:
            draft.wrong(c.AGE_UNREADABLE, value=text)
        return
    if not (digits.isascii() and digits.isdigit()):
        draft.wrong(c.AGE_UNREADABLE, value=text)
    elif not 0 < int(digits[:6]) <= OLDEST:
        draft.wrong(c.AGE_RANGE, value=text)
    elif draft.number is not None:
        age = age_on(draft.number.birth, draft.about.today)
        off = abs(int(digits) - age)
        if off > 1:
            draft.wrong(c.AGE_MISMATCH, value=digits, age=age)
        elif off == 1:
            draft.wrong(c.AGE_NOMINAL, value=digits, age=age)


def _minor(draft: Draft) -> None:
    """Somebody under 18 on the first day: allowed from 16, and to be looked after."""
    assert draft.number is not None
    first = draft.about.start or draft.about.today
    age = age_on(draft.number.birth, first) if draft.number.birth <= first else 0
    if age < draft.about.youngest:
        return  # too young for any training: a rule of its own says so
    draft.wrong(c.MINOR, age=age)
    if not draft.has("emergency_contact") and not draft.has("emergency_phone"):
        draft.wrong(c.MINOR_CONTACT)
