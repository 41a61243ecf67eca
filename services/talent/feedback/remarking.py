"""What notes, ratings and complaints have in common: a case that is locked and told of, days counted, texts sealed."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.errors import Invalid, NotFound, Violation
from services.platform.transaction import Tx
from services.platform.vault import Vault
from services.reference.parameters import Parameter
from services.reference.workdays import published
from services.talent import casefiles, queries
from services.talent.casefiles import CaseFile
from services.talent.rules.days import Days
from services.talent.rules.limits import Span, Unit
from services.talent.tables import CaseRow


def locked(tx: Tx, call: Call, number: str) -> CaseFile:
    """A case that the caller may do this to, locked."""
    file = casefiles.read(tx.connection, [number], lock=True).get(number)
    if file is None:
        raise NotFound(f"cases/{number}")
    call.require(queries.scope_of(file), file.name)
    return file


def require(session: Session, call: Call, number: str) -> CaseFile:
    """A case that the caller may do this to, as it is."""
    file = casefiles.read(session.connection(), [number]).get(number)
    if file is None:
        raise NotFound(f"cases/{number}")
    call.require(queries.scope_of(file), file.name)
    return file


def check_matter(file: CaseFile, key: str) -> None:
    """Raises Invalid unless the case has this matter; "" is the case as a whole."""
    if key and file.matter(key) is None:
        allowed = ", ".join(each.key for each in file.matters)
        raise Invalid(Violation("matter", "FIELD_CHOICE", {"allowed": allowed}))


def tell(tx: Tx, call: Call, file: CaseFile, event: str, **told: Any) -> None:
    """Notes it in the trail of the case and counts its event. Nothing of what somebody said goes there; an officer's
    reason goes into the trail.
    """
    occurred, reason = told.pop("occurred", None), told.pop("late_reason", "") or told.pop("reason", "")
    tx.record(call, file.name, event=event, occur_time=occurred, reason=reason, detail=told, number=file.count_event())
    casefiles.write(tx, [file])


def days_after(day: date, parameter: Parameter | None) -> tuple[date | None, bool]:
    """The last of so many working days, and whether a notice to come may move it; None where nobody has set any."""
    n = parameter.integer() if parameter else None
    if n is None:
        return None, False
    days = Days(published())
    return days.after(day, Span(n, Unit.WORKING_DAYS)), bool(days.assumed)


def seal(vault: Vault, text: str, owner: str, field: str) -> bytes | None:
    """What somebody said; None for nothing."""
    return vault.seal(text, owner, field) if text else None


def unseal(vault: Vault, sealed: bytes | None, owner: str, field: str) -> str:
    """What somebody said."""
    return vault.unseal(sealed, owner, field) if sealed else ""


def of_cases(call: Call, row: Any) -> Select[Any]:
    """Rows that hang on cases the caller may see."""
    return select(row).join(CaseRow, CaseRow.id == row.case_id).where(queries.within_reach(call))
