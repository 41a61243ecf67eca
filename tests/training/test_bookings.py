"""Teachers and rooms: nobody teaches in two places at once, whoever employs them, and no room holds two classes."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from liancai.common.v1 import types_pb2
from liancai.training.v1 import classes_pb2 as pb
from sqlalchemy import func, select

from services.platform.database import Database
from services.training.classes import bookings
from services.training.tables import BookingRow
from tests.office import Office, request_id, somebody
from tests.statuses import status_of
from tests.training.schools import School, a_school
from tests.training.test_filing import check, create, lesson, send_back, update


@pytest.fixture
def school(database: Database) -> School:
    """An institution of its own for each test."""
    return a_school(database)


def a_draft(office: Office, school: School, *sessions: pb.Session, **fields: Any) -> str:
    order = office.contracted(headcount=40).name
    return create(
        office, order, institution_credit_code=school.credit_code, sessions=sessions, capacity=10, **fields
    ).name


def clash(office: Office, name: str) -> dict[str, str]:
    """What stands in the way of filing a class."""
    with pytest.raises(grpc.RpcError) as refused:
        office.bring(name, "File")
    info = error_details_pb2.ErrorInfo()
    assert status_of(refused.value).details[0].Unpack(info)
    assert info.reason == "TIMETABLE_CLASH"
    return {key: value for key, value in info.metadata.items() if key != "class_name"}


def booked(database: Database, name: str) -> int:
    """How many half hours a class holds."""
    with database.reading() as session:
        held = select(func.count()).select_from(BookingRow).where(BookingRow.class_id == name.partition("/")[2])
        return session.execute(held).scalar_one()


@pytest.mark.parametrize(
    ("start", "end", "meets"),
    [("11:30", "12:30", ""), ("07:00", "08:30", ""), ("11:00", "12:30", "11:00"), ("07:00", "20:00", "08:30")],
)
def test_a_teacher_is_in_one_place_at_a_time(office: Office, school: School, start: str, end: str, meets: str) -> None:
    teacher = school.teacher()
    first = a_draft(office, school, lesson("08:30", "11:30", teacher=teacher))
    second = a_draft(office, school, lesson(start, end, teacher=teacher))
    office.bring(first, "File")
    if meets:
        assert clash(office, second) == {"other_class": first, "kind": "TEACHER", "day": "2026-12-07", "time": meets}
    else:
        office.bring(second, "File")


def test_one_person_who_teaches_for_two_institutions_is_one_person(office: Office, database: Database) -> None:
    who = somebody().resident_id
    one, other = a_school(database), a_school(database)
    first = a_draft(office, one, lesson(teacher=one.teacher(who)))
    second = a_draft(office, other, lesson(teacher=other.teacher(who)))
    stranger = a_draft(office, other, lesson(teacher=other.teacher()))
    office.bring(first, "File")
    assert clash(office, second)["other_class"] == first
    office.bring(stranger, "File")


def test_a_room_is_one_room_however_it_is_written(office: Office, school: School) -> None:
    site = f"市中区样例路{school.credit_code} 8号"
    first = a_draft(office, school, lesson(place="Ａ201 室"), site_address=site)
    same = a_draft(office, school, lesson("10:00", "12:00", place="a201室"), site_address=site.replace(" ", "　"))
    next_door = a_draft(office, school, lesson(place="a202室"), site_address=site)
    elsewhere = a_draft(office, school, lesson(place="A201室"), site_address=f"{site}副楼")
    office.bring(first, "File")
    assert clash(office, same) == {"other_class": first, "kind": "ROOM", "day": "2026-12-07", "time": "10:00"}
    office.bring(next_door, "File")
    office.bring(elsewhere, "File")


def test_an_address_and_a_room_never_run_into_one_another() -> None:
    assert bookings.room("样例路1", "1号") != bookings.room("样例路11", "号")


def test_a_clash_is_seen_before_it_is_filed(office: Office, school: School) -> None:
    teacher, site = school.teacher(), f"样例路{school.credit_code}"
    first = a_draft(office, school, lesson(teacher=teacher, place="201"), site_address=site)
    second = a_draft(office, school, lesson(teacher=teacher, place="201"), site_address=site)
    assert not check(office, second).keys() & {"TF-TEACHER-TAKEN", "TF-ROOM-TAKEN"}
    office.bring(first, "File")
    found = check(office, second)
    for code in ("TF-TEACHER-TAKEN", "TF-ROOM-TAKEN"):
        assert found[code].level == types_pb2.Finding.ERROR
        assert list(found[code].others) == [first]
        assert "08:30" in found[code].message
    assert not check(office, first).keys() & {"TF-TEACHER-TAKEN", "TF-ROOM-TAKEN"}, "it has what it holds itself"


def test_what_is_refused_takes_nothing(office: Office, school: School, database: Database) -> None:
    teacher, other = school.teacher(), school.teacher()
    first = a_draft(office, school, lesson(teacher=teacher))
    second = a_draft(office, school, lesson("06:00", "07:00", teacher=other), lesson("09:00", "10:00", teacher=teacher))
    office.bring(first, "File")
    clash(office, second)
    assert (booked(database, first), booked(database, second)) == (6, 0)
    assert office.the_class(second).state == pb.Class.DRAFT
    third = a_draft(office, school, lesson("06:00", "07:00", teacher=other))
    office.bring(third, "File")


def test_a_returned_class_is_free_and_a_closed_one_is_still_taught(
    office: Office, school: School, database: Database
) -> None:
    teacher = school.teacher()
    first = a_draft(office, school, lesson(teacher=teacher))
    second = a_draft(office, school, lesson(teacher=teacher))
    office.bring(first, "File")
    send_back(office, first, reason="x")
    assert booked(database, first) == 0
    office.bring(second, "File")
    assert clash(office, first)["other_class"] == second
    # whose the order is matters not here
    order = office.the_class(second).order
    with database.writing_engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE orders SET institution_credit_code = '{school.credit_code}' WHERE id = '{order[7:]}'"
        )
    office.bring(second, "Review", "Approve", "Open", "Close")
    assert booked(database, second) == 6
    assert clash(office, first)["other_class"] == second


def test_a_change_of_the_timetable_books_anew(office: Office, school: School, database: Database) -> None:
    teacher = school.teacher()
    first = a_draft(office, school, lesson(teacher=teacher))
    second = a_draft(office, school, lesson(teacher=teacher))
    office.bring(first, "File")
    update(office, second, sessions=[lesson("13:00", "15:00", teacher=teacher)])
    filed = office.bring(second, "File")
    assert booked(database, second) == 4
    request = pb.UpdateClassRequest(
        training_class=pb.Class(name=second, sessions=[lesson("11:00", "12:00", teacher=teacher)]),
        update_mask={"paths": ["sessions"]},
        request_id=request_id(),
    )
    with pytest.raises(grpc.RpcError) as refused:
        office.classes.UpdateClass(request)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert office.the_class(second) == filed, "the timetable stays with what was booked"
    assert booked(database, second) == 4
    update(office, first, sessions=[lesson("16:00", "17:00", teacher=teacher)])
    office.classes.UpdateClass(request)  # the same request: what was refused was not done
    assert booked(database, second) == 2


def test_another_site_is_another_room(office: Office, school: School, database: Database) -> None:
    site = f"样例路{school.credit_code}"
    first, second = (a_draft(office, school, lesson(place="201"), site_address=site) for _ in range(2))
    office.bring(first, "File")
    clash(office, second)
    update(office, first, site_address=f"{site}分校")
    office.bring(second, "File")
    assert (booked(database, first), booked(database, second)) == (6, 6)


def test_a_long_timetable_is_booked_whole(office: Office, school: School, database: Database) -> None:
    teacher = school.teacher()
    days = [f"2026-12-{day:02}" for day in range(1, 32)]
    hours = [
        lesson(f"{hour:02}:00", f"{hour + 1:02}:00", day, teacher=teacher, place="201")
        for day in days
        for hour in range(0, 23, 2)
    ]
    name = a_draft(office, school, *hours)
    office.bring(name, "File")
    assert booked(database, name) == len(hours) * 2 * 2
