"""Substitutions over the wire, with the other side's consent; on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import grpc
import pytest
from liancai.training.v1 import classes_pb2
from liancai.training.v1 import enrolments_pb2 as pb
from liancai.training.v1 import quotas_pb2 as quota

from services import host
from services.platform.database import Database
from services.training.enrolments import exchanges
from services.training.tables import Base, ClassRow
from tests.conftest import token_of
from tests.office import Office, request_id, somebody
from tests.races.crowd import together
from tests.statuses import refusal_of, violations_of
from tests.training.days import clock_at
from tests.training.exchanging import answer, enrolment, new_class, pair, substitute, transfer
from tests.training.journal import prove, prove_quota

State = pb.Enrolment.State
DAYS_AFTER = datetime(2026, 12, 4, 4, 0, tzinfo=UTC)  # three days after the first day of a class


@pytest.fixture(scope="module")
def partner(grpc_channel: grpc.Channel, settings: host.Settings) -> Office:
    """The bureau of the other side."""
    token = token_of(settings, division="370103", unit="370103-hrss", subject="their officer")
    return Office(grpc_channel, token)


@pytest.fixture(scope="module")
def colleague(grpc_channel: grpc.Channel, settings: host.Settings) -> Office:
    """Another officer of the same bureau."""
    return Office(grpc_channel, token_of(settings, subject="colleague"))


@pytest.fixture(scope="module")
def stranger(grpc_channel: grpc.Channel, settings: host.Settings) -> Office:
    """A bureau that has no part in it."""
    return Office(grpc_channel, token_of(settings, division="110101", unit="110101-hrss", subject="stranger"))


def test_with_the_other_sides_consent_one_takes_the_very_seat_of_the_other(
    office: Office, partner: Office, database: Database
) -> None:
    held, leaving, coming = pair(office)
    asked = substitute(office, leaving.name, coming.name)
    assert asked.state == pb.Substitution.ASKED
    assert (asked.leaving, asked.coming, asked.class_name) == (leaving.name, coming.name, held)
    assert (asked.asking_division, asked.reason) == ("371526", "开班未到，无法联系")
    assert enrolment(office, leaving.name).state == State.ENROLLED  # nothing yet
    before = prove(database, office.the_class(held).order)
    done = answer(partner, asked.name, etag=asked.etag)
    assert (done.state, done.answer) == (pb.Substitution.DONE, "同意")
    left = enrolment(office, leaving.name)
    assert (left.state, left.reason) == (State.WITHDRAWN, "开班未到，无法联系")
    assert enrolment(office, coming.name).state == State.ENROLLED
    found = office.the_class(held)
    assert (found.enrolled, found.waitlisted) == (1, 0)
    assert prove(database, found.order) == before
    reason, about = refusal_of(answer, partner, asked.name)
    assert (reason, about) == ("SUBSTITUTION_STATE", {"substitution": asked.name, "state": "DONE"})


def test_who_asked_cannot_consent_nor_can_their_colleague(
    office: Office, partner: Office, colleague: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, leaving, coming = pair(office)
    asked = substitute(office, leaving.name, coming.name)
    for side in (office, colleague):
        assert refusal_of(answer, side, asked.name) == ("SAME_SIDE", {"substitution": asked.name})
    # asked by the other side, it is for this one to answer
    _, leaving, coming = pair(office)
    theirs = substitute(partner, leaving.name, coming.name)
    assert theirs.asking_division == "370103"
    assert refusal_of(answer, partner, theirs.name)[0] == "SAME_SIDE"
    assert answer(colleague, theirs.name).state == pb.Substitution.DONE
    # without the guard the first consents to what they asked for themselves
    monkeypatch.setattr(exchanges, "_other_side", lambda *_: True)
    assert answer(office, asked.name).state == pb.Substitution.DONE


def test_where_there_is_one_division_another_officer_consents(office: Office, colleague: Office) -> None:
    _, leaving, coming = pair(office, partner_division="")
    asked = substitute(office, leaving.name, coming.name)
    assert refusal_of(answer, office, asked.name)[0] == "SAME_SIDE"
    assert answer(colleague, asked.name).state == pb.Substitution.DONE


def test_the_other_side_may_refuse_in_its_words(office: Office, partner: Office) -> None:
    _, leaving, coming = pair(office)
    asked = substitute(office, leaving.name, coming.name)
    with pytest.raises(grpc.RpcError) as error:
        answer(partner, asked.name, consent=False, answer="")
    assert [each.field for each in violations_of(error.value)] == ["answer"]
    said = answer(partner, asked.name, consent=False, answer="学员已来电说明，次日到班")
    assert (said.state, said.answer) == (pb.Substitution.REFUSED, "学员已来电说明，次日到班")
    assert enrolment(office, leaving.name).state == State.ENROLLED
    assert enrolment(office, coming.name).state == State.WAITLISTED
    assert refusal_of(answer, partner, asked.name)[1]["state"] == "REFUSED"


def test_only_who_is_enrolled_leaves_and_only_who_waits_for_that_class_comes(office: Office) -> None:
    _, leaving, coming = pair(office)
    _, _, elsewhere = pair(office)
    assert refusal_of(substitute, office, coming.name, coming.name)[1]["allowed"] == "ENROLLED"
    assert refusal_of(substitute, office, leaving.name, leaving.name)[1]["allowed"] == "WAITLISTED"
    assert refusal_of(substitute, office, leaving.name, elsewhere.name) == ("NOT_FOUND", {"resource": elsewhere.name})
    assert refusal_of(substitute, office, leaving.name, coming.name, etag='"9"')[0] == "STALE_ETAG"


def test_after_the_days_of_the_parameter_nobody_is_replaced(
    office: Office, partner: Office, database: Database
) -> None:
    held, leaving, coming = pair(office)
    asked = substitute(office, leaving.name, coming.name)
    window = ("SUBSTITUTION_WINDOW", {"class_name": held, "last_day": "2026-12-03"})
    with clock_at(database, DAYS_AFTER):
        assert refusal_of(answer, partner, asked.name) == window
        assert refusal_of(substitute, office, leaving.name, coming.name) == window
        assert answer(partner, asked.name, consent=False, answer="已过期限").state == pb.Substitution.REFUSED
    with clock_at(database, DAYS_AFTER.replace(day=3)):  # the last day
        again = substitute(office, leaving.name, coming.name)
        assert answer(partner, again.name).state == pb.Substitution.DONE


def test_a_substitution_that_was_overtaken_lapses(office: Office, partner: Office, database: Database) -> None:
    held, leaving, coming = pair(office)
    third = office.enrol(held)
    asked = substitute(office, leaving.name, third.name)
    office.withdraw(leaving.name)  # the seat goes to the head of the waitlist, not to the third
    assert answer(partner, asked.name).state == pb.Substitution.LAPSED
    assert enrolment(office, third.name).state == State.WAITLISTED
    again = substitute(office, coming.name, third.name)
    office.classes.CloseClass(classes_pb2.CloseClassRequest(name=held, request_id=request_id()))
    assert answer(partner, again.name).state == pb.Substitution.LAPSED
    assert enrolment(office, coming.name).state == State.ENROLLED
    prove(database, office.the_class(held).order)


def test_an_institution_that_is_suspended_takes_no_substitute(
    office: Office, partner: Office, database: Database
) -> None:
    held, leaving, coming = pair(office)
    asked = substitute(office, leaving.name, coming.name)
    table = ClassRow.__table__
    with database.writing_engine.begin() as connection:
        connection.execute(
            table.update().where(table.c.id == held.partition("/")[2]).values(suspended=True)  # type: ignore[attr-defined]
        )
    wanted = ("NOT_ELIGIBLE", {"class_name": held, "codes": "TR-INSTITUTION-SUSPENDED"})
    assert refusal_of(answer, partner, asked.name) == wanted
    assert refusal_of(substitute, office, leaving.name, coming.name) == wanted


def test_two_consents_at_once_are_one_substitution(office: Office, partner: Office, database: Database) -> None:
    for _ in range(5):
        held, leaving, coming = pair(office)
        other = office.enrol(held)
        asked = [substitute(office, leaving.name, each.name).name for each in (coming, other)]
        said = together(*(partial(answer, partner, name) for name in asked))
        assert sorted(each.state for each in said) == [pb.Substitution.DONE, pb.Substitution.LAPSED]  # type: ignore[attr-defined]
        assert (office.the_class(held).enrolled, office.the_class(held).waitlisted) == (1, 1)
        prove(database, office.the_class(held).order)


def test_a_substitute_takes_over_what_the_seat_took_of_the_limit(
    office: Office, partner: Office, database: Database
) -> None:
    made = office.quotas.SetQuota(
        quota.SetQuotaRequest(
            kind=quota.DIVISION_BUDGET,
            division="371526",
            year=2027,
            fund=quota.SKILLS_ACTION,
            granted=10**9,
            source="样例文号",
            request_id=request_id(),
        )
    )
    next_year: dict[str, Any] = {"start_date": "2027-01-04", "end_date": "2027-01-29", "fund": quota.SKILLS_ACTION}
    held = office.paid_class(office.contracted().name, capacity=1, **next_year).name
    jobless = {"category": "UNE", "proof_kind": "就业创业证", "proof_number": "3715260001"}
    leaving, coming = (office.enrol(held, somebody(**jobless)) for _ in range(2))
    taken = prove_quota(database, made.name)
    answer(partner, substitute(office, leaving.name, coming.name).name)
    assert prove_quota(database, made.name) == taken > 0
    office.withdraw(coming.name)
    assert prove_quota(database, made.name) == 0


def test_the_substitutions_of_a_class_newest_first_page_by_page(
    office: Office, partner: Office, stranger: Office
) -> None:
    held, leaving, coming = pair(office)
    names = [substitute(office, leaving.name, coming.name).name for _ in range(5)]
    request = pb.ListSubstitutionsRequest(class_name=held, page_size=2)
    seen: list[str] = []
    while True:
        page = partner.enrolments.ListSubstitutions(request)
        seen += [each.name for each in page.substitutions]
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    assert seen == names[::-1]
    assert refusal_of(stranger.enrolments.ListSubstitutions, pb.ListSubstitutionsRequest(class_name=held)) == (
        "NOT_FOUND",
        {"resource": held},
    )


def test_a_substitution_of_others_is_not_there(office: Office, stranger: Office) -> None:
    _, leaving, coming = pair(office)
    asked = substitute(office, leaving.name, coming.name).name
    for name in (asked, "substitutions/01ZZZZZZZZZZZZZZZZZZZZZZZZ"):
        assert refusal_of(answer, stranger, name) == ("NOT_FOUND", {"resource": name})
    assert refusal_of(substitute, stranger, leaving.name, coming.name) == ("NOT_FOUND", {"resource": leaving.name})


def test_no_person_is_in_the_trail_of_an_exchange(office: Office, partner: Office, database: Database) -> None:
    held = new_class(office, capacity=1)
    people = [somebody(full_name=name) for name in ("欧阳样例", "司马样例")]
    leaving, coming = (office.enrol(held, each) for each in people)
    answer(partner, substitute(office, leaving.name, coming.name).name)
    transfer(office, coming.name, new_class(office))
    with database.reading() as session:
        told = "".join(
            str(tuple(row))
            for name in ("audit_entry", "outbox_event")
            for row in session.execute(Base.metadata.tables[name].select())
        )
    assert leaving.name in told
    secrets = [secret for each in people for secret in (each.full_name, each.resident_id, each.phone)]
    assert [secret for secret in secrets if secret in told] == []
