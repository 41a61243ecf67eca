"""The registry of conditions of a list of commissioners; docs/verdicts.md lists them with their sentences.

What every table or every identity number may be has the code it has everywhere (TR-...); the rest begins with PC-.
"""

from __future__ import annotations

from services.reference.conditions import OF_ANY_TABLE, Condition, Conditions, Kind, Level

CONDITIONS = Conditions(OF_ANY_TABLE)
_is = CONDITIONS.declare
ERROR, WARNING, NOTE = Level.ERROR, Level.WARNING, Level.NOTE
_CELL, _ROW, _ROWS, _FILE, _OUTCOME = Kind.CELL, Kind.ROW, Kind.ROWS, Kind.FILE, Kind.OUTCOME

_AS_APPLIED = "与逐人申报相同的要求"
_REAL_NAME = "实名登记"
_ID, _USCC = "GB 11643-1999", "GB 32100-2015"
_SHEET = "电子表格通病"
_CHOICES = "kind direction field title education"
_BY_KIND = "full_name resident_id phone group_name leader members"
_TEXTS = "group_name home_unit_name"
_PLACES = "division partner_division home_place"
_UNIT_CODE = "home_unit_credit_code"

# the words of a cell
WORD_UNKNOWN = _is("PC-WORD-UNKNOWN", ERROR, _CELL, _CHOICES, "名册用语")
WORD_GRADE = _is("PC-WORD-GRADE", ERROR, _CELL, "title education", "高级有正副，研究生有硕博")
SKILL_UNREADABLE = _is("PC-SKILL-UNREADABLE", ERROR, _CELL, "disciplines", "GB/T 13745 与三级")
PLACE_NAME = _is("PC-PLACE-NAME", ERROR, _CELL, _PLACES, "区划名称有重名，如四个市中区")
DAYS_UNREADABLE = _is("PC-DAYS-UNREADABLE", ERROR, _CELL, "days_a_year", "整数天")
NUMBER_UNREADABLE = _is("PC-NUMBER-UNREADABLE", ERROR, _CELL, "leader members", "科技特派员编号")
_is("TR-ID-EXCEL", ERROR, _CELL, "resident_id", _SHEET)

# what any application must be
_is("TR-NAME-MISSING", ERROR, _CELL, "full_name", _REAL_NAME)
_is("TR-NAME-CHARACTERS", ERROR, _CELL, "full_name", _REAL_NAME)
for _code in ("MISSING", "LENGTH", "CHARACTERS", "CHECKSUM", "BIRTH-DATE", "FUTURE", "FIFTEEN"):
    _is(f"TR-ID-{_code}", ERROR, _CELL, "resident_id", _ID)
_is("TR-PHONE-MISSING", ERROR, _CELL, "phone", _AS_APPLIED)
_is("TR-PHONE-FORMAT", ERROR, _CELL, "phone", _AS_APPLIED)
for _code in ("MISSING", "LENGTH", "CHARACTERS", "DIVISION", "CHECKSUM", "ORGANISATION", "EXCEL"):
    _is(f"TR-USCC-{_code}", ERROR, _CELL, _UNIT_CODE, _USCC)
_BY_RULE = {
    "FIELD_REQUIRED": _is("PC-MISSING", ERROR, _CELL, "*", _AS_APPLIED),
    "FIELD_CHOICE": _is("PC-CHOICE-MISSING", ERROR, _CELL, "kind direction field", _AS_APPLIED),
    "FIELD_LENGTH": _is("PC-LENGTH", ERROR, _CELL, _TEXTS, _AS_APPLIED),
    "FIELD_CONTROL": _is("PC-CONTROL", ERROR, _CELL, _TEXTS, _SHEET),
    "FIELD_RANGE": _is("PC-RANGE", ERROR, _CELL, "days_a_year disciplines", _AS_APPLIED),
    "FIELD_TOO_MANY": _is("PC-TOO-MANY", ERROR, _CELL, "disciplines", _AS_APPLIED),
    "FIELD_DIVISION": _is("PC-DIVISION", ERROR, _CELL, _PLACES, "GB/T 2260"),
    "FIELD_DISCIPLINE": _is("PC-DISCIPLINE", ERROR, _CELL, "disciplines", "GB/T 13745"),
    "FIELD_DISCIPLINE_TWICE": _is("PC-DISCIPLINE-TWICE", ERROR, _CELL, "disciplines", _AS_APPLIED),
    "FIELD_OTHER_DIVISION": _is("PC-SAME-DIVISION", ERROR, _ROW, "partner_division", _AS_APPLIED),
    "FIELD_NOT_OF_KIND": _is("PC-NOT-OF-KIND", ERROR, _ROW, _BY_KIND, "个人、团队、法人各有其项"),
    "FIELD_MEMBER_TWICE": _is("PC-MEMBER-TWICE", ERROR, _ROW, "members", "一人在团队中一次"),
    "FIELD_INDIVIDUAL": _is("PC-NOT-INDIVIDUAL", ERROR, _ROW, "leader members", "团队由个人科技特派员组成"),
}
NO_TEAMMATE = _is("PC-NO-TEAMMATE", ERROR, _ROW, "leader members", "团队成员须已申报")
NOT_YOURS = _is("PC-NOT-YOURS", ERROR, _ROW, "division home_unit_credit_code", "按区划和单位授权")
ELSEWHERE = _is("PC-ELSEWHERE", ERROR, _ROW, "resident_id", "一人同时只能有一个登记")
NOT_QUALIFIED = _is("PC-NOT-QUALIFIED", WARNING, _ROW, "title education", "《山东省科技特派员管理办法》第3条")

# rows against one another
ROW_DUPLICATE = _is("TR-ROW-DUPLICATE", ERROR, _ROWS, "resident_id", "一人一次")
ROW_DUPLICATE_KEPT = _is("TR-ROW-DUPLICATE-KEPT", NOTE, _ROWS, "resident_id", "一人一次")
ROW_DUPLICATE_NAME = _is("TR-ROW-DUPLICATE-NAME", ERROR, _ROWS, "resident_id", _REAL_NAME)
GROUP_DUPLICATE = _is("PC-GROUP-DUPLICATE", ERROR, _ROWS, "group_name", "同一单位的同一团队或法人一次")
GROUP_DUPLICATE_KEPT = _is("PC-GROUP-DUPLICATE-KEPT", NOTE, _ROWS, "group_name", "同一单位的同一团队或法人一次")

# the file
COLUMN_UNKNOWN = _is("PC-COLUMN-UNKNOWN", NOTE, _FILE, "", "未识别的列不导入")

# what became of a row
ALREADY = _is("PC-ALREADY", NOTE, _OUTCOME, "", "重复导入不改变任何内容")


def of_violation(rule: str) -> Condition:
    """The condition that a violation of an application is, by its rule. KeyError for one that no row can break."""
    return _BY_RULE.get(rule) or CONDITIONS[rule]
