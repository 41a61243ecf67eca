"""Fills again what people are found by, from what is stored of them: after an upgrade that reads names otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from services.platform.database import Database
from services.reference import names
from services.training.tables import EnrolmentRow, TraineeRow

STEP = 500  # rows in one transaction

_trainee, _enrolment = TraineeRow.__table__.c, EnrolmentRow.__table__.c
_TRAINEES = select(_trainee.id, _trainee.full_name, _trainee.name_pinyin, _trainee.name_initials)
_NAME = (
    update(TraineeRow.__table__)  # type: ignore[arg-type]
    .where(_trainee.id == bindparam("of"))
    .values(name_pinyin=bindparam("pinyin"), name_initials=bindparam("initials"))
)
_ENROLMENTS = select(_enrolment.id, _enrolment.phone_sealed, _enrolment.phone_index)
_PHONE = (
    update(EnrolmentRow.__table__)  # type: ignore[arg-type]
    .where(_enrolment.id == bindparam("of"))
    .values(phone_index=bindparam("index"))
)


def reindex(database: Database) -> int:
    """Brings the pinyin of every name and the index of every phone up to date; returns how many rows it changed.

    It may run beside a server, be stopped at any time and run again.
    """
    vault = database.vault

    def phone(row_id: str, sealed: bytes) -> bytes:
        return vault.index("phone", vault.unseal(sealed, f"enrolments/{row_id}", "phone"))

    def read(rows: Sequence[Any]) -> list[dict[str, Any]]:
        fresh = ((row, names.pinyin(row.full_name)) for row in rows)
        return [
            {"of": row.id, "pinyin": full, "initials": initials}
            for row, (full, initials) in fresh
            if (full, initials) != (row.name_pinyin, row.name_initials)
        ]

    def index(rows: Sequence[Any]) -> list[dict[str, Any]]:
        fresh = ((row, phone(row.id, row.phone_sealed)) for row in rows)
        return [{"of": row.id, "index": found} for row, found in fresh if found != row.phone_index]

    changed = 0
    for wanted, column, differing, change in (
        (_TRAINEES, _trainee.id, read, _NAME),
        (_ENROLMENTS, _enrolment.id, index, _PHONE),
    ):
        last = ""
        while True:
            with database.writing_engine.begin() as connection:
                rows = _after(connection, wanted, column, last)
                if not rows:
                    break
                last = rows[-1].id
                if changes := differing(rows):
                    connection.execute(change, changes)
                    changed += len(changes)
    return changed


def _after(connection: Connection, wanted: Any, column: Any, last: str) -> Sequence[Any]:
    return connection.execute(
        wanted.where(column > last).order_by(column).limit(STEP).with_for_update(key_share=True)
    ).all()
