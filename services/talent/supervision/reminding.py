"""Reminders by the ladder (催办), which the service sends by itself, every so often and on every replica.

A step knows the day to look at it next. Days are gone through one after the other: after a week without a server what
was due is sent once, in the order it was due in. Of several replicas one sends a reminder: a step is looked at only
while its case is locked and it is still as it was found, and a reminder's row, whose key is the reminder, is in the
transaction of its event.
"""

from __future__ import annotations

import logging
from datetime import date, datetime

from sqlalchemy import bindparam, func, insert, select, update

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.prepared import Prepared
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.workdays import published
from services.talent import casefiles
from services.talent.casefiles import CaseFile, StepFile
from services.talent.casework.clocks import NO_LIMIT
from services.talent.casework.editions import Editions
from services.talent.rules import ladder
from services.talent.rules.days import Days
from services.talent.rules.ladder import Addressee, Channel, Rung
from services.talent.rules.lights import Light, Turns
from services.talent.rules.limits import Span, Unit
from services.talent.supervision import orders
from services.talent.tables import ReminderRow, StepRow

ACTION = "talent.supervision.issue"
BATCH = 500  # steps looked up at once

log = logging.getLogger("liancai.talent.reminding")

_step = StepRow.__table__.c
_sent = ReminderRow.__table__.c
_TO_REMIND = (_step.alarm.is_not(None), _step.remind.is_not(None))
# what was sent of the steps of one matter
SENT = Prepared(
    select(_sent.step_id, _sent.rung, _sent.due, _sent.light).where(
        _sent.case_id == bindparam("of_case"), _sent.matter == bindparam("of_matter")
    )
)


def still_due(step: StepFile | None, day: date) -> bool:
    """Whether nothing has happened to a step since it was found, and no other replica was here."""
    return step is not None and step.alarm is not None and step.remind == day


class Reminders:
    """The rounds of one process."""

    def __init__(self, database: Database, editions: Editions) -> None:
        self._database = database
        self._editions = editions

    def run(self, now: datetime) -> None:
        """One round: day by day until nothing is due any more."""
        today, count = day_of(now), 0
        while (day := self._first_day(today)) is not None:
            found = self._found(day)
            done = [self._look(step_id, case_id, day, today) for step_id, case_id in found]
            count += sum(each or 0 for each in done)
            if None in done:
                break  # what could not be looked at is still there: the next round comes in a minute
        if count:
            log.info("%d reminders were sent", count)

    def _first_day(self, today: date) -> date | None:
        """The first day on which some step is to be looked at, if that has come."""
        with self._database.reading() as session:
            first = session.execute(select(func.min(_step.remind)).where(*_TO_REMIND)).scalar_one()
        return first if first is not None and first <= today else None

    def _found(self, day: date) -> list[tuple[int, str]]:
        wanted = select(_step.id, _step.case_id).where(*_TO_REMIND, _step.remind == day).order_by(_step.id)
        with self._database.reading() as session:
            return [(row[0], row[1]) for row in session.execute(wanted.limit(BATCH))]

    def _look(self, step_id: int, case_id: str, day: date, today: date) -> int | None:
        """Sends what is due of one step by a day; how many reminders, None if that failed."""

        def work(tx: Tx) -> int:
            file = casefiles.read(tx.connection, [case_id], lock=True)[case_id]
            step = next((each for each in file.steps if each.id == step_id), None)
            if step is None or not still_due(step, day):
                return 0
            sent = self._send(tx, file, step, day, today)
            if sent:
                casefiles.write(tx, [file])
            return sent

        try:
            return self._database.write_again(Call.by_system("talent", ACTION, ""), work, key=f"cases/{case_id}")
        except Exception as error:  # noqa: BLE001  one that cannot be sent does not keep the others
            log.error("cases/%s is not reminded of: error=%s", case_id, type(error).__name__)
            return None

    def _send(self, tx: Tx, file: CaseFile, step: StepFile, day: date, today: date) -> int:
        turns, due = Turns(step.yellow, step.red), step.alarm or NO_LIMIT
        rungs, calendar = self._editions.rungs(step.division, today), published()
        rows = SENT.rows(tx.connection, {"of_case": file.id, "of_matter": step.matter})
        sent = {rung for step_id, rung, date_, _ in rows if (step_id, date_) == (step.id, due)}
        reds = {(step_id, date_) for step_id, _, date_, light in rows if light == Light.RED} - {(step.id, due)}
        found = ladder.due(rungs, turns, sent, len(reds), day, calendar)
        for moment, rung in found:
            self._remind(tx, file, step, due, moment, rung, today)
        following = ladder.following(rungs, turns, day, calendar)
        # no act on the step: its etag stays
        tx.connection.execute(update(StepRow).where(_step.id == step.id).values(remind=following))
        return len(found)

    def _remind(self, tx: Tx, file: CaseFile, step: StepFile, due: date, moment: date, rung: Rung, today: date) -> None:
        """The row that makes it once, its event, and the order where the rung is one."""
        call, told = Call.by_system("talent", ACTION, step.division), addressees(file, step, rung)
        key = {"step_id": step.id, "rung": rung.key, "due": due}
        values = {"case_id": file.id, "matter": step.matter, "light": rung.on, "channel": rung.channel, "told": told}
        tx.connection.execute(insert(ReminderRow).values(**key, **values, day=moment, record_time=tx.now))
        detail = {
            "matter": step.matter, "step": step.key, "rung": rung.key, "light": rung.on, "due": str(due),
            "channel": rung.channel, "told": told, "day": str(moment),
        }  # fmt: skip
        tx.record(call, file.name, event="step.reminded", detail=detail, number=file.count_event())
        if rung.channel is Channel.ORDER and orders.under_way(tx, step) is None:
            new_date = Days(published()).after(today, Span(rung.grace, Unit.WORKING_DAYS))
            orders.put(tx, call, file, step, rung.requirement, new_date, rung.key)


def addressees(file: CaseFile, step: StepFile, rung: Rung) -> list[str]:
    """Who is told of a step: officers, units and supervisors. What nobody has is its unit's, else its owner's."""
    told = {
        Addressee.ASSIGNEE: [f"officer/{step.assignee}"] if step.assignee else [f"unit/{step.unit}"] * bool(step.unit),
        Addressee.OWNER: [f"officer/{file.owner}"],
        Addressee.UNIT: [f"unit/{step.unit}"] * bool(step.unit),
        Addressee.SUPERVISOR: [f"supervisor/{step.division}"],
    }
    return list(dict.fromkeys(word for each in rung.tell for word in told[each])) or [f"officer/{file.owner}"]
