"""The fields of a class and its filing: read from the message, checked, written to the rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from liancai.training.v1 import classes_pb2 as pb
from liancai.training.v1 import quotas_pb2
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.fields import read_credit_code
from services.platform.errors import Invalid, Violation
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.training.rules.states import MOST_HEADS
from services.training.rules.timetable import Slot, minute_of, own_clash
from services.training.tables import SessionRow, TeacherRow

MOST_SESSIONS = 1000
MOST_ATTACHMENTS = 50
MOST_HOURS = 10_000
MOST_FEN = 10**9  # a head: ten million yuan
LONGEST_CLASS = 3 * 366  # days
IN_CLASS = "training_class."  # where the fields of a class stand in a request
SHA256 = re.compile(r"[0-9a-f]{64}")
# what decides who sees a class: an update may name it only as it is
FIXED = frozenset({"order", "institution_credit_code"})
EDITABLE = frozenset(
    {
        *("institution_name", "title", "start_date", "end_date", "sessions", "capacity", "minimum", "training_kind"),
        *("fund", "subsidy_fen", "subsidy_standard", "project_number", "certificate_kind", "hours_theory"),
        *("hours_practice", "site_address", "head_teacher", "assessment_plan", "attachments"),
    }
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A session as it was asked for; `index` is its place in the request, `teacher_id` empty for none."""

    slot: Slot
    place: str
    teacher_id: str
    topic: str
    practice: bool
    index: int


def read_class(reading: Reading, asked: pb.Class) -> dict[str, Any]:
    """The values of a class's row, each checked."""
    field = "training_class"
    first, last = read_dates(reading, asked.start_date, asked.end_date)
    values: dict[str, Any] = {
        "institution_credit_code": read_credit_code(
            reading, f"{field}.institution_credit_code", asked.institution_credit_code
        ),
        "institution_name": reading.text(f"{field}.institution_name", asked.institution_name, 2, 100),
        "title": reading.text(f"{field}.title", asked.title, 2, 100),
        "start_date": first,
        "end_date": last,
        "capacity": reading.number(f"{field}.capacity", asked.capacity, 1, MOST_HEADS),
        "minimum": reading.number(f"{field}.minimum", asked.minimum, 0, max(0, asked.capacity)),
        "training_kind": _choice(reading, f"{field}.training_kind", asked.training_kind, pb.Class.TrainingKind),
        "certificate_kind": _choice(
            reading, f"{field}.certificate_kind", asked.certificate_kind, pb.Class.CertificateKind
        ),
        "fund": _choice(reading, f"{field}.fund", asked.fund, quotas_pb2.Fund) or "NONE",
        "subsidy_fen": reading.number(f"{field}.subsidy_fen", asked.subsidy_fen, 0, MOST_FEN),
        "subsidy_standard": reading.text(f"{field}.subsidy_standard", asked.subsidy_standard, 0, 64),
        "project_number": reading.text(f"{field}.project_number", asked.project_number, 0, 64),
        "hours_theory": reading.number(f"{field}.hours_theory", asked.hours_theory, 0, MOST_HOURS),
        "hours_practice": reading.number(f"{field}.hours_practice", asked.hours_practice, 0, MOST_HOURS),
        "site_address": reading.text(f"{field}.site_address", asked.site_address, 0, 200),
        "head_teacher": reading.text(f"{field}.head_teacher", asked.head_teacher, 0, 50),
        "assessment_plan": reading.text(f"{field}.assessment_plan", asked.assessment_plan, 0, 1000),
        "attachments": _attachments(reading, asked.attachments),
    }
    if (values["fund"] == "NONE") != (asked.subsidy_fen == 0):
        reading.wrong(f"{field}.subsidy_fen", "FIELD_SUBSIDY")
    return values


class Timetabled(Protocol):
    """A message with a timetable."""

    @property
    def sessions(self) -> Sequence[pb.Session]: ...  # noqa: D102


def read_dates(reading: Reading, start: str, end: str, prefix: str = IN_CLASS) -> tuple[date, date]:
    """First and last day, not more than three years apart."""
    first, last = reading.day(f"{prefix}start_date", start), reading.day(f"{prefix}end_date", end)
    if date.min not in (first, last) and not 0 <= (last - first).days <= LONGEST_CLASS:
        reading.wrong(f"{prefix}end_date", "FIELD_CLASS_DATES")
    return first, last


def read_sessions(
    reading: Reading, asked: Timetabled, first: date, last: date, prefix: str = IN_CLASS
) -> list[Planned]:
    """The timetable in order of time: every session inside the class's dates, none overlapping another."""
    if len(asked.sessions) > MOST_SESSIONS:
        reading.wrong(f"{prefix}sessions", "FIELD_TOO_MANY", most=MOST_SESSIONS)
        return []
    planned: list[Planned] = []
    for index, session in enumerate(asked.sessions):
        field = f"{prefix}sessions[{index}]"
        day = reading.day(f"{field}.date", session.date)
        place = reading.text(f"{field}.place", session.place, 0, 100)
        topic = reading.text(f"{field}.topic", session.topic, 0, 100)
        teacher = reading.optional_name(f"{field}.teacher", session.teacher, "teachers").partition("/")[2]
        try:
            start, end = minute_of(session.start), minute_of(session.end)
        except ValueError:
            reading.wrong(field, "FIELD_SESSION_TIME")
            continue
        if start >= end:
            reading.wrong(field, "FIELD_SESSION_ORDER")
        elif day != date.min and date.min not in (first, last) and not first <= day <= last:
            reading.wrong(field, "FIELD_SESSION_DAY")
        else:
            planned.append(Planned(Slot(day, start, end), place, teacher, topic, session.practice, index))
    planned.sort(key=lambda each: each.slot)
    if (clash := own_clash([each.slot for each in planned])) is not None:
        reading.wrong(f"{prefix}sessions", "FIELD_SESSION_CLASH", date=planned[clash].slot.day.isoformat())
    return planned


def store_sessions(tx: Tx, class_id: str, institution: str, planned: Sequence[Planned]) -> list[SessionRow]:
    """Makes this the timetable of a class. Raises Invalid for teachers that the institution does not have."""
    _know_teachers(tx, institution, planned)
    tx.session.execute(delete(SessionRow).where(SessionRow.class_id == class_id))
    rows = [
        SessionRow(
            class_id=class_id,
            day=each.slot.day,
            start_minute=each.slot.start,
            end_minute=each.slot.end,
            place=each.place,
            teacher_id=each.teacher_id or None,
            topic=each.topic,
            practice=each.practice,
        )
        for each in planned
    ]
    tx.session.add_all(rows)
    tx.session.flush()
    return rows


def sessions_of(session: Session, class_id: str) -> Sequence[SessionRow]:
    """The timetable of a class in order of time."""
    wanted = select(SessionRow).where(SessionRow.class_id == class_id).order_by(SessionRow.day, SessionRow.start_minute)
    return session.scalars(wanted).all()


def _know_teachers(tx: Tx, institution: str, planned: Sequence[Planned]) -> None:
    asked = {each.teacher_id for each in planned if each.teacher_id}
    if not asked:
        return
    wanted = select(TeacherRow.id).where(TeacherRow.institution_id == institution, TeacherRow.id.in_(asked))
    known = set(tx.session.scalars(wanted))
    unknown = [
        Violation(f"training_class.sessions[{each.index}].teacher", "FIELD_TEACHER")
        for each in sorted(planned, key=lambda each: each.index)
        if each.teacher_id and each.teacher_id not in known
    ]
    if unknown:
        raise Invalid(*unknown)


def _choice(reading: Reading, field: str, value: int, enum: Any) -> str:
    """The name of an enum value, "" for the unspecified one."""
    found = reading.choices(field, [value], enum) if value else []
    return found[0] if found else ""


def _attachments(reading: Reading, asked: Sequence[pb.Attachment]) -> list[dict[str, Any]]:
    """Attachments as the row keeps them: each of a known kind, none twice."""
    if len(asked) > MOST_ATTACHMENTS:
        reading.wrong("training_class.attachments", "FIELD_TOO_MANY", most=MOST_ATTACHMENTS)
        return []
    found: list[dict[str, Any]] = []
    seen: set[tuple[int, str]] = set()
    for index, each in enumerate(asked):
        field = f"training_class.attachments[{index}]"
        if not each.kind:
            reading.wrong(f"{field}.kind", "FIELD_REQUIRED")
        if not SHA256.fullmatch(each.sha256):
            reading.wrong(f"{field}.sha256", "FIELD_SHA256")
        elif (each.kind, each.sha256) in seen:
            reading.wrong(field, "FIELD_ATTACHED_TWICE")
        seen.add((each.kind, each.sha256))
        found.append(
            {
                "kind": _choice(reading, f"{field}.kind", each.kind, pb.Attachment.Kind),
                "file_name": reading.text(f"{field}.file_name", each.file_name, 1, 200),
                "sha256": each.sha256,
                "size": reading.number(f"{field}.size", each.size, 0, 10**12),
            }
        )
    return found
