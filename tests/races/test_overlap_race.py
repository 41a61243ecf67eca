"""One person, two classes whose sessions overlap, two clerks at once: exactly one of them enrols the person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from liancai.training.v1 import classes_pb2, rosters_pb2
from liancai.training.v1 import enrolments_pb2 as pb

from services import host
from services.platform.bulk import WORTH_COPYING
from services.training.seats import known
from tests.office import Office, request_id, somebody
from tests.races.crowd import Meeting, Meets, together
from tests.races.servers import replica
from tests.races.test_request_id_race import reason_of

NewSettings = Callable[..., host.Settings]


def two_classes_that_meet(office: Office, capacity: int = 5) -> list[str]:
    order = office.contracted(headcount=4 * capacity).name
    hours = [("08:30", "11:30"), ("11:00", "12:00")]
    return [
        office.open_class(
            order,
            capacity=capacity,
            sessions=[classes_pb2.Session(date="2026-12-07", start=start, end=end, place="实训室")],
        ).name
        for start, end in hours
    ]


def both_at_once(offices: list[Office], names: list[str], person: pb.Applicant) -> list[object]:
    wishes = [pb.EnrolRequest(class_name=name, applicant=person, request_id=request_id()) for name in names]
    return together(lambda: offices[0].enrolments.Enrol(wishes[0]), lambda: offices[-1].enrolments.Enrol(wishes[1]))


@pytest.fixture
def replicas(new_settings: NewSettings, folders: Iterator[Path]) -> Iterator[list[Office]]:
    settings = new_settings("postgresql")
    with ExitStack() as stack:
        yield [stack.enter_context(replica(settings, next(folders)))[0] for _ in range(2)]


def meet(monkeypatch: pytest.MonkeyPatch, name: str, *, before: bool) -> Meeting:
    """Two transactions meet before, or after, they run a statement of the path of enrolment."""
    meeting = Meeting()
    monkeypatch.setattr(known, name, Meets(getattr(known, name), meeting, before=before))
    return meeting


@pytest.mark.parametrize("known", [False, True], ids=["newcomer", "known"])
def test_two_replicas_never_put_one_person_in_two_classes_that_meet(
    known: bool, replicas: list[Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    names, person = two_classes_that_meet(replicas[0]), somebody()
    if known:
        replicas[0].withdraw(replicas[0].enrol(names[0], person).name)
        meeting = meet(monkeypatch, "LOCK_TRAINEES", before=True)  # both stand before the person's row
    else:
        meeting = meet(monkeypatch, "LOCK_CLASSES", before=False)  # both know the class and not yet the person
    answers = both_at_once(replicas, names, person)
    assert meeting.happened
    enrolled = [answer for answer in answers if isinstance(answer, pb.Enrolment)]
    assert [each.state for each in enrolled] == [pb.Enrolment.ENROLLED]
    assert [reason_of(answer) for answer in answers if answer not in enrolled] == ["NOT_ELIGIBLE"]


def test_without_the_lock_on_the_person_two_replicas_put_one_person_in_both(
    replicas: list[Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    names, person = two_classes_that_meet(replicas[0]), somebody()
    replicas[0].withdraw(replicas[0].enrol(names[0], person).name)
    monkeypatch.setattr(known, "LOCK_TRAINEES", known.TRAINEES)
    meeting = meet(monkeypatch, "_TAKEN", before=False)
    answers = both_at_once(replicas, names, person)
    assert meeting.happened
    assert [type(answer) for answer in answers] == [pb.Enrolment] * 2


def test_two_rosters_that_bring_the_same_newcomers_seat_each_of_them_once(
    replicas: list[Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both find nobody on record and copy everybody in; the second is refused by the database, and begins again."""
    people = [somebody() for _ in range(WORTH_COPYING)]
    names = two_classes_that_meet(replicas[0], capacity=len(people))
    meeting = meet(monkeypatch, "TRAINEES", before=False)
    first, second = together(
        lambda: replicas[0].import_people(names[0], people), lambda: replicas[1].import_people(names[1], people)
    )
    assert meeting.happened
    assert isinstance(first, rosters_pb2.RosterSummary)
    assert isinstance(second, rosters_pb2.RosterSummary)
    assert sorted([first.enrolled, second.enrolled]) == [0, len(people)]
    assert sorted([first.refused, second.refused]) == [0, len(people)]


@pytest.mark.parametrize("lanes", ["1", "0"])
def test_on_sqlite_one_person_is_never_in_two_classes_that_meet(
    lanes: str, new_settings: NewSettings, folders: Iterator[Path]
) -> None:
    settings = new_settings("sqlite", LIANCAI_LANES=lanes)
    with replica(settings, next(folders)) as (one, _), replica(settings, next(folders)) as (other, _):
        names = two_classes_that_meet(one)
        for _ in range(5):
            answers = both_at_once([one, other], names, somebody())
            enrolled = [answer for answer in answers if isinstance(answer, pb.Enrolment)]
            assert len(enrolled) == 1, answers
            assert [reason_of(answer) for answer in answers if answer not in enrolled] == ["NOT_ELIGIBLE"]
            one.withdraw(enrolled[0].name)
