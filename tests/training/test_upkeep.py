"""A filing nobody looks at comes back by itself, once, and only when the days to look at it are known to be over."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from liancai.training.v1 import audit_pb2
from liancai.training.v1 import classes_pb2 as pb
from sqlalchemy import update
from sqlalchemy.orm import Session

from services import host
from services.platform.database import Database
from services.reference.clock import SHANGHAI
from services.reference.parameters import Pack, Parameter
from services.reference.workdays import published
from services.training import upkeep
from services.training.packs import SHIPPED
from services.training.service import PART
from services.training.tables import ClassRow
from services.training.upkeep import Upkeep
from tests.office import Office
from tests.training.days import with_days_left
from tests.training.journal import prove
from tests.training.schools import a_school
from tests.training.test_bookings import booked
from tests.training.test_filing import create, lesson

MONDAY = date(2026, 11, 23)
LOG = "liancai.training.upkeep"


def at(day: date) -> datetime:
    """Nine in the morning of a day in Shanghai."""
    return datetime(day.year, day.month, day.day, 9, tzinfo=SHANGHAI).astimezone(UTC)


def filed_on(office: Office, database: Database, day: date, **fields: object) -> pb.Class:
    """A class that was filed on a day."""
    made = create(office, office.contracted(headcount=30).name, capacity=12, **fields)
    office.bring(made.name, "File")
    with database.writing_engine.begin() as connection:
        connection.execute(update(ClassRow).where(ClassRow.id == made.name.partition("/")[2]).values(file_time=at(day)))
    return office.the_class(made.name)


@pytest.fixture
def run(database: Database) -> Callable[[date], None]:
    """A round of the upkeep on a day."""
    keeper = Upkeep(database, Pack.load(SHIPPED))
    return lambda day: keeper.run(at(day))


def test_a_filing_nobody_looks_at_is_returned_after_its_working_days(
    office: Office, database: Database, run: Callable[[date], None]
) -> None:
    school = a_school(database)
    hours = [lesson(teacher=school.teacher())]
    made = filed_on(office, database, MONDAY, institution_credit_code=school.credit_code, sessions=hours)
    last = published().add(MONDAY, 5)
    run(last)
    assert office.the_class(made.name) == made, "the last of its days is a day to look at it"
    run(published().add(last, 1))
    returned = office.the_class(made.name)
    assert returned.state == pb.Class.RETURNED
    assert returned.gaps[0].code == "TF-IDLE"
    assert "5 个工作日" in returned.gaps[0].message
    assert {"TF-DOC-TEACHING-PLAN", "TF-MINIMUM"} <= {gap.code for gap in returned.gaps}, "with what it lacks"
    assert prove(database, made.order)["OPEN"] == 30
    assert booked(database, made.name) == 0
    entry = office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource=made.name)).entries[-1]
    assert (entry.actor, entry.division, entry.action) == ("system", "371526", "training.class.review")
    run(published().add(last, 2))
    assert office.the_class(made.name) == returned
    assert office.bring(made.name, "File").state == pb.Class.FILED


def test_weekends_do_not_count(office: Office, database: Database, run: Callable[[date], None]) -> None:
    friday = MONDAY + timedelta(days=4)
    made = filed_on(office, database, friday)
    run(friday + timedelta(days=7))
    assert office.the_class(made.name).state == pb.Class.FILED
    run(friday + timedelta(days=10))
    assert office.the_class(made.name).state == pb.Class.RETURNED


def test_what_somebody_looked_at_stays(office: Office, database: Database, run: Callable[[date], None]) -> None:
    made = filed_on(office, database, MONDAY)
    reviewed = office.bring(made.name, "Review")
    run(MONDAY + timedelta(days=30))
    assert office.the_class(made.name) == reviewed


def test_a_year_without_its_holidays_ends_no_period(
    office: Office, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    beyond = published().last + timedelta(days=30)
    made = filed_on(office, database, published().last)
    keeper = Upkeep(database, Pack.load(SHIPPED))
    with caplog.at_level(logging.WARNING, LOG):
        for _ in range(2):
            keeper.run(at(beyond))
    assert office.the_class(made.name).state == pb.Class.FILED
    said = [record.getMessage() for record in caplog.records if made.name in record.getMessage()]
    assert said == [f"the holiday notice for {beyond.year} is not loaded: {made.name} is not returned"]


def test_a_period_that_is_over_is_over_whatever_the_next_year_has(
    office: Office, database: Database, run: Callable[[date], None]
) -> None:
    over, open_still = (filed_on(office, database, with_days_left(days)) for days in (6, 5))
    run(published().last + timedelta(days=30))
    assert office.the_class(over.name).state == pb.Class.RETURNED
    assert office.the_class(open_still.name).state == pb.Class.FILED


@pytest.mark.parametrize(
    ("old", "new"),
    [("key: class.review, value: 5", "key: class.review, value: null"), ("class.review,", "class.gone,")],
)
def test_without_a_number_nothing_is_returned(office: Office, database: Database, old: str, new: str) -> None:
    made = filed_on(office, database, MONDAY)
    content = Path(SHIPPED).read_text(encoding="utf-8")
    assert old in content
    Upkeep(database, Pack.load(content.replace(old, new))).run(at(MONDAY + timedelta(days=30)))
    assert office.the_class(made.name).state == pb.Class.FILED


def test_one_that_cannot_be_returned_does_not_keep_the_others(
    office: Office, database: Database, run: Callable[[date], None], monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    broken, other = (filed_on(office, database, MONDAY) for _ in range(2))
    look = upkeep.found_gaps

    def fail(session: Session, pack: Pack, row: ClassRow, now: datetime) -> Any:
        if broken.name.endswith(row.id):
            raise RuntimeError("样例老师")
        return look(session, pack, row, now)

    monkeypatch.setattr(upkeep, "found_gaps", fail)
    run(MONDAY + timedelta(days=30))
    assert office.the_class(broken.name).state == pb.Class.FILED
    assert office.the_class(other.name).state == pb.Class.RETURNED
    assert f"{broken.name} was not returned: error=RuntimeError" in caplog.text
    assert "样例老师" not in caplog.text


def test_of_several_replicas_one_returns_it(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [filed_on(office, database, MONDAY)]
    keepers = [Upkeep(database, Pack.load(SHIPPED)) for _ in range(2)]
    barrier = threading.Barrier(2)
    for keeper in keepers:
        meet(monkeypatch, keeper, barrier, made[0].name)
    with ThreadPoolExecutor(len(keepers)) as pool:
        rounds = [pool.submit(keeper.run, at(MONDAY + timedelta(days=30))) for keeper in keepers]
    assert [each.result() for each in rounds] == [None] * len(keepers)
    for held in made:
        entries = office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource=held.name)).entries
        assert [each.actor for each in entries].count("system") == 1
        assert prove(database, held.order)["OPEN"] == 30


def test_without_the_second_look_two_replicas_return_it_twice(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = filed_on(office, database, MONDAY)
    office.bring(create(office, made.order, capacity=12).name, "File")
    keepers = [Upkeep(database, Pack.load(SHIPPED)) for _ in range(2)]
    monkeypatch.setattr(upkeep, "still_waits", lambda *_: True)
    barrier = threading.Barrier(2)
    for keeper in keepers:
        # each has found it before either returns it
        meet(monkeypatch, keeper, barrier, made.name)
    with ThreadPoolExecutor(2) as pool:
        rounds = [pool.submit(keeper.run, at(MONDAY + timedelta(days=4 * 7))) for keeper in keepers]
    assert [each.result() for each in rounds] == [None, None]
    with pytest.raises(AssertionError):
        prove(database, made.order)


def meet(monkeypatch: pytest.MonkeyPatch, keeper: Upkeep, barrier: threading.Barrier, name: str) -> None:
    """Has two rounds wait for one another before they return this class."""
    returns = keeper._return

    def waiting(class_id: str, version: int, limit: Parameter, now: datetime) -> None:
        if f"classes/{class_id}" == name:
            barrier.wait(timeout=30)
            returns(class_id, version, limit, now)

    monkeypatch.setattr(keeper, "_return", waiting)


def test_the_host_is_given_the_rounds_by_the_parameters_that_decide(
    office: Office, database: Database, settings: host.Settings
) -> None:
    made = filed_on(office, database, MONDAY)
    assert PART.upkeep is not None
    PART.upkeep(database, settings.environment)(at(MONDAY + timedelta(days=30)))
    assert office.the_class(made.name).state == pb.Class.RETURNED
