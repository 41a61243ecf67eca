"""就业状况、所在单位、统一社会信用代码、参保状态: whether somebody works, and for whom."""

from __future__ import annotations

from services.reference import credit_code
from services.reference.credit_code import CreditCodeFault
from services.training.rules.roster import conditions as c
from services.training.rules.roster.conditions import CONDITIONS
from services.training.rules.roster.draft import Draft
from services.training.rules.roster.person import listed

COLUMNS = frozenset({"employment_status", "employer_name", "employer_credit_code", "insured"})
SHORTEST_NAME = 4  # characters of a unit's full name
_PUBLIC_BODIES = ("局", "委员会", "人民政府", "办事处", "小学", "中学", "法院", "检察院", "事业发展中心", "服务中心")
_PUBLIC_KINDS = frozenset({"11", "12"})


def check(draft: Draft) -> None:
    """Status, employer and insurance, and whether they agree."""
    cells = draft.cells
    if "employment_status" in cells:
        draft.status = listed(draft, "employment_status", c.STATUS_UNKNOWN)
    if "insured" in cells:
        draft.insured = listed(draft, "insured", c.INSURED_UNKNOWN)
    employer = _employer(draft) if "employer_name" in cells else ""
    if "employer_credit_code" in cells:
        _code(draft)
    status = draft.status
    if status is not None:
        if status.mark == "RETIRED":
            draft.wrong(c.STATUS_RETIRED)
        elif status.mark == "PUBLIC":
            draft.wrong(c.STATUS_PUBLIC)
        elif status.code == "EMPLOYED" and not draft.has("employer_name"):
            draft.wrong(c.STATUS_NO_EMPLOYER)
        elif status.mark == "IDLE" and employer:
            draft.wrong(c.STATUS_EMPLOYER, status=status.name)
        if status.mark == "IDLE" and draft.insured is not None and draft.insured.mark == "EMPLOYEE":
            draft.wrong(c.INSURED_STATUS, status=status.name)
    if draft.insured is not None and draft.insured.mark == "PENSION":
        draft.wrong(c.INSURED_PENSION)


def _employer(draft: Draft) -> str:
    text = draft.text("employer_name")
    if not text:
        return ""
    if len(text) < SHORTEST_NAME:
        draft.wrong(c.EMPLOYER_SHORT, value=text)
    elif text.endswith(_PUBLIC_BODIES):
        draft.wrong(c.EMPLOYER_PUBLIC)
    return text


def _code(draft: Draft) -> None:
    text = draft.text("employer_credit_code")
    if not text:
        return
    try:
        found = credit_code.parse(text)
    except CreditCodeFault as fault:
        draft.wrong(CONDITIONS[f"TR-USCC-{fault.code}"])
        return
    draft.employer = found
    about = draft.about
    if found.kind in _PUBLIC_KINDS:
        draft.wrong(c.USCC_PUBLIC)
    if about.institution_code and found.number == about.institution_code:
        draft.wrong(c.EMPLOYER_INSTITUTION)
    elif about.enterprise_code and found.number != about.enterprise_code:
        draft.wrong(c.EMPLOYER_OTHER)
