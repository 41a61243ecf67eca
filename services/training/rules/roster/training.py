"""培训工种、培训等级、班级编号、起止日期: whether a row is meant for this class."""

from __future__ import annotations

import re
from datetime import date

from services.reference import levels, occupations
from services.reference.conditions import Condition
from services.training.rules.roster import conditions as c
from services.training.rules.roster import dates
from services.training.rules.roster.draft import Draft

COLUMNS = frozenset({"occupation", "skill_level", "class_number", "start_date", "end_date"})
_CODE = re.compile(r"\d-\d{2}-\d{2}-\d{2}")
_OURS = re.compile(r"(classes/)?(20\d{2}(0[1-9]|1[0-2])\d{5})")


def check(draft: Draft) -> None:
    """Each cell with the class, where the class is known."""
    cells = draft.cells
    if "occupation" in cells:
        _occupation(draft)
    if "skill_level" in cells:
        _level(draft)
    if "class_number" in cells:
        _number(draft)
    start = _day(draft, "start_date", draft.about.start, c.TRAINING_START)
    end = _day(draft, "end_date", draft.about.end, c.TRAINING_END)
    if start is not None and end is not None and end < start:
        draft.wrong(c.TRAINING_DATES_ORDER)


def _occupation(draft: Draft) -> None:
    text = draft.text("occupation").replace(" ", "")
    if not text:
        return
    about = draft.about
    code, name = _CODE.search(text), about.occupation_name
    if about.occupation_code and (code[0] == about.occupation_code if code else _alike(text, name)):
        return
    found = occupations.find(code[0]) if code else occupations.named(text)
    if found is None:
        draft.wrong(c.TRAINING_OCCUPATION_UNKNOWN, value=text)
    elif about.occupation_code:
        draft.wrong(c.TRAINING_OCCUPATION, value=text, occupation=about.occupation_name or about.occupation_code)


def _alike(text: str, name: str) -> bool:
    """Whether a text names the occupation: 电工, 维修电工 and 电工(中级) are one trade, 焊工 is another."""
    return bool(name) and (text in name or name in text)


def _level(draft: Draft) -> None:
    text = draft.text("skill_level")
    if not text:
        return
    found = levels.find(text)
    if found is None:
        draft.wrong(c.TRAINING_LEVEL_UNKNOWN, value=text)
    elif draft.about.level is not None and found.level_code != draft.about.level:
        wanted = levels.by_code(draft.about.level)
        draft.wrong(c.TRAINING_LEVEL, value=text, level=wanted.title if wanted else str(draft.about.level))


def _number(draft: Draft) -> None:
    text, about = draft.text("class_number").removesuffix(".0"), draft.about
    if not text or not about.class_number or text in (about.class_number, about.title, f"classes/{about.class_number}"):
        return
    other = _OURS.fullmatch(text) is not None
    draft.wrong(c.TRAINING_CLASS if other else c.TRAINING_CLASS_OTHER, value=text, number=about.class_number)


def _day(draft: Draft, column: str, wanted: date | None, other: Condition) -> date | None:
    text = draft.text(column)
    if not text:
        return None
    day = dates.read_date(text)
    if day is None:
        draft.wrong(c.TRAINING_DATE_UNREADABLE, column)
    elif wanted is not None and day != wanted:
        draft.wrong(other, day=wanted.isoformat())
    return day
