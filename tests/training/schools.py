"""Institutions and their teachers as rows: what the tests of filings stand on."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from sqlalchemy import Connection, insert, update

from services.platform.database import Database
from services.platform.ids import new_id
from services.reference import credit_code
from services.training.tables import ClassRow, InstitutionRow, TeacherRow
from tests.office import clock, somebody

_serial = itertools.count(100)


@dataclass(frozen=True)
class School:
    """An institution on the register."""

    database: Database
    credit_code: str

    def teacher(self, resident_id: str = "", qualification: str = "电工高级技师") -> str:
        """A new teacher, or somebody known who teaches here too; the resource name."""
        teacher_id, number = new_id(), resident_id or somebody().resident_id
        vault = self.database.vault
        with self.database.writing_engine.begin() as connection:
            connection.execute(
                insert(TeacherRow).values(
                    id=teacher_id,
                    institution_id=self.credit_code,
                    resident_id_index=vault.index("resident_id", number),
                    resident_id_sealed=vault.seal(number, f"teachers/{teacher_id}", "resident_id"),
                    full_name="样例教师",
                    qualification=qualification,
                    certificate_number="Z-1" if qualification else "",
                    create_time=clock(),
                )
            )
        return f"teachers/{teacher_id}"

    def suspend(self) -> None:
        """As the bureau does it: the register, and every class of it."""
        self._set("SUSPENDED", suspended=True)

    def reinstate(self) -> None:
        """Undoes it."""
        self._set("ACTIVE", suspended=False)

    def _set(self, state: str, *, suspended: bool) -> None:
        with self.database.writing_engine.begin() as connection:
            connection.execute(update(InstitutionRow).where(InstitutionRow.id == self.credit_code).values(state=state))
            connection.execute(
                update(ClassRow)
                .where(ClassRow.institution_credit_code == self.credit_code)
                .values(suspended=suspended, version=ClassRow.version + 1)
            )


def a_school(database: Database) -> School:
    """A new institution, on the register and in the directory."""
    code = credit_code.make("52", "370103", f"MJE{next(_serial):05}")
    with database.writing_engine.begin() as connection:
        _register(connection, code)
    return School(database, code)


def _register(connection: Connection, code: str) -> None:
    now = clock()
    connection.execute(
        insert(InstitutionRow).values(
            id=code,
            state="ACTIVE",
            institution_name="市中区样例职业培训学校",
            division="370103",
            licence_number="教民137010370000001",
            catalogue_number="JN-2026-001",
            occupation_codes=[],
            reason="",
            create_time=now,
            update_time=now,
            version=1,
        )
    )
