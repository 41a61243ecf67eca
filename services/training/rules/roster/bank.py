"""开户银行、银行户名、银行账号: where money is paid to the person (个人账户)."""

from __future__ import annotations

import re

from services.reference import writing
from services.reference.text import compact, is_spreadsheet_number
from services.training.rules.roster import conditions as c
from services.training.rules.roster.draft import Draft

COLUMNS = frozenset({"bank_name", "bank_account_name", "bank_account"})
SHORTEST, LONGEST = 12, 23  # digits of an account
_CARD_LENGTHS = range(16, 20)
_CARD = ("62", "60", "95", "4", "5")  # issuers of cards whose last digit checks; 62 is 银联
_KEPT = 15  # significant digits that a spreadsheet keeps of a number
_BANKS = re.compile(r"银行|信用社|信用联社|农商行|邮储|农信|工行|农行|建行|中行|交行|商行")
_BRANCHES = re.compile(r"支行|分理处|营业部|营业所|分行|储蓄所|信用社|分社|网点")
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def check(draft: Draft) -> None:
    """The account, whose it is, and where it is kept."""
    given = {column for column in COLUMNS if draft.has(column)}
    if not given:
        return
    if draft.about.class_number and not draft.about.subsidised:
        draft.wrong(c.BANK_NEEDLESS, next(column for column in sorted(COLUMNS) if column in given))
    account = draft.text("bank_account")
    if account:
        _account(draft, account)
    elif "bank_account" not in given:
        draft.wrong(c.BANK_ACCOUNT_MISSING)
    holder = draft.text("bank_account_name")
    if holder:
        if draft.full_name and writing.normalise_name(holder) != draft.full_name:
            draft.wrong(c.BANK_HOLDER, value=holder)
    elif account:
        draft.wrong(c.BANK_HOLDER_MISSING)
    bank = draft.text("bank_name")
    if bank:
        if not _BANKS.search(bank):
            draft.wrong(c.BANK_NAME_UNKNOWN)
        elif not _BRANCHES.search(bank):
            draft.wrong(c.BANK_NAME_BRANCH)
    elif account:
        draft.wrong(c.BANK_NAME_MISSING)


def account_number(text: str) -> str:
    """The account as it is compared: without spaces and hyphens."""
    return compact(text).replace("-", "")


def luhn(digits: str) -> bool:
    """Whether the last digit of a card number fits (ISO/IEC 7812-1, annex B)."""
    values = [int(each) for each in reversed(digits)]
    return (sum(values[0::2]) + sum(_DOUBLED[each] for each in values[1::2])) % 10 == 0


def _account(draft: Draft, text: str) -> None:
    digits = account_number(text)
    numeric = "bank_account" in draft.numeric
    other = (draft.number.number if draft.number else "", draft.phone)
    lost = len(digits) > _KEPT and digits.endswith("0")
    if is_spreadsheet_number(digits) or (numeric and lost):
        draft.wrong(c.BANK_ACCOUNT_EXCEL)
    elif digits and digits in other:
        draft.wrong(c.BANK_ACCOUNT_IS_OTHER)
    elif not (digits.isascii() and digits.isdigit()):
        draft.wrong(c.BANK_ACCOUNT_CHARACTERS)
    elif not SHORTEST <= len(digits) <= LONGEST:
        draft.wrong(c.BANK_ACCOUNT_LENGTH, shortest=SHORTEST, longest=LONGEST)
    elif len(digits) not in _CARD_LENGTHS or not digits.startswith(_CARD):
        draft.wrong(c.BANK_ACCOUNT_PASSBOOK)
    elif not luhn(digits):
        draft.wrong(c.BANK_ACCOUNT_EXCEL if digits.endswith("000") else c.BANK_ACCOUNT_LUHN)
    elif digits.endswith("000"):
        draft.wrong(c.BANK_ACCOUNT_ROUNDED)
