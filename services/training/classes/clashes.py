"""Who would be in two classes at once when a class gets another timetable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from liancai.training.v1 import classes_pb2 as pb
from sqlalchemy import select

from services.platform.errors import Refused
from services.platform.transaction import Tx
from services.training.rules.timetable import Slot, first_clash
from services.training.seats import known
from services.training.seats.appraisal import Timetables
from services.training.seats.known import Taken
from services.training.tables import EnrolmentRow, SessionRow, TraineeRow

NAMED = 20  # in a refusal


class Clash(NamedTuple):
    """One person in two places."""

    enrolment_id: str
    other_class: str


def found(
    tx: Tx,
    timetables: Timetables,
    enrolments: Sequence[EnrolmentRow],
    sessions: Sequence[SessionRow],
    leaving_aside: set[str],
) -> list[Clash]:
    """Which of these people have another class that meets `sessions`; the classes in `leaving_aside` do not count.

    Locks the people, so that none of them joins a class meanwhile.
    """
    trainees = sorted({row.trainee_id for row in enrolments})
    for part in known.slices(trainees):
        tx.session.execute(
            select(TraineeRow.id)
            .where(TraineeRow.id.in_(part))
            .order_by(TraineeRow.resident_id_index)
            .with_for_update()
        )
    slots = sorted(Slot(each.day, each.start_minute, each.end_minute) for each in sessions)
    taken = known.taken(tx.connection, trainees)
    others: dict[str, Taken] = {
        place.class_id: place
        for mine in taken.values()
        for place in mine.values()
        if place.class_id not in leaving_aside
    }
    versions = {class_id: (class_id, place.timetable_version) for class_id, place in others.items()}
    timetables.learn(tx.connection, set(versions.values()))
    meets = {each for each in others if first_clash(slots, timetables.slots(versions[each])) is not None}
    return [
        Clash(row.id, class_id) for row in enrolments for class_id in sorted(taken[row.trainee_id]) if class_id in meets
    ]


def refuse(class_name: str, clashes: Sequence[Clash]) -> Refused:
    """MOVE_CLASHES, naming the first of them, each with the other class."""
    names = list(dict.fromkeys(each.enrolment_id for each in clashes))
    said = ", ".join(f"enrolments/{name}" for name in names[:NAMED])
    met = messages(clashes[:NAMED])
    return Refused("MOVE_CLASHES", class_name=class_name, enrolments=said, count=len(names), details=met)


def messages(clashes: Sequence[Clash]) -> list[pb.MoveClassResponse.Clash]:
    """Clashes as they are sent."""
    return [
        pb.MoveClassResponse.Clash(
            enrolment=f"enrolments/{each.enrolment_id}", other_class=f"classes/{each.other_class}"
        )
        for each in clashes
    ]
