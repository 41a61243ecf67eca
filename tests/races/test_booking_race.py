"""One teacher, two classes at the same hour, two clerks who file them at once: exactly one class has the teacher."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from liancai.training.v1 import classes_pb2 as pb
from sqlalchemy import Engine, func, select

from services import host
from services.platform.database import Database
from services.training.classes import bookings
from services.training.tables import BookingRow
from tests.office import Office, request_id
from tests.races.crowd import Meeting, together
from tests.races.servers import engine_of, replica
from tests.races.test_request_id_race import reason_of
from tests.training.schools import a_school
from tests.training.test_filing import create, lesson

NewSettings = Callable[..., host.Settings]


def two_classes_of_one_teacher(office: Office, database: Database) -> list[str]:
    school = a_school(database)
    order, hours = office.contracted(headcount=40).name, [lesson(teacher=school.teacher(), place="201")]
    made = [
        create(office, order, institution_credit_code=school.credit_code, sessions=hours, site_address="样例路 1 号")
        for _ in range(2)
    ]
    return [each.name for each in made]


def file_both(offices: Sequence[Office], names: Sequence[str]) -> list[object]:
    wishes = [pb.FileClassRequest(name=name, request_id=request_id()) for name in names]
    return together(lambda: offices[0].classes.FileClass(wishes[0]), lambda: offices[-1].classes.FileClass(wishes[1]))


def assert_one_has_the_teacher(answers: Sequence[object], names: Sequence[str]) -> str:
    filed = [answer for answer in answers if isinstance(answer, pb.Class)]
    assert [each.state for each in filed] == [pb.Class.FILED], answers
    assert [reason_of(answer) for answer in answers if answer not in filed] == ["TIMETABLE_CLASH"]
    assert filed[0].name in names
    return filed[0].name


def booked(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(BookingRow)).scalar_one()


@pytest.fixture
def replicas(new_settings: NewSettings, folders: Iterator[Path]) -> Iterator[tuple[list[Office], Database, Engine]]:
    """Two replicas on one PostgreSQL database."""
    settings = new_settings("postgresql")
    with ExitStack() as stack:
        opened = [stack.enter_context(replica(settings, next(folders))) for _ in range(2)]
        yield [office for office, _ in opened], opened[0][1], stack.enter_context(engine_of(settings))


def meet_when_all_was_free(monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """Two transactions meet after each has found the teacher free, before either takes the hours."""
    meeting, look = Meeting(), bookings.first_taken

    def looked(*arguments: Any) -> Any:
        found = look(*arguments)
        meeting.wait()
        return found

    monkeypatch.setattr(bookings, "first_taken", looked)
    return meeting


def test_two_replicas_that_both_found_the_teacher_free_never_both_have_her(
    replicas: tuple[list[Office], Database, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    offices, database, engine = replicas
    names = two_classes_of_one_teacher(offices[0], database)
    meeting = meet_when_all_was_free(monkeypatch)
    answers = file_both(offices, names)
    assert meeting.happened
    assert_one_has_the_teacher(answers, names)
    assert booked(engine) == 2 * 6


def test_without_the_key_of_the_table_both_have_her(
    replicas: tuple[list[Office], Database, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    offices, database, engine = replicas
    names = two_classes_of_one_teacher(offices[0], database)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE bookings DROP CONSTRAINT bookings_pkey")
    meeting = meet_when_all_was_free(monkeypatch)
    answers = file_both(offices, names)
    assert meeting.happened
    assert [type(answer) for answer in answers] == [pb.Class] * 2
    assert booked(engine) == 2 * 2 * 6


@pytest.mark.parametrize("lanes", ["1", "0"])
def test_on_sqlite_one_teacher_is_never_in_two_classes(
    lanes: str, new_settings: NewSettings, folders: Iterator[Path]
) -> None:
    settings = new_settings("sqlite", LIANCAI_LANES=lanes)
    with replica(settings, next(folders)) as (one, database), replica(settings, next(folders)) as (other, _):
        names = two_classes_of_one_teacher(one, database)
        for _ in range(5):
            answers = file_both([one, other], names)
            filed = assert_one_has_the_teacher(answers, names)
            one.classes.ReturnClass(pb.ReturnClassRequest(name=filed, reason="x", request_id=request_id()))


def test_on_sqlite_the_key_holds_where_nobody_looks_and_without_both_it_is_taken_twice(
    new_settings: NewSettings, folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = new_settings("sqlite")
    with replica(settings, next(folders)) as (one, database), replica(settings, next(folders)) as (other, _):
        names = two_classes_of_one_teacher(one, database)
        monkeypatch.setattr(bookings, "first_taken", lambda *_: [])
        answers = file_both([one, other], names)
        filed = [answer for answer in answers if isinstance(answer, pb.Class)]
        assert len(filed) == 1
        # it is run again and again, and nobody says why: that is what the look is for
        assert [reason_of(answer) for answer in answers if answer not in filed] == ["UNAVAILABLE"]
        one.classes.ReturnClass(pb.ReturnClassRequest(name=filed[0].name, reason="x", request_id=request_id()))
        with engine_of(settings) as engine, engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE bookings")
            connection.exec_driver_sql("CREATE TABLE bookings (kind, subject, day, half_hour, class_id)")
        answers = file_both([one, other], names)
        assert [type(answer) for answer in answers] == [pb.Class] * 2
