"""人员类别、证明材料、就业创业证: what money is paid for, and what proves it."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from functools import lru_cache

from services.reference import codelists, divisions
from services.reference.codelists import Category
from services.reference.resident_id import age_on
from services.reference.text import compact, is_spreadsheet_number
from services.training.rules.roster import conditions as c
from services.training.rules.roster import dates
from services.training.rules.roster.dates import Shape
from services.training.rules.roster.draft import Draft

COLUMNS = frozenset({"category", "proof_kind", "proof_number", "proof_date", "employment_card"})
CARD = "就业创业证"
CARD_LENGTH = 16  # digits of 就业创业证, unconfirmed
FRESH = timedelta(days=366)  # a proof that was checked longer ago may no longer hold, unconfirmed

_SEVERAL = re.compile(r"[、,;/|+和及\s]+")
_PROOF_NUMBER = re.compile(r"[0-9A-Z\u3400-\u9fff〔〕\[\]()（）._/-]{4,64}")
_DISABLED = re.compile(r"[0-9]{17}[0-9X][1-7][1-4](B\d)?")
_COLLEGE = 4  # the rank of 大学专科 in the list of education
_MIDDLE = 3


def check(draft: Draft) -> None:
    """The category, its proof and the employment card."""
    cells = draft.cells
    if "category" in cells:
        draft.category = _category(draft)
    kind = draft.text("proof_kind")
    number = _proof_number(draft) if "proof_number" in cells else ""
    draft.proof = (sys.intern(kind[:50]), number[:64])  # few kinds, many rows
    if "proof_date" in cells:
        _proof_date(draft)
    if "employment_card" in cells:
        draft.card = _card(draft)
    if (kind or number) and not draft.has("category"):
        draft.wrong(c.PROOF_NO_CATEGORY)
    if number and not kind:
        draft.wrong(c.PROOF_KIND_MISSING)
    if draft.category is not None:
        _proof_fits(draft, draft.category, kind, number)
    if draft.card and not number:
        draft.proof = (kind or CARD, draft.card)


def wanted(draft: Draft) -> None:
    """What a subsidised class asks of everybody in it."""
    if draft.category is None and not draft.spoilt("category"):
        draft.wrong(c.CATEGORY_MISSING)
    kind, number = draft.proof
    if not number and not draft.spoilt("proof_number"):
        draft.wrong(c.PROOF_MISSING)
    elif number and not draft.has("proof_date"):
        draft.wrong(c.PROOF_DATE_MISSING)
    category = draft.category
    if category is None:
        return
    if category.card and not draft.has("employment_card") and not _is_card(kind):
        draft.wrong(c.CARD_MISSING, category=category.name)
    if category.works:
        if not draft.has("employer_name"):
            draft.wrong(c.EMPLOYER_MISSING)
        if not draft.has("employer_credit_code"):
            draft.wrong(c.USCC_MISSING)


def compare(draft: Draft) -> None:
    """The category with the rest of the row."""
    category = draft.category
    if category is None:
        return
    if category.sensitive:
        draft.wrong(c.CATEGORY_SENSITIVE)
    if draft.number is not None:
        first = draft.about.start or draft.about.today
        age = age_on(draft.number.birth, first) if draft.number.birth <= first else 0
        if (category.youngest is not None and age < category.youngest) or (
            category.oldest is not None and age > category.oldest
        ):
            draft.wrong(c.CATEGORY_AGE, category=category.name, age=age)
    _education_fits(draft, category)
    status = draft.status
    if status is not None and status.mark in ("WORKS", "IDLE", "STUDIES"):
        at_work = status.mark == "WORKS"
        if (category.works is not None and category.works != at_work) or (
            category.code == "STU" and status.mark != "STUDIES"
        ):
            draft.wrong(c.CATEGORY_STATUS, category=category.name, status=status.name)
    if category.works is False and draft.insured is not None and draft.insured.mark == "EMPLOYEE":
        draft.wrong(c.CATEGORY_PAYS_IN, category=category.name)
    if category.code == "RUR" and draft.household is not None and draft.household.code == "NONAGRI":
        draft.wrong(c.CATEGORY_HOUSEHOLD, category=category.name)


def _category(draft: Draft) -> Category | None:
    text = draft.text("category")
    if not text:
        return None
    found = codelists.find_category(text)
    if found is None:
        parts = [part for part in _SEVERAL.split(text) if part]
        several = len(parts) > 1 and all(codelists.find_category(part) for part in parts)
        draft.wrong(c.CATEGORY_SEVERAL if several else c.CATEGORY_UNKNOWN, value=text)
    return found


def _education_fits(draft: Draft, category: Category) -> None:
    if draft.education is None:
        return
    rank = int(draft.education.mark)
    if (category.code == "GRAD" and rank < _COLLEGE) or (category.code == "JHS" and rank > _MIDDLE):
        draft.wrong(c.CATEGORY_EDUCATION, category=category.name, education=draft.education.name)


def _proof_number(draft: Draft) -> str:
    text = compact(draft.text("proof_number"))
    if not text:
        return ""
    rounded = "proof_number" in draft.numeric and len(text) > 15 and text.endswith("0")
    if is_spreadsheet_number(text) or rounded:
        draft.wrong(c.PROOF_NUMBER_EXCEL)
        return ""
    if not _PROOF_NUMBER.fullmatch(text):
        draft.wrong(c.PROOF_NUMBER_FORMAT)
        return ""
    return text


def _proof_fits(draft: Draft, category: Category, kind: str, number: str) -> None:
    """The proof with the category."""
    if kind and category.proofs and not _is_usual(kind, category.proofs):
        draft.wrong(c.PROOF_KIND_OTHER, value=kind, category=category.name, usual="、".join(category.proofs))
    if category.code != "DIS" or not number or draft.number is None:
        return
    if not _DISABLED.fullmatch(number) or number[:18] != draft.number.number:
        draft.wrong(c.PROOF_NUMBER_DISABLED)


@lru_cache(4096)  # a roster has few kinds and many rows
def _is_usual(kind: str, proofs: tuple[str, ...]) -> bool:
    return any(word in kind for word in proofs)


def _proof_date(draft: Draft) -> None:
    text = draft.text("proof_date")
    if not text:
        return
    shape, day = dates.read(text)
    if day is None or shape is Shape.MONTH:
        draft.wrong(c.PROOF_DATE_UNREADABLE)
    elif day > draft.about.today:
        draft.wrong(c.PROOF_DATE_FUTURE)
    elif draft.about.start is not None:
        if day > draft.about.start:
            draft.wrong(c.PROOF_DATE_AFTER, start=draft.about.start.isoformat())
        elif draft.about.start - day > FRESH:
            draft.wrong(c.PROOF_DATE_OLD, start=draft.about.start.isoformat())


def _card(draft: Draft) -> str:
    text = compact(draft.text("employment_card"))
    if not text:
        return ""
    if is_spreadsheet_number(text) or ("employment_card" in draft.numeric and len(text) > 15 and text.endswith("0")):
        draft.wrong(c.CARD_EXCEL)
        return ""
    if draft.number is not None and text == draft.number.number:
        return text  # electronic cards carry the identity number
    if not (text.isascii() and text.isdigit() and len(text) == CARD_LENGTH):
        draft.wrong(c.CARD_FORMAT)
    elif not divisions.is_known(text[:6]):
        draft.wrong(c.CARD_DIVISION)
    return text


def _is_card(kind: str) -> bool:
    return CARD in kind or "失业登记" in kind
