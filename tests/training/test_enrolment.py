"""Enrolment over the wire, on SQLite and PostgreSQL."""

from __future__ import annotations

from liancai.training.v1 import enrolments_pb2 as pb

from tests.office import Office


def test_a_full_class_fills_a_waitlist_and_a_withdrawal_promotes_its_head(office: Office) -> None:
    order = office.contracted(headcount=5)
    held = office.open_class(order.name, capacity=2)
    states = [office.enrol(held.name).state for _ in range(2)]
    first, second = (office.enrol(held.name) for _ in range(2))
    assert states == [pb.Enrolment.ENROLLED] * 2
    assert (first.state, second.state) == (pb.Enrolment.WAITLISTED, pb.Enrolment.WAITLISTED)
    head = office.enrolments.ListEnrolments(
        pb.ListEnrolmentsRequest(filter=pb.ListEnrolmentsRequest.Filter(class_name=held.name))
    ).enrolments[0]
    left = office.withdraw(head.name)
    assert left.enrolment.state == pb.Enrolment.WITHDRAWN
    assert left.promoted.name == first.name
    assert left.promoted.state == pb.Enrolment.ENROLLED
    ledger = office.ledger(order.name)
    assert (ledger.open, ledger.committed, ledger.enrolled) == (3, 0, 2)
