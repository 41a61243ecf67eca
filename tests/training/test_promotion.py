"""Whoever waits is asked again when it is their turn: what they did meanwhile counts, on SQLite and PostgreSQL."""

from __future__ import annotations

from liancai.training.v1 import enrolments_pb2 as pb

from services.platform.database import Database
from tests.office import Office, somebody
from tests.training.journal import prove

MONTHS = ("01", "02", "03", "04", "05")


def state(office: Office, name: str) -> pb.Enrolment:
    found: pb.Enrolment = office.enrolments.GetEnrolment(pb.GetEnrolmentRequest(name=name))
    return found


def jobless(number: int) -> pb.Applicant:
    return somebody(category="UNE", proof_kind="就业创业证", proof_number=f"37152600{number:05}")


def paid(office: Office, month: str, occupation: str, capacity: int = 1) -> str:
    order = office.contracted(start_date="2027-12-01", occupation_code=occupation).name
    days = {"start_date": f"2027-{month}-04", "end_date": f"2027-{month}-26"}
    return office.paid_class(order, capacity=capacity, **days).name


def test_who_was_trained_for_the_same_meanwhile_leaves_and_the_next_is_served(
    office: Office, database: Database
) -> None:
    first, second = (paid(office, month, "6-31-01-03") for month in MONTHS[:2])
    seated = [office.enrol(held, jobless(number)).name for number, held in enumerate((first, second))]
    person, other = jobless(11), jobless(12)
    waits_twice = [office.enrol(held, person).name for held in (first, second)]
    behind = office.enrol(second, other).name
    assert office.withdraw(seated[0]).promoted.name == waits_twice[0]
    # the seat of the second class would be the same occupation and level again
    assert office.withdraw(seated[1]).promoted.name == behind
    left = state(office, waits_twice[1])
    assert (left.state, left.reason) == (pb.Enrolment.WITHDRAWN, "TR-SAME-OCC-LEVEL")
    assert office.the_class(second).waitlisted == 0
    for held in (first, second):
        prove(database, office.the_class(held).order)


def test_without_being_asked_again_they_would_have_both(office: Office, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from services.training.seats import eligible_still

    monkeypatch.setattr(eligible_still, "refused", lambda *_: [])
    first, second = (paid(office, month, "6-31-01-03") for month in MONTHS[2:4])
    seated = [office.enrol(held, jobless(number)).name for number, held in enumerate((first, second), start=20)]
    person = jobless(31)
    waits_twice = [office.enrol(held, person).name for held in (first, second)]
    for name in seated:
        office.withdraw(name)
    assert {state(office, name).state for name in waits_twice} == {pb.Enrolment.ENROLLED}
