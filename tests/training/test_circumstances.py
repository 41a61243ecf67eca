"""What happens to orders and classes while they run: each change with its effect on seats, limits and the waitlist.

Every scenario ends with the proof that the ledger is conserved, on SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections import Counter

import grpc
import pytest
from liancai.training.v1 import classes_pb2 as classes
from liancai.training.v1 import enrolments_pb2 as pb
from liancai.training.v1 import orders_pb2 as orders
from sqlalchemy import select

from services import host
from services.platform.database import Database
from services.training.classes import clashes
from services.training.tables import BookingRow, EnrolmentRow
from tests.conftest import token_of
from tests.office import Office, request_id, somebody
from tests.statuses import info_of, refusal_of, status_of
from tests.training.journal import prove, prove_quota
from tests.training.test_quotas import FEN, _years, budget, heads, jobless, subsidised, year

__all__ = ["year"]
WHY = "企业调整生产计划"


def cancel_class(office: Office, name: str) -> classes.Class:
    ended: classes.Class = office.classes.CancelClass(
        classes.CancelClassRequest(name=name, reason=WHY, request_id=request_id())
    )
    return ended


def cancel_order(office: Office, name: str) -> orders.Order:
    ended: orders.Order = office.orders.CancelOrder(
        orders.CancelOrderRequest(name=name, reason=WHY, request_id=request_id())
    )
    return ended


def move(office: Office, name: str, start: str, end: str, **more: object) -> classes.MoveClassResponse:
    request = classes.MoveClassRequest(
        name=name,
        start_date=start,
        end_date=end,
        reason=WHY,
        request_id=request_id(),
        **more,  # type: ignore[arg-type]
    )
    moved: classes.MoveClassResponse = office.classes.MoveClass(request)
    return moved


def split(
    office: Office, name: str, capacity: int, enrolments: list[str], **more: object
) -> classes.SplitClassResponse:
    request = classes.SplitClassRequest(
        name=name,
        title="二班",
        capacity=capacity,
        enrolments=enrolments,
        reason=WHY,
        request_id=request_id(),
        **more,  # type: ignore[arg-type]
    )
    done: classes.SplitClassResponse = office.classes.SplitClass(request)
    return done


def merge(office: Office, name: str, into: str, **more: object) -> classes.MergeClassResponse:
    request = classes.MergeClassRequest(name=name, into=into, reason=WHY, request_id=request_id(), **more)  # type: ignore[arg-type]
    done: classes.MergeClassResponse = office.classes.MergeClass(request)
    return done


def states(office: Office, names: list[str]) -> list[str]:
    return [
        pb.Enrolment.State.Name(office.enrolments.GetEnrolment(pb.GetEnrolmentRequest(name=name)).state)
        for name in names
    ]


def session(day: str, start: str = "09:00", end: str = "11:00", **more: str) -> classes.Session:
    return classes.Session(date=day, start=start, end=end, **more)


def test_a_cancelled_class_gives_everything_back(office: Office, database: Database, year: int) -> None:
    limit = budget(office, year, 10 * FEN).name
    held = subsidised(office, database, year, capacity=2, sessions=[session(f"{year}-03-02", place="101")])
    people = [office.enrol(held, jobless()).name for _ in range(3)]
    order = office.the_class(held).order
    assert prove_quota(database, limit) == 2 * FEN
    assert cancel_class(office, held).state == classes.Class.CANCELLED
    assert states(office, people) == ["WITHDRAWN"] * 3
    assert prove_quota(database, limit) == 0
    assert prove(database, order)["OPEN"] == 40
    with database.reading() as reading:
        assert not reading.scalars(select(BookingRow).where(BookingRow.class_id == held.partition("/")[2])).all()
    assert refusal_of(cancel_class, office, held)[0] == "CLASS_STATE"
    assert refusal_of(office.enrol, held, jobless())[0] == "NOT_ELIGIBLE"
    # the seats are open again: another class may have them
    again = office.open_class(order, capacity=40)
    assert office.enrol(again.name).state == pb.Enrolment.ENROLLED


def test_a_class_that_has_closed_is_not_cancelled(office: Office) -> None:
    held = office.open_class(office.contracted().name).name
    office.classes.CloseClass(classes.CloseClassRequest(name=held, request_id=request_id()))
    assert refusal_of(cancel_class, office, held)[0] == "CLASS_STATE"


def test_a_cancelled_order_cancels_its_classes_and_keeps_who_is_hired(office: Office, database: Database) -> None:
    order = office.contracted(headcount=10).name
    first, second = (office.open_class(order, capacity=3).name for _ in range(2))
    hired, enrolled = (office.enrol(first).name for _ in range(2))
    waiting = [office.enrol(second).name for _ in range(4)]
    office.classes.CloseClass(classes.CloseClassRequest(name=first, request_id=request_id()))
    office.hire(hired)
    ended = cancel_order(office, order)
    assert ended.state == orders.Order.SHORTFALL  # somebody was hired
    assert states(office, [hired, enrolled, *waiting]) == ["HIRED", "LOST", "LOST", "LOST", "LOST", "WITHDRAWN"]
    balances = prove(database, order)
    assert balances == {"OPEN": 0, "COMMITTED": 0, "ENROLLED": 0, "HIRED": 1, "LOST": 9}
    assert [(loss.reason, loss.seats) for loss in office.ledger(order).losses] == [(WHY, 9)]
    assert office.the_class(second).state == classes.Class.CANCELLED
    assert refusal_of(cancel_order, office, order)[0] == "ORDER_STATE"


def test_an_order_cancelled_before_anybody_is_hired_is_cancelled(office: Office, database: Database) -> None:
    order = office.contracted(headcount=5).name
    office.enrol(office.open_class(order, capacity=3).name)
    assert cancel_order(office, order).state == orders.Order.CANCELLED
    assert prove(database, order)["LOST"] == 5


def test_a_class_moves_to_other_days_and_nobody_loses_a_seat(office: Office, database: Database) -> None:
    order = office.contracted().name
    held = office.open_class(order, sessions=[session("2026-12-02", place="101")], site_address="样例路1号").name
    people = [office.enrol(held).name for _ in range(3)]
    moved = move(office, held, "2027-01-04", "2027-01-29", sessions=[session("2027-01-05", place="102")])
    found = moved.training_class
    assert (found.start_date, found.end_date, found.sessions[0].date) == ("2027-01-04", "2027-01-29", "2027-01-05")
    assert (found.site_address, list(moved.clashes)) == ("样例路1号", [])
    assert states(office, people) == ["ENROLLED"] * 3
    prove(database, order)
    # the old room is free for others, the new one is not
    office.open_class(order, sessions=[session("2026-12-02", place="101")], site_address="样例路1号")
    with pytest.raises(grpc.RpcError) as error:
        office.open_class(
            order,
            start_date="2027-01-04",
            end_date="2027-01-29",
            sessions=[session("2027-01-05", "10:30", "12:00", place="102")],
            site_address="样例路1号",
        )
    assert info_of(error.value)[0] == "TIMETABLE_CLASH"


def test_a_move_that_puts_somebody_in_two_places_wants_to_be_accepted(office: Office, database: Database) -> None:
    order = office.contracted().name
    held = office.open_class(order, sessions=[session("2026-12-02")]).name
    other = office.open_class(order, sessions=[session("2026-12-03")]).name
    person = somebody()
    mine = office.enrol(held, person).name
    office.enrol(other, person)
    office.enrol(held)
    onto = {"start": "2026-12-01", "end": "2026-12-31", "sessions": [session("2026-12-03", "10:00", "12:00")]}
    reason, about = refusal_of(move, office, held, **onto)
    assert (reason, about["enrolments"], about["count"]) == ("MOVE_CLASHES", mine, "1")
    with pytest.raises(grpc.RpcError) as error:
        move(office, held, **onto)
    met = classes.MoveClassResponse.Clash()
    assert any(detail.Unpack(met) for detail in status_of(error.value).details)
    assert (met.enrolment, met.other_class) == (mine, other)
    assert office.the_class(held).sessions[0].date == "2026-12-02"
    moved = move(office, held, **onto, accept_clashes="本人选择一班")
    assert [(each.enrolment, each.other_class) for each in moved.clashes] == [(mine, other)]
    # whoever enrols from now on is compared with the new days
    newcomer = somebody()
    office.enrol(other, newcomer)
    assert refusal_of(office.enrol, held, newcomer)[0] == "NOT_ELIGIBLE"
    prove(database, order)


def test_without_the_comparison_a_move_puts_somebody_in_two_places(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = office.contracted().name
    held = office.open_class(order, sessions=[session("2026-12-02")]).name
    other = office.open_class(order, sessions=[session("2026-12-03")]).name
    person = somebody()
    office.enrol(held, person)
    office.enrol(other, person)
    monkeypatch.setattr(clashes, "first_clash", lambda *_: None)
    moved = move(office, held, "2026-12-01", "2026-12-31", sessions=[session("2026-12-03", "10:00", "12:00")])
    assert not moved.clashes


def test_a_class_that_moves_into_another_year_takes_of_that_year(office: Office, database: Database, year: int) -> None:
    other = next(_years[id(database)])
    this, following = heads(office, year, 5).name, heads(office, other, 1).name
    held = subsidised(office, database, year, capacity=3)
    people = [office.enrol(held, jobless()).name for _ in range(2)]
    days = (f"{other}-03-01", f"{other}-03-31")
    reason, about = refusal_of(move, office, held, *days)
    assert (reason, about["quota"], about["left"]) == ("QUOTA_BINDS", following, "1 人")
    office.withdraw(people[0])
    move(office, held, *days)
    assert (prove_quota(database, this), prove_quota(database, following)) == (0, 1)


def test_a_split_class_takes_people_seats_and_nothing_else(office: Office, database: Database) -> None:
    order = office.contracted().name
    held = office.open_class(order, capacity=6, sessions=[session("2026-12-02", place="101")]).name
    people = [office.enrol(held).name for _ in range(5)]
    done = split(office, held, 3, people[:2])
    assert (done.source.capacity, done.source.enrolled) == (3, 3)
    assert (done.target.capacity, done.target.enrolled, done.target.state) == (3, 2, classes.Class.OPEN)
    assert [(each.date, each.place) for each in done.target.sessions] == [("2026-12-02", "")]
    balances = prove(database, order)
    assert (balances["ENROLLED"], balances["COMMITTED"], balances["OPEN"]) == (5, 1, 34)
    assert office.enrol(done.target.name).place == 3
    assert office.withdraw(people[0]).enrolment.class_name == done.target.name
    prove(database, order)


def test_a_split_lets_those_who_wait_have_what_became_free(office: Office, database: Database) -> None:
    order = office.contracted().name
    held = office.open_class(order, capacity=4).name
    people = [office.enrol(held).name for _ in range(6)]
    done = split(office, held, 2, people[:2])
    assert (done.source.enrolled, done.source.waitlisted, done.target.enrolled) == (2, 2, 2)
    again = split(office, held, 1, people[2:4][:1])
    assert (again.source.enrolled, again.source.capacity) == (1, 1)
    prove(database, order)


def test_a_split_refuses_new_clashes_and_keeps_those_that_were_accepted(office: Office, database: Database) -> None:
    order = office.contracted().name
    held = office.open_class(order, sessions=[session("2026-12-02")]).name
    other = office.open_class(order, sessions=[session("2026-12-03")]).name
    person = somebody()
    mine = office.enrol(held, person).name
    office.enrol(other, person)
    onto = [session("2026-12-03", "10:00", "12:00")]
    assert refusal_of(split, office, held, 1, [mine], sessions=onto)[0] == "MOVE_CLASHES"
    move(office, held, "2026-12-01", "2026-12-31", sessions=onto, accept_clashes="本人要求")
    assert split(office, held, 1, [mine]).target.enrolled == 1
    prove(database, order)


@pytest.mark.parametrize("capacity", [4, 5])
def test_a_split_leaves_a_class_behind(office: Office, capacity: int) -> None:
    held = office.open_class(office.contracted().name, capacity=4).name
    assert refusal_of(split, office, held, capacity, [])[0] == "CLASS_FULL"


def test_only_who_has_a_seat_is_split_off(office: Office) -> None:
    held = office.open_class(office.contracted().name, capacity=2).name
    other = office.open_class(office.contracted().name, capacity=2).name
    seated, _, waiting = (office.enrol(held).name for _ in range(3))
    stranger = office.enrol(other).name
    assert refusal_of(split, office, held, 1, [waiting])[0] == "ENROLMENT_STATE"
    assert refusal_of(split, office, held, 1, [stranger])[0] == "NOT_FOUND"
    assert refusal_of(split, office, held, 1, [seated, seated])[0] == "INVALID_REQUEST"
    assert refusal_of(split, office, held, 1, [seated] * 2)[0] == "INVALID_REQUEST"


def test_a_merged_class_brings_its_people_seats_and_waitlist(office: Office, database: Database) -> None:
    order = office.contracted().name
    first, second = (office.open_class(order, capacity=2).name for _ in range(2))
    mine = [office.enrol(first).name for _ in range(3)]
    theirs = [office.enrol(second).name for _ in range(1)]
    done = merge(office, first, second)
    assert (done.moved, done.doubled) == (3, 0)
    assert (done.source.state, done.source.enrolled, done.source.waitlisted) == (classes.Class.CANCELLED, 0, 0)
    # the free seat of the one went to who waited for the other
    assert (done.target.capacity, done.target.enrolled, done.target.waitlisted) == (4, 4, 0)
    assert states(office, [*mine, *theirs]) == ["ENROLLED"] * 4
    assert Counter(prove(database, order)) == Counter({"OPEN": 36, "ENROLLED": 4})


def test_whoever_is_in_both_keeps_the_better_place(office: Office, database: Database) -> None:
    order = office.contracted().name
    first, second = (office.open_class(order, capacity=2).name for _ in range(2))
    both_seats, seat_and_list, list_and_list = (somebody() for _ in range(3))
    a = [office.enrol(first, each).name for each in (both_seats, seat_and_list, list_and_list)]
    b = [office.enrol(second, each).name for each in (both_seats, somebody(), seat_and_list, list_and_list)]
    done = merge(office, first, second)
    assert (done.moved, done.doubled) == (1, 3)
    assert states(office, a) == ["WITHDRAWN", "ENROLLED", "WITHDRAWN"]
    assert states(office, b) == ["ENROLLED", "ENROLLED", "WITHDRAWN", "ENROLLED"]
    prove(database, order)
    with database.reading() as reading:
        active = reading.scalars(
            select(EnrolmentRow.trainee_id).where(
                EnrolmentRow.class_id == second.partition("/")[2], EnrolmentRow.state == "ENROLLED"
            )
        ).all()
    assert len(active) == len(set(active)) == 4


def test_classes_of_two_orders_are_not_merged(office: Office) -> None:
    first, second = (office.open_class(office.contracted().name).name for _ in range(2))
    assert refusal_of(merge, office, first, second)[0] == "CLASS_ORDERS_DIFFER"
    assert refusal_of(merge, office, first, first)[0] == "INVALID_REQUEST"


def test_a_merge_counts_every_head_once(office: Office, database: Database, year: int) -> None:
    limit = heads(office, year, 4).name
    first = subsidised(office, database, year, capacity=2)
    order = office.the_class(first).order
    second = subsidised(office, database, year, capacity=2, order=order)
    person = jobless()
    for held, people in ((first, [person, jobless()]), (second, [jobless()])):
        for each in people:
            office.enrol(held, each)
    assert prove_quota(database, limit) == 3
    merge(office, first, second)
    assert prove_quota(database, limit) == 3
    prove(database, order)


def test_changes_are_for_the_bureaus_that_run_the_class(
    office: Office, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    order = office.contracted().name
    held = office.open_class(order).name
    partner = Office(grpc_channel, token_of(settings, division="370103", unit="370103-hrss"))
    third = Office(grpc_channel, token_of(settings, division="110101", unit="110101-hrss"))
    assert refusal_of(cancel_class, partner, held)[0] == "PERMISSION_DENIED"
    assert refusal_of(cancel_class, third, held)[0] == "NOT_FOUND"
    assert refusal_of(cancel_order, third, order)[0] == "NOT_FOUND"
    assert refusal_of(split, third, held, 1, [])[0] == "NOT_FOUND"
    assert refusal_of(move, third, held, "2026-12-01", "2026-12-02")[0] == "NOT_FOUND"
    assert refusal_of(merge, third, held, office.open_class(order).name)[0] == "NOT_FOUND"
