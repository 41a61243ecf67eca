"""The waitlist over the wire: its order, the reasons, parties, offers and moves by hand; on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import grpc
import pytest
from liancai.training.v1 import audit_pb2, classes_pb2
from liancai.training.v1 import enrolments_pb2 as pb
from liancai.training.v1 import waitlist_pb2 as wait

from services import host
from services.platform.boundary import LARGEST_STATUS
from services.platform.database import Database
from services.reference import resident_id
from services.training.packs import SHIPPED, Packs
from services.training.seats import promotion
from services.training.tables import EnrolmentRow
from tests.conftest import KINDS, fresh_settings, token_of
from tests.office import Office, request_id, somebody
from tests.statuses import info_of, refusal_of, status_of, violations_of
from tests.training.journal import prove


@pytest.fixture(scope="module", params=KINDS)
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> host.Settings:
    """Seats are filled at once where the work is 371526, and offered for two hours where it is 371502."""
    pack = tmp_path_factory.mktemp("pack") / "training.yaml"
    offers = (
        'parameters:\n- {key: waitlist.offer_hours, value: 2, unit: hours, division: "371502",'
        " effective_from: 2000-01-01, effective_to: null, source: 测试, confidence: unconfirmed}\n"
    )
    pack.write_text(SHIPPED.read_text(encoding="utf-8").replace("parameters:\n", offers, 1), encoding="utf-8")
    return fresh_settings(request, tmp_path_factory, request.param, LIANCAI_TRAINING_PARAMETERS=str(pack))


@pytest.fixture(scope="module")
def elsewhere(grpc_channel: grpc.Channel, settings: host.Settings) -> Office:
    """The bureau of 371502, which offers seats."""
    mine = {"division": "371502", "unit": "371502-hrss"}
    return Office(grpc_channel, token_of(settings, **mine), second=token_of(settings, subject="second", **mine))


def waiting(office: Office, held: str, size: int = 0) -> list[str]:
    """The names of those who wait, in order, page by page."""
    found: list[str] = []
    token = ""
    while True:
        page = office.waitlist.ListWaitlist(wait.ListWaitlistRequest(class_name=held, page_size=size, page_token=token))
        assert [each.waitlist_position for each in page.enrolments] == [
            len(found) + place + 1 for place in range(len(page.enrolments))
        ]
        found += [each.name for each in page.enrolments]
        token = page.next_page_token
        if not token:
            return found


def explain(office: Office, name: str) -> wait.PlaceExplanation:
    explained: wait.PlaceExplanation = office.waitlist.ExplainPlace(wait.ExplainPlaceRequest(name=name))
    return explained


def move(office: Office, name: str, before: str = "", reason: str = "家庭困难，经集体研究") -> pb.Enrolment:
    moved: pb.Enrolment = office.waitlist.MoveOnWaitlist(
        wait.MoveOnWaitlistRequest(name=name, before=before, reason=reason, request_id=request_id())
    )
    return moved


def party(office: Office, held: str, people: Sequence[pb.Applicant], **more: object) -> list[pb.Enrolment]:
    request = pb.EnrolPartyRequest(class_name=held, applicants=people, request_id=request_id(), **more)  # type: ignore[arg-type]
    return list(office.enrolments.EnrolParty(request).enrolments)


def full_class(office: Office, capacity: int = 1, **fields: object) -> tuple[str, list[pb.Enrolment]]:
    """A class with every seat taken."""
    held = office.open_class(office.contracted(**fields).name, capacity=capacity).name
    return held, [office.enrol(held) for _ in range(capacity)]


def test_the_list_is_served_by_priority_then_by_time(office: Office, database: Database) -> None:
    held, seated = full_class(office)
    other = office.enrol(held, somebody(category="EMP")).name
    unemployed = [office.enrol(held, somebody(category="UNE")).name for _ in range(2)]
    hardship = office.enrol(held, somebody(category="DIF")).name
    assert waiting(office, held) == waiting(office, held, size=1) == [hardship, *unemployed, other]
    promoted = office.withdraw(seated[0].name).promoted
    assert promoted.name == hardship
    assert waiting(office, held) == [*unemployed, other]
    prove(database, office.the_class(held).order)


def test_your_place_and_why(office: Office) -> None:
    held, _ = full_class(office)
    first = office.enrol(held, somebody(category="DIF"))
    second = office.enrol(held, somebody(category="DIF"))
    mine = office.enrol(held, somebody())
    said = explain(office, mine.name)
    assert (said.position, said.waiting, said.priority, said.ahead_by_priority) == (3, 3, 3, 2)
    assert (said.ahead_by_time, said.ahead_by_lottery, said.party_size, said.blocked_by) == (0, 0, 0, "")
    assert said.priority_source
    assert said.priority_confidence == "unconfirmed"
    assert "第 3 位" in said.sentence
    assert [explain(office, each.name).ahead_by_time for each in (first, second)] == [0, 1]
    reason, about = refusal_of(explain, office, office.withdraw(first.name).enrolment.name)
    assert (reason, about["allowed"]) == ("ENROLMENT_STATE", "WAITLISTED")


def test_who_came_at_one_moment_is_in_order_of_a_lottery_anybody_can_draw_again(
    office: Office, database: Database
) -> None:
    held, _ = full_class(office)
    for _ in range(6):
        office.enrol(held)
    names = waiting(office, held)
    with database.writing_engine.begin() as connection:  # as if all had come at one moment
        table = EnrolmentRow.__table__
        connection.execute(
            table.update()
            .where(table.c.class_id == held.partition("/")[2])
            .values(waits_since=datetime.fromisoformat("2026-11-23T00:00:00+00:00"))
        )
    drawn = {name: explain(office, name).lottery_number for name in names}
    assert len(set(drawn.values())) == 6
    assert waiting(office, held) == sorted(names, key=lambda name: drawn[name])
    last = explain(office, waiting(office, held)[-1])
    assert (last.position, last.ahead_by_lottery, last.ahead_by_time) == (6, 5, 0)


def test_a_clock_that_goes_back_lets_nobody_pass(office: Office, database: Database) -> None:
    held, _ = full_class(office)
    first = office.enrol(held).name
    clock = database.clock
    database.clock = lambda: clock() - timedelta(days=2)
    try:
        second = office.enrol(held).name
    finally:
        database.clock = clock
    assert waiting(office, held)[0] in (first, second)
    assert explain(office, first).waits_since == explain(office, second).waits_since  # a draw, not an overtaking


def test_a_move_by_hand_wants_a_reason_and_shows_it(office: Office) -> None:
    held, _ = full_class(office)
    a, b, c = (office.enrol(held).name for _ in range(3))
    assert refusal_of(move, office, c, a, "")[0] == "INVALID_REQUEST"
    assert move(office, c, a).waitlist_position == 1
    assert waiting(office, held) == [c, a, b]
    assert move(office, c, b).waitlist_position == 2
    assert move(office, a).waitlist_position == 3
    assert waiting(office, held) == [c, b, a]
    said = explain(office, c)
    assert [(each.source, each.target, each.reason) for each in said.moves] == [
        (3, 1, "家庭困难，经集体研究"),
        (1, 2, "家庭困难，经集体研究"),
    ]
    assert "人工调整" in said.sentence
    entries = office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource=c)).entries
    assert sum(entry.action == "training.waitlist.move" for entry in entries) == 2


def test_many_moves_before_one_place_find_room(office: Office) -> None:
    held, _ = full_class(office)
    target = office.enrol(held).name
    rest = [office.enrol(held).name for _ in range(4)]
    for _ in range(20):  # each halves the room before the target
        for name in rest:
            move(office, name, target)
    assert waiting(office, held) == [*rest, target]


def test_a_move_is_within_one_waitlist(office: Office) -> None:
    held, _ = full_class(office)
    other, _ = full_class(office)
    mine, theirs = office.enrol(held).name, office.enrol(other).name
    assert refusal_of(move, office, mine, theirs)[0] == "NOT_FOUND"


def test_a_party_gets_seats_together_or_waits_together(office: Office, database: Database) -> None:
    held, seated = full_class(office, capacity=2)
    pair = party(office, held, [somebody(), somebody()])
    single = office.enrol(held)
    assert {each.state for each in pair} == {pb.Enrolment.WAITLISTED}
    assert pair[0].party == pair[1].party != ""
    assert explain(office, pair[1].name).party_size == 2
    # one seat is no use to two: who comes after takes it, and that is what the parameter says
    assert office.withdraw(seated[0].name).promoted.name == single.name
    left = office.withdraw(seated[1].name)
    assert not left.promoted.name
    left = office.withdraw(single.name)
    assert {office.enrolments.GetEnrolment(pb.GetEnrolmentRequest(name=each.name)).state for each in pair} == {
        pb.Enrolment.ENROLLED
    }
    prove(database, office.the_class(held).order)


def test_who_comes_alone_takes_a_seat_that_a_waiting_party_cannot_use(office: Office) -> None:
    held, seated = full_class(office, capacity=2)
    pair = party(office, held, [somebody(), somebody()])
    office.withdraw(seated[0].name)
    assert office.enrol(held).state == pb.Enrolment.ENROLLED
    assert waiting(office, held) == [each.name for each in pair]


def test_a_party_of_which_one_may_not_come_is_not_taken(office: Office) -> None:
    held = office.open_class(office.contracted().name).name
    there = somebody()
    office.enrol(held, there)
    reason, about = refusal_of(party, office, held, [somebody(), there])
    assert (reason, about["refused"]) == ("PARTY_REFUSED", "2")
    twice = somebody()
    assert refusal_of(party, office, held, [twice, twice])[0] == "INVALID_REQUEST"
    assert refusal_of(party, office, held, [twice])[0] == "INVALID_REQUEST"
    assert office.the_class(held).enrolled == 1


def test_a_large_party_hears_as_much_as_a_refusal_holds(office: Office) -> None:
    held = office.open_class(office.contracted().name).name
    elders = [somebody(resident_id=resident_id.make("370103", date(1960, 1, 2 + n), 7)) for n in range(20)]
    with pytest.raises(grpc.RpcError) as error:
        party(office, held, elders)
    reason, about = info_of(error.value)
    assert (reason, about["refused"].count(",")) == ("PARTY_REFUSED", 19)
    status = status_of(error.value)
    assert 4_000 < status.ByteSize() <= LARGEST_STATUS
    said = []
    for detail in status.details:
        decision = pb.EnrolmentDecision()
        if detail.Unpack(decision):
            said.append([each.code for each in decision.verdicts])
    assert said == [["TR-AGE-MAX"]] * len(said)
    assert len(said) > 10
    why = [pb.AcceptedWarning(code="TR-AGE-MAX", reason="已核实未领取养老金")]
    assert len(party(office, held, elders[:10], accepted=why)) == 10


def test_a_large_party_of_which_nothing_is_right_hears_what_fits(office: Office) -> None:
    held = office.open_class(office.contracted().name).name
    wrong = [pb.Applicant(full_name="1", resident_id="2", phone="3") for _ in range(20)]
    with pytest.raises(grpc.RpcError) as error:
        party(office, held, wrong)
    fields = [each.field for each in violations_of(error.value)]
    assert fields[:3] == ["applicants[0].full_name", "applicants[0].phone", "applicants[0].resident_id"]
    assert len(fields) > 20
    assert status_of(error.value).ByteSize() <= LARGEST_STATUS


def test_a_seat_or_nothing(office: Office) -> None:
    held, _ = full_class(office)
    request = pb.EnrolRequest(class_name=held, applicant=somebody(), seat_only=True, request_id=request_id())
    reason, about = refusal_of(office.enrolments.Enrol, request)
    assert (reason, about["capacity"]) == ("CLASS_FULL", "1")
    assert office.the_class(held).waitlisted == 0


def offer(office: Office) -> tuple[str, pb.Enrolment, list[pb.Enrolment]]:
    """A class of one seat that is offered to the first of three."""
    held, seated = full_class(office, division="371502", partner_division="370103")
    people = [office.enrol(held) for _ in range(3)]
    promoted = office.withdraw(seated[0].name).promoted
    return held, promoted, people


def test_a_freed_seat_is_offered_and_accepted(elsewhere: Office, database: Database) -> None:
    held, offered, people = offer(elsewhere)
    assert (offered.name, offered.state) == (people[0].name, pb.Enrolment.OFFERED)
    now = database.clock()
    assert timedelta(hours=1) < offered.offer_expire_time.ToDatetime(now.tzinfo) - now <= timedelta(hours=2)
    found = elsewhere.the_class(held)
    assert (found.enrolled, found.offered, found.waitlisted) == (0, 1, 2)
    prove(database, found.order)
    assert elsewhere.enrol(held).state == pb.Enrolment.WAITLISTED  # the seat is kept
    accepted = elsewhere.waitlist.AcceptOffer(wait.AcceptOfferRequest(name=offered.name, request_id=request_id()))
    assert accepted.state == pb.Enrolment.ENROLLED
    assert prove(database, found.order)["ENROLLED"] == 1
    again = wait.AcceptOfferRequest(name=offered.name, request_id=request_id())
    assert refusal_of(elsewhere.waitlist.AcceptOffer, again)[0] == "ENROLMENT_STATE"


def test_an_offer_declined_goes_to_the_next(elsewhere: Office, database: Database) -> None:
    held, offered, people = offer(elsewhere)
    elsewhere.waitlist.DeclineOffer(
        wait.DeclineOfferRequest(name=offered.name, reason="已找到工作", request_id=request_id())
    )
    following = elsewhere.enrolments.GetEnrolment(pb.GetEnrolmentRequest(name=people[1].name))
    assert following.state == pb.Enrolment.OFFERED
    prove(database, elsewhere.the_class(held).order)


def test_an_offer_past_its_time_is_void_and_goes_to_the_next(elsewhere: Office, database: Database) -> None:
    held, offered, people = offer(elsewhere)
    clock = database.clock
    database.clock = lambda: clock() + timedelta(hours=3)
    try:
        late = wait.AcceptOfferRequest(name=offered.name, request_id=request_id())
        assert refusal_of(elsewhere.waitlist.AcceptOffer, late)[0] == "OFFER_EXPIRED"
        assert promotion.expire_all(database, Packs(SHIPPED).current) >= 1
    finally:
        database.clock = clock
    found = [elsewhere.enrolments.GetEnrolment(pb.GetEnrolmentRequest(name=each.name)).state for each in people[:2]]
    assert found[0] == pb.Enrolment.WITHDRAWN
    assert found[1] in (pb.Enrolment.OFFERED, pb.Enrolment.ENROLLED)
    prove(database, elsewhere.the_class(held).order)


def test_an_offer_stands_when_the_capacity_falls_and_nobody_new_gets_in(elsewhere: Office, database: Database) -> None:
    order = elsewhere.contracted(division="371502", partner_division="370103").name
    held = elsewhere.open_class(order, capacity=2).name
    seated = [elsewhere.enrol(held) for _ in range(2)]
    people = [elsewhere.enrol(held) for _ in range(2)]
    offered = elsewhere.withdraw(seated[0].name).promoted
    elsewhere.classes.ChangeClassCapacity(
        classes_pb2.ChangeClassCapacityRequest(name=held, capacity=1, reason="教室变更", request_id=request_id())
    )
    prove(database, order)
    accepted = elsewhere.waitlist.AcceptOffer(wait.AcceptOfferRequest(name=offered.name, request_id=request_id()))
    assert accepted.state == pb.Enrolment.ENROLLED
    prove(database, order)
    assert not elsewhere.withdraw(seated[1].name).promoted.name
    assert waiting(elsewhere, held) == [people[1].name]
    prove(database, order)


def test_the_other_bureau_sees_and_a_third_sees_nothing(
    office: Office, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    held, _ = full_class(office)
    mine = office.enrol(held).name
    partner = Office(grpc_channel, token_of(settings, division="370103", unit="370103-hrss"))
    third = Office(grpc_channel, token_of(settings, division="110101", unit="110101-hrss"))
    assert explain(partner, mine).position == 1
    assert refusal_of(explain, third, mine)[0] == "NOT_FOUND"
    assert refusal_of(waiting, third, held)[0] == "NOT_FOUND"
    assert refusal_of(move, third, mine)[0] == "NOT_FOUND"
