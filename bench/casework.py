"""Many cases, made fast: rows that the service wrote, copied for other talents, each under its own number.

A few cases of every kind are brought along over the wire. Their rows are the pattern: a copy differs in what is its
own (numbers, talent, owner) and in nothing else, so that it is what the service would have written.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import grpc
from liancai.talent.v1 import cases_pb2, clock_pb2
from sqlalchemy import Connection, Table, func, select

from bench.people import People
from services.platform.bulk import BulkInsert
from services.platform.database import Database
from services.platform.ids import new_id
from services.reference import names
from services.talent.cases import people
from services.talent.rules import receipt
from services.talent.tables import Base, CaseRow, ClockEntryRow, MatterRow, StepRow, TalentRow
from tests.office import request_id
from tests.talent.desk import Desk

# two pairs of counties: an ordinary caseworker sees the cases of one
PAIRS = (("370103", "371526"), ("370104", "371525"))
DAYS = 20  # the last working days, whose cases are as far as cases are that came in then
MONTHS, DAYS_OF_A_MONTH = 36, 3  # before them: what came in on these days has ended
OFFICERS = 200  # caseworkers of a county
CHUNK = 2_000  # cases in one transaction
OWNER = "@owner"
# how many of a hundred cases are of a kind
SHARES = {"ended": 78, "fresh": 6, "enrolling": 4, "running": 6, "waiting": 4, "returned": 2}
FIRST_SEQUENCE = 1_000  # of a day: those before are left to cases that are opened over the wire

TABLES: dict[str, Table] = {
    row.__tablename__: Base.metadata.tables[row.__tablename__]
    for row in (TalentRow, CaseRow, MatterRow, StepRow, ClockEntryRow)
}
# columns that are a case's or a talent's own
OWN = {
    "talents": {"id", "resident_id_index", "resident_id_sealed", "full_name", "name_pinyin", "name_initials"},
    "cases": {"id", "talent_id", "phone_index", "phone_sealed", "owner"},
    "matters": {"case_id"},
    "steps": {"id", "case_id", "owner", "assignee"},
    "clock_entries": {"sequence", "step_id"},
}
INSTANTS = {f"{when}_time" for when in ("record", "occur", "create", "update", "open", "close", "start", "finish")}

Rows = dict[str, list[dict[str, Any]]]


@dataclass(slots=True)
class Pattern:
    """The rows of one case that was brought along over the wire."""

    kind: str
    pair: tuple[str, str]
    day: date
    name: str
    rows: Rows = field(default_factory=dict)

    def plain(self) -> Rows:
        """The rows without what is their own and without instants: what a copy has in common with it."""
        return plain(self.rows)


def plain(rows: Rows) -> Rows:
    """Rows without what is their own and without instants."""
    return {
        table: [{key: value for key, value in row.items() if key not in OWN[table] | INSTANTS} for row in found]
        for table, found in rows.items()
    }


def working_days(last: date, count: int) -> list[date]:
    """The last Mondays to Fridays before a day, latest first."""
    days = (last - timedelta(days=back) for back in itertools.count(1))
    return list(itertools.islice((day for day in days if day.weekday() < 5), count))


def earlier_days(first: date) -> list[date]:
    """Some Mondays to Fridays of each of the months before a day, latest first."""
    months = [(first.year * 12 + first.month - 1 - back) for back in range(1, MONTHS + 1)]
    return [day for month in months for day in working_days(date(month // 12, month % 12 + 1, 21), DAYS_OF_A_MONTH)]


class Maker:
    """Makes cases in one database."""

    def __init__(self, database: Database, today: date) -> None:
        self._database = database
        self._days = working_days(today, DAYS)
        self._earlier = earlier_days(self._days[-1])
        self._inserts = {name: BulkInsert(table, list(table.c.keys())) for name, table in TABLES.items()}
        self.patterns: list[Pattern] = []

    def bring_along(self, channel: grpc.Channel, tokens: Sequence[str]) -> None:
        """Opens a case of every kind, pair and day over the wire, and reads its rows."""
        for pair, token in zip(PAIRS, tokens, strict=True):
            desk = Desk(channel, token)
            kinds = [
                *((kind, day) for day in self._days for kind in SHARES),
                *(("ended", day) for day in self._earlier),
            ]
            for kind, day in kinds:
                self.patterns.append(Pattern(kind, pair, day, one_case(desk, kind, pair, day)))
        for pattern in self.patterns:
            pattern.rows = self.rows_of(pattern.name)

    def rows_of(self, name: str) -> Rows:
        """Every row of a case."""
        number = name.partition("/")[2]
        with self._database.reading() as session:

            def read(table: str, *where: Any) -> list[dict[str, Any]]:
                known = TABLES[table]
                statement = select(known).where(*where).order_by(*known.primary_key.columns)
                return [dict(row) for row in session.execute(statement).mappings()]

            found = {"cases": read("cases", CaseRow.id == number)}
            found["talents"] = read("talents", TalentRow.id == found["cases"][0]["talent_id"])
            found["matters"] = read("matters", MatterRow.case_id == number)
            found["steps"] = read("steps", StepRow.case_id == number)
            steps = [step["id"] for step in found["steps"]]
            found["clock_entries"] = read("clock_entries", ClockEntryRow.step_id.in_(steps))
        return found

    def fill(self, count: int) -> list[str]:
        """Makes `count` cases; some of their names, one of each pattern."""
        draw = random.Random(count)
        patterns = {(each.kind, each.pair, each.day): each for each in self.patterns}
        with self._database.writing_engine.begin() as connection:
            steps, entries = (
                connection.execute(select(func.coalesce(func.max(key), 0))).scalar_one()
                for key in (StepRow.id, ClockEntryRow.sequence)
            )
            self._people = People(connection.execute(select(func.count()).select_from(TalentRow)).scalar_one())
            # a day's number is given once, whatever the pair
            sequences = {
                day: itertools.count(max(FIRST_SEQUENCE, *(_last(connection, pair, day) + 1 for pair in PAIRS)))
                for day in (*self._days, *self._earlier)
            }
        self._steps, self._entries = itertools.count(steps + 1), itertools.count(entries + 1)
        samples: dict[tuple[Any, ...], str] = {}

        def made() -> Iterator[Rows]:
            for _ in range(count):
                [kind] = draw.choices(list(SHARES), list(SHARES.values()))
                day = draw.choice([*self._days, *self._earlier] if kind == "ended" else self._days)
                [pair] = draw.choices(PAIRS, (60, 40))
                owner = f"caseworker-{PAIRS.index(pair) * OFFICERS + draw.randrange(OFFICERS)}"
                rows = self._copy(patterns[kind, pair, day], next(sequences[day]), owner)
                samples[kind, pair, day] = f"cases/{rows['cases'][0]['id']}"
                yield rows

        if self._database.sqlite:
            with self._database.writing_engine.connect() as connection:
                for pragma in ("foreign_keys=OFF", "synchronous=OFF", "cache_size=-500000"):
                    connection.connection.cursor().execute(f"PRAGMA {pragma}")
        coming = made()
        while chunk := list(itertools.islice(coming, CHUNK)):
            self._write(chunk)
        self._leave_off()
        return list(samples.values())

    def _copy(self, pattern: Pattern, serial: int, owner: str) -> Rows:
        """The rows of a pattern for somebody else."""
        [(name, resident_id, phone, _)] = self._people._take(1)
        vault, talent_id = self._database.vault, new_id()
        case_id = receipt.make(*pattern.pair, pattern.day, serial)
        pinyin, initials = names.pinyin(name)
        talent = {
            "id": talent_id,
            "resident_id_index": vault.index("resident_id", resident_id),
            "resident_id_sealed": vault.seal(resident_id, f"talents/{talent_id}", "resident_id"),
            "full_name": name,
            "name_pinyin": pinyin,
            "name_initials": initials,
        }
        case = {"id": case_id, "talent_id": talent_id, "owner": owner, **people.seal_phone(vault, case_id, phone)}
        steps = {step["id"]: next(self._steps) for step in pattern.rows["steps"]}
        return {
            "talents": [pattern.rows["talents"][0] | talent],
            "cases": [pattern.rows["cases"][0] | case],
            "matters": [row | {"case_id": case_id} for row in pattern.rows["matters"]],
            "steps": [
                row
                | {"id": steps[row["id"]], "case_id": case_id, "owner": owner}
                | ({"assignee": owner} if row["assignee"] == OWNER else {})
                for row in pattern.rows["steps"]
            ],
            "clock_entries": [
                row | {"sequence": next(self._entries), "step_id": steps[row["step_id"]]}
                for row in pattern.rows["clock_entries"]
            ],
        }

    def _write(self, held: Sequence[Rows]) -> None:
        with self._database.writing_engine.begin() as connection:
            if not self._database.sqlite:
                # the rows are copies of rows whose references hold
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for name, bulk in self._inserts.items():
                columns = TABLES[name].c.keys()
                bulk(connection, [tuple(row[key] for key in columns) for rows in held for row in rows[name]])

    def _leave_off(self) -> None:
        """Numbers go on after those that were given out; planners know what there is."""
        with self._database.writing_engine.begin() as connection:
            if self._database.sqlite:
                return
            for table, key in (("steps", "id"), ("clock_entries", "sequence")):
                connection.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), (SELECT max({key}) FROM {table}))"
                )
        driver = self._database.writing_engine.raw_connection()
        try:
            driver.driver_connection.autocommit = True  # type: ignore[union-attr]
            driver.cursor().execute("VACUUM ANALYZE")
        finally:
            driver.driver_connection.autocommit = False  # type: ignore[union-attr]
            driver.close()


def _last(connection: Connection, pair: tuple[str, str], day: date) -> int:
    """The number of the last case of a day."""
    low, high = (receipt.make(*pair, day, sequence)[:-1] for sequence in (1, receipt.LAST_SEQUENCE))
    found = connection.execute(select(func.max(CaseRow.id)).where(CaseRow.id.between(low, f"{high}9"))).scalar_one()
    return receipt.parse(found).sequence if found else 0


def one_case(desk: Desk, kind: str, pair: tuple[str, str], day: date) -> str:
    """The name of a case that was opened on a day and brought as far as its kind says."""
    at = f"{day}T10:00:00+08:00"
    matters = ("anchor_enrol", "pension") if kind == "enrolling" else ("pension",)
    name = desk.open(*matters, origin=pair[0], destination=pair[1], owner=OWNER, at=at).name
    steps = f"{name}/matters/pension/steps"
    if kind == "running":
        desk.act("AssignStep", f"{steps}/check", assignee=OWNER)
        desk.act("StartStep", f"{steps}/check", at=at)
    elif kind == "waiting":
        desk.finish(f"{steps}/check", at=at, outcome="needed")
        desk.act("StartStep", f"{steps}/review", at=at)
        desk.act(
            "SuspendStep", f"{steps}/review", at=at, suspension=clock_pb2.ClockEntry.FORCE,
            legal_basis="样例依据", evidence="样例通知1号", reason="系统停机", approver="样例负责人",
        )  # fmt: skip
    elif kind == "returned":
        desk.finish(f"{steps}/check", at=at, outcome="needed")
        desk.act("ReturnStep", f"{steps}/check", at=at, reason="回执不清")
    elif kind == "ended":
        desk.finish(f"{steps}/check", at=at, outcome="needed")
        desk.finish(f"{steps}/review", at=at, outcome="accepted")
        for key in ("out", "in"):
            desk.finish(f"{steps}/{key}", at=at)
        desk.cases.CloseCase(cases_pb2.CloseCaseRequest(name=name, reason="全部办结", request_id=request_id()))
    return name
