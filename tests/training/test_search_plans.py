"""A search reads by index: both databases are asked how they would do it, over as many people as matter."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest
from sqlalchemy import Table, insert

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.policy import Reach
from services.platform.requests import Reading
from services.reference import names
from services.training.enrolments import searching
from services.training.tables import EnrolmentRow, TraineeRow
from tests.office import Office, somebody

SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"
PEOPLE = 8_000


class AsOf:
    """All that a search asks of a call: how far it reaches."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def reach(self, _action: str = "") -> Reach:
        return self._reach


@pytest.fixture(scope="module")
def crowd(office: Office, database: Database) -> Database:
    """Thousands of people in one class, written behind the services' back."""
    held = office.open_class(office.contracted().name)
    one = office.enrol(held.name)
    now = database.clock()
    trainees: list[dict[str, Any]] = []
    for number in range(PEOPLE):
        name = SURNAMES[number % 20] + GIVEN[number // 20 % 20] + GIVEN[number // 400]
        pinyin, initials = names.pinyin(name)
        trainees.append(
            {
                "id": f"T{number:06}", "resident_id_index": number.to_bytes(32, "big"), "resident_id_sealed": b"",
                "full_name": name, "name_pinyin": pinyin, "name_initials": initials, "record_time": now,
            }
        )  # fmt: skip
    with database.writing_engine.begin() as connection:
        of = EnrolmentRow.__table__.select().where(EnrolmentRow.id == one.name.partition("/")[2])
        like = connection.execute(of).one()._asdict()
        enrolments = [
            {**like, "id": f"E{number:06}", "trainee_id": f"T{number:06}", "place": number + 10,
             "phone_index": number.to_bytes(32, "big"), "proof_sealed": b""}
            for number in range(PEOPLE)
        ]  # fmt: skip
        connection.execute(insert(cast(Table, TraineeRow.__table__)), trainees)
        connection.execute(insert(cast(Table, EnrolmentRow.__table__)), enrolments)
        if not database.sqlite:
            connection.exec_driver_sql("ANALYZE trainees, enrolments, classes")
    return database


def plan(database: Database, query: str, after: list[Any] | None, reach: Reach) -> list[list[str]]:
    """How the database would go each way of a query."""
    reading = Reading()
    ways = searching.read_query(reading, "query", query, database.vault, date(2026, 11, 23))
    reading.done()
    wanted = searching.within(cast(Call, AsOf(reach)), "", "", ["ENROLLED", "WAITLISTED"])
    steps = []
    with database.reading() as session:
        connection = session.connection()
        for way in ways:
            statement = way.rows(wanted, after and [way.low, *after]).limit(51)
            compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
            explain = "EXPLAIN QUERY PLAN" if database.sqlite else "EXPLAIN"
            order = compiled.positiontup
            values: Any = compiled.params if order is None else tuple(compiled.params[name] for name in order)
            rows = connection.exec_driver_sql(f"{explain} {compiled.string}", values).fetchall()
            steps.append([str(row[-1]).strip() for row in rows])
    return steps


@pytest.mark.parametrize("after", [None, ["T000100", "E000100"]], ids=["first page", "a later page"])
@pytest.mark.parametrize("reach", [Reach("371526", None), Reach(None, "91371526MA3C00017A")], ids=["division", "unit"])
@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        ("赵伟", ["trainees_by_name"]),
        ("zhaowei", ["trainees_by_pinyin", "trainees_by_initials"]),
    ],
)
def test_a_beginning_is_a_range_of_its_index(
    query: str, indexes: list[str], reach: Reach, after: list[Any] | None, crowd: Database
) -> None:
    for steps, index in zip(plan(crowd, query, after, reach), indexes, strict=True):
        assert any(index in step for step in steps), steps
        assert_no_scan(steps)


@pytest.mark.parametrize("kind", ["number", "phone"])
def test_a_whole_number_is_looked_up(kind: str, crowd: Database) -> None:
    query = somebody().resident_id if kind == "number" else "13812345678"
    (steps,) = plan(crowd, query, None, Reach("371526", None))
    wanted = ("resident_id_index", "autoindex_trainees") if kind == "number" else ("enrolments_by_phone",)
    assert any(name in step for step in steps for name in wanted), steps
    assert_no_scan(steps)


def assert_no_scan(steps: list[str]) -> None:
    """No table with people in it is read from end to end; there is one class, which PostgreSQL may read whole."""
    scans = [step for step in steps if step.startswith("SCAN") or "Seq Scan on" in step]
    assert not [step for step in scans if "Seq Scan on classes" not in step], steps


def test_a_pattern_would_scan(crowd: Database) -> None:
    """The negative control: what LIKE makes of it."""
    with crowd.reading() as session:
        explain = "EXPLAIN QUERY PLAN" if crowd.sqlite else "EXPLAIN"
        rows = session.connection().exec_driver_sql(f"{explain} SELECT id FROM trainees WHERE full_name LIKE '%%伟'")
        with pytest.raises(AssertionError):
            assert_no_scan([str(row[-1]).strip() for row in rows.fetchall()])
