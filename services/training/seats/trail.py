"""The trail of many enrolments at once: the same audit entries and events as one by one, written by one statement each.

A roster of a hundred thousand rows would else send every row to the database three times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.platform.transaction import Tx

if TYPE_CHECKING:
    from services.training.seats.decisions import Application

_DETAIL = (
    """'{{"class": "classes/' || class_id || '", "state": "' || state || '", "place": ' || place"""
    """ || CASE WHEN accepted{text} = '[]' THEN '' ELSE ', "accepted": ' || accepted{text} END || '}}'"""
)
_AUDIT = (
    "INSERT INTO audit_entry (record_time, occur_time, actor, unit, division, action, resource, reason, request_id,"
    " detail) SELECT record_time, occur_time, {p}, {p}, {p}, {p}, 'enrolments/' || id, {p}, {p}, {detail}"
    " FROM enrolments WHERE class_id = {p} AND place BETWEEN {p} AND {p} ORDER BY place"
)
_EVENTS = (
    "INSERT INTO outbox_event (type, subject, time, record_time, data)"
    " SELECT 'liancai.training.enrolment.' || lower(state), 'enrolments/' || id, occur_time, record_time, {detail}"
    " FROM enrolments WHERE class_id = {p} AND place BETWEEN {p} AND {p} ORDER BY place"
)


def record(tx: Tx, application: Application, first: int, last: int) -> None:
    """Notes the enrolments of the class with places from `first` to `last`, all made by the same call in this work."""
    call, connection = application.call, tx.connection
    caller, places = call.caller, (application.class_id, first, last)
    postgresql = connection.dialect.name == "postgresql"
    detail = _DETAIL.format(text="::text" if postgresql else "")
    given = {"p": "%s" if postgresql else "?", "detail": f"({detail})::json" if postgresql else detail}
    who = (caller.subject, caller.unit, caller.division, call.action, application.late_reason, call.request_id)
    connection.exec_driver_sql(_AUDIT.format(**given), (*who, *places))
    connection.exec_driver_sql(_EVENTS.format(**given), places)
