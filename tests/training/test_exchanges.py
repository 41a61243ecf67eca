"""Transfers between classes over the wire, on SQLite and PostgreSQL."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from functools import partial
from typing import Any

import grpc
import pytest
from liancai.training.v1 import audit_pb2, classes_pb2
from liancai.training.v1 import enrolments_pb2 as pb
from liancai.training.v1 import quotas_pb2 as quota

from services import host
from services.platform.database import Database
from services.platform.writer import Committer, Work
from services.reference import resident_id
from services.training.enrolments import exchanges
from services.training.seats import known, promotion
from services.training.seats.known import ClassFacts
from services.training.tables import Base
from tests.conftest import token_of
from tests.office import INSTITUTION, Office, request_id, somebody
from tests.races.crowd import Meeting, together
from tests.statuses import info_of, refusal_of, violations_of
from tests.training.exchanging import enrolment, new_class, pair, transfer
from tests.training.journal import prove, prove_quota

State = pb.Enrolment.State


@pytest.fixture(scope="module")
def partner(grpc_channel: grpc.Channel, settings: host.Settings) -> Office:
    """The bureau of the other side."""
    token = token_of(settings, division="370103", unit="370103-hrss", subject="their officer")
    return Office(grpc_channel, token)


@pytest.fixture(scope="module")
def stranger(grpc_channel: grpc.Channel, settings: host.Settings) -> Office:
    """A bureau that has no part in it."""
    return Office(grpc_channel, token_of(settings, division="110101", unit="110101-hrss", subject="stranger"))


@pytest.fixture(scope="module")
def elsewhere(grpc_channel: grpc.Channel, settings: host.Settings) -> Office:
    """A bureau of another county."""
    theirs: dict[str, Any] = {"division": "371502", "unit": "371502-hrss"}
    second = token_of(settings, **theirs, subject="second")
    return Office(grpc_channel, token_of(settings, **theirs, subject="elsewhere"), second=second)


def trail(database: Database) -> tuple[int, int]:
    """How many audit entries and events there are."""
    with database.reading() as session:
        return tuple(  # type: ignore[return-value]
            len(session.execute(Base.metadata.tables[name].select()).all()) for name in ("audit_entry", "outbox_event")
        )


def test_a_transfer_takes_a_seat_there_and_gives_the_old_one_to_the_next(office: Office, database: Database) -> None:
    old, new = new_class(office, capacity=1), new_class(office)
    person = office.enrol(old)
    waits = office.enrol(old)
    moved = transfer(office, person.name, new)
    assert (moved.source.name, moved.source.state, moved.source.reason) == (person.name, State.WITHDRAWN, "离家较近")
    assert (moved.target.class_name, moved.target.state) == (new, State.ENROLLED)
    assert moved.target.masked_resident_id == person.masked_resident_id
    assert moved.target.masked_phone == person.masked_phone
    assert (moved.promoted.name, moved.promoted.state) == (waits.name, State.ENROLLED)
    assert enrolment(office, moved.target.name) == moved.target
    for held in (old, new):
        prove(database, office.the_class(held).order)
    entries = office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource=person.name)).entries
    assert [each.action.rpartition(".")[2] for each in entries] == ["enrol", "transfer"]
    assert entries[-1].reason == "离家较近"


def test_the_same_transfer_asked_for_twice_is_one(office: Office, database: Database) -> None:
    old, new = new_class(office), new_class(office)
    person = office.enrol(old)
    again = request_id()
    assert transfer(office, person.name, new, request_id=again) == transfer(office, person.name, new, request_id=again)
    assert (office.the_class(old).enrolled, office.the_class(new).enrolled) == (0, 1)
    reason, about = refusal_of(transfer, office, person.name, new)
    assert (reason, about["state"]) == ("ENROLMENT_STATE", "WITHDRAWN")


def test_a_transfer_into_a_full_class_changes_nothing(office: Office, database: Database) -> None:
    old, new = new_class(office, capacity=1), new_class(office, capacity=1)
    person, waits = office.enrol(old), office.enrol(old)
    office.enrol(new)
    before = [office.the_class(held) for held in (old, new)], trail(database)
    assert refusal_of(transfer, office, person.name, new) == (
        "CLASS_FULL",
        {"class_name": new, "capacity": "1", "enrolled": "1"},
    )
    assert ([office.the_class(held) for held in (old, new)], trail(database)) == before
    assert enrolment(office, person.name).state == State.ENROLLED
    assert enrolment(office, waits.name).waitlist_position == 1
    for held in (old, new):
        prove(database, office.the_class(held).order)


def test_nobody_passes_those_who_wait_for_the_other_class(office: Office) -> None:
    old, new = new_class(office), new_class(office, capacity=1)
    there, waits = office.enrol(new), office.enrol(new)
    person = office.enrol(old)
    assert office.withdraw(there.name).promoted.name == waits.name
    assert refusal_of(transfer, office, person.name, new)[0] == "CLASS_FULL"


def test_sessions_may_overlap_those_of_the_class_that_is_left_and_of_no_other(office: Office) -> None:
    def at(start: str, end: str) -> str:
        return new_class(office, sessions=[classes_pb2.Session(date="2026-12-08", start=start, end=end)])

    morning, later, evening = at("08:30", "11:30"), at("10:00", "12:00"), at("11:00", "13:00")
    person = somebody()
    enrolled = office.enrol(morning, person)
    moved = transfer(office, enrolled.name, later)
    assert moved.target.state == State.ENROLLED
    other = office.enrol(new_class(office), person)
    with pytest.raises(grpc.RpcError) as error:
        transfer(office, other.name, evening)
    reason, about = info_of(error.value)
    assert (reason, about) == ("NOT_ELIGIBLE", {"class_name": evening, "codes": "TR-OVERLAP"})
    assert enrolment(office, other.name).state == State.ENROLLED


def test_who_waits_or_is_offered_a_seat_may_be_transferred(office: Office, database: Database) -> None:
    old, _, waits = pair(office)
    moved = transfer(office, waits.name, new_class(office))
    assert (moved.source.state, moved.target.state) == (State.WITHDRAWN, State.ENROLLED)
    assert not moved.promoted.name
    assert office.the_class(old).waitlisted == 0
    prove(database, office.the_class(old).order)


def test_a_warning_of_the_other_class_wants_its_reason(office: Office) -> None:
    old, new = new_class(office), new_class(office)
    elder = somebody(resident_id=resident_id.make("370103", datetime(1960, 2, 2, tzinfo=UTC).date(), 7))
    why = pb.AcceptedWarning(code="TR-AGE-MAX", reason="已核实未领取养老金")
    request = pb.EnrolRequest(class_name=old, applicant=elder, accepted=[why], request_id=request_id())
    person = office.enrolments.Enrol(request)
    assert refusal_of(transfer, office, person.name, new)[0] == "WARNINGS_NEED_REASON"
    moved = transfer(office, person.name, new, accepted=[why])
    assert list(moved.target.accepted) == [why]


def test_a_transfer_takes_the_head_along_when_the_limit_is_used_up(office: Office, database: Database) -> None:
    made = office.quotas.SetQuota(
        quota.SetQuotaRequest(
            kind=quota.INSTITUTION_HEADS,
            institution_credit_code=INSTITUTION,
            division="371526",
            year=2026,
            granted=1,
            source="样例文号",
            request_id=request_id(),
        )
    )
    old, new = (office.paid_class(office.contracted().name, capacity=2, title=each).name for each in ("甲班", "乙班"))
    jobless = {"category": "UNE", "proof_kind": "就业创业证", "proof_number": "3715260001"}
    person = office.enrol(old, somebody(**jobless))
    assert refusal_of(office.enrol, new, somebody(**jobless))[0] == "QUOTA_BINDS"
    moved = transfer(office, person.name, new)
    assert (moved.target.state, moved.target.category) == (State.ENROLLED, "UNE")
    assert prove_quota(database, made.name) == 1


def test_a_class_that_is_closed_gives_and_takes_nobody(office: Office) -> None:
    old, new = new_class(office), new_class(office)
    person, other = office.enrol(old), office.enrol(new)
    office.classes.CloseClass(classes_pb2.CloseClassRequest(name=new, request_id=request_id()))
    assert refusal_of(transfer, office, person.name, new) == (
        "NOT_ELIGIBLE",
        {"class_name": new, "codes": "TR-CLASS-CLOSED"},
    )
    reason, about = refusal_of(transfer, office, other.name, old)
    assert (reason, about["class_name"], about["state"]) == ("CLASS_STATE", new, "CLOSED")


def test_a_transfer_into_the_same_class_is_no_transfer(office: Office) -> None:
    held = new_class(office)
    person = office.enrol(held)
    with pytest.raises(grpc.RpcError) as error:
        transfer(office, person.name, held)
    assert [each.field for each in violations_of(error.value)] == ["into"]
    with pytest.raises(grpc.RpcError) as error:
        transfer(office, person.name, "", reason="")
    assert {each.field for each in violations_of(error.value)} == {"into", "reason"}


def test_a_transfer_is_for_whoever_may_see_both_classes(
    office: Office, partner: Office, stranger: Office, elsewhere: Office
) -> None:
    old, new = new_class(office), new_class(office)
    hidden = new_class(elsewhere, order={"division": "371502", "partner_division": "370103"})
    person = office.enrol(old)
    for name in (hidden, "classes/20991199999"):
        assert refusal_of(transfer, office, person.name, name) == ("NOT_FOUND", {"resource": name})
    assert refusal_of(transfer, stranger, person.name, new) == ("NOT_FOUND", {"resource": person.name})
    assert refusal_of(transfer, stranger, person.name, old) == ("NOT_FOUND", {"resource": person.name})
    assert refusal_of(transfer, partner, person.name, new, etag='"99"')[0] == "STALE_ETAG"
    assert transfer(partner, person.name, new, etag=person.etag).target.state == State.ENROLLED


@pytest.mark.parametrize("orders", [1, 2], ids=["one order", "crossing orders"])
def test_transfers_that_cross_both_come_to_an_end(
    orders: int, office: Office, partner: Office, database: Database
) -> None:
    for _ in range(5):
        names = [office.contracted().name for _ in range(orders)]
        # there: A (first order) to B (second), and back: C (second) to D (first)
        a, b, c, d = (office.open_class(names[each % orders], capacity=2).name for each in (0, 1, 1, 0))
        if orders == 1:
            c, d = b, a
        there, back = office.enrol(a).name, office.enrol(c).name
        moved = together(partial(transfer, office, there, b), partial(transfer, partner, back, d))
        assert [each.target.class_name for each in moved] == [b, d]  # type: ignore[attr-defined]
        for name in names:
            prove(database, name)


def test_transfers_between_two_orders_never_wait_in_a_circle(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.sqlite:
        pytest.skip("one writer at a time")
    ends: list[bool] = []
    commit = Committer._commit

    def counted(committer: Committer, batch: list[Work], *more: bool) -> bool:
        ends.append(commit(committer, batch, *more))
        return ends[-1]

    def cross() -> None:
        """From the first order to the second and back at once, in two lanes."""
        first, second = (office.contracted(headcount=200).name for _ in range(2))
        a, b, c, d = (office.open_class(order, capacity=2).name for order in (first, second, second, first))
        while lane(a) == lane(c):
            c = office.open_class(second, capacity=2).name
        there, back = office.enrol(a).name, office.enrol(c).name
        ends.clear()
        moved = together(lambda: transfer(office, there, b), lambda: transfer(office, back, d))
        assert [each.target.class_name for each in moved] == [b, d]  # type: ignore[attr-defined]
        prove(database, first), prove(database, second)

    def lane(key: str) -> int:
        return zlib.crc32(key.encode()) % 2

    monkeypatch.setattr(Committer, "_commit", counted)
    for _ in range(5):
        cross()
        assert all(ends)  # nothing was run again
    # when only the classes are locked first, each holds the order that the other waits for
    meeting, leave = Meeting(), promotion.leave

    def leave_and_meet(*args: Any) -> None:
        leave(*args)
        meeting.wait()

    def classes_only(tx: Any, class_ids: Any, _: str) -> dict[str, ClassFacts]:
        return {each.id: each for each in known.classes(tx.connection, class_ids, lock=True)}

    monkeypatch.setattr(exchanges, "_lock", classes_only)
    monkeypatch.setattr(promotion, "leave", leave_and_meet)
    cross()
    assert meeting.happened
    assert not all(ends)  # the database broke the circle, and it was run again


def test_two_who_want_the_last_seat_of_a_class(office: Office, partner: Office, database: Database) -> None:
    for _ in range(5):
        new = new_class(office, capacity=1)
        first, second = (office.enrol(new_class(office)).name for _ in range(2))
        moved = together(
            partial(transfer, office, first, new),
            partial(transfer, partner, second, new),
        )
        errors = [each for each in moved if isinstance(each, grpc.RpcError)]
        assert [info_of(each)[0] for each in errors] == ["CLASS_FULL"]
        states = sorted(enrolment(office, name).state for name in (first, second))
        assert states == [State.ENROLLED, State.WITHDRAWN]
        prove(database, office.the_class(new).order)
