"""The tables of one example as the model tells them, and what must be true of them whatever the model says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.platform.database import Database
from services.training.tables import (
    Base,
    ClassRow,
    EnrolmentRow,
    OrderRow,
    QuotaRow,
    SubstitutionRow,
    TraineeRow,
)
from tests.training.journal import prove, prove_quota
from tests.training.machine.changes import Model
from tests.training.machine.desk import Desk
from tests.training.machine.things import ACTIVE, SEATED

AUDIT, EVENTS = Base.metadata.tables["audit_entry"], Base.metadata.tables["outbox_event"]
# what moves in a class without making its etag stale
COUNTS = {"enrolled", "offered", "waitlisted", "hired", "arrivals", "last_arrival", "version"}

Picture = dict[str, Any]
Rows = dict[str, dict[str, Any]]


@dataclass
class Seen:
    """The rows of an example at one moment, by their names there, and how far the trail went."""

    orders: Rows
    classes: Rows
    places: Rows
    quotas: Rows
    substitutions: Rows
    audited: int
    announced: int
    entries: list[Any] = field(default_factory=list)  # since the last look
    events: list[Any] = field(default_factory=list)


def look(database: Database, desk: Desk, people: Mapping[bytes, str], before: Seen | None) -> Seen:
    """Reads everything in one snapshot, and gives names to enrolments that are new."""
    with database.reading() as session:
        orders = _rows(session, OrderRow, OrderRow.id.in_(_ids(desk.orders)))
        classes = _rows(session, ClassRow, ClassRow.order_id.in_(list(orders)))
        places = _rows(session, EnrolmentRow, EnrolmentRow.order_id.in_(list(orders)))
        quotas = _rows(session, QuotaRow, QuotaRow.id.in_(list(desk.quotas.values())))
        substitutions = _rows(session, SubstitutionRow, SubstitutionRow.class_id.in_(list(classes)))
        trainees = dict(
            session.execute(
                select(TraineeRow.id, TraineeRow.resident_id_index).where(
                    TraineeRow.id.in_({row["trainee_id"] for row in places.values()})
                )
            ).all()
        )
        trail = [
            session.execute(
                select(table).where(table.c.sequence > mark).order_by(table.c.sequence) if before else select(last)
            ).all()
            for table, mark, last in (
                (AUDIT, before.audited if before else 0, func.max(AUDIT.c.sequence)),
                (EVENTS, before.announced if before else 0, func.max(EVENTS.c.sequence)),
            )
        ]
    names = {name.partition("/")[2]: key for key, name in desk.classes.items()}
    persons = {trainee: people[bytes(index)] for trainee, index in trainees.items()}
    for row_id, row in sorted(places.items()):
        row["person"], row["held"] = persons[row["trainee_id"]], names[row["class_id"]]
        if f"enrolments/{row_id}" not in desk.places.values():
            first = f"{row['person']}@{row['held']}."
            key = f"{first}{sum(each.startswith(first) for each in desk.places) + 1}"
            desk.places[key] = f"enrolments/{row_id}"
    if before is None:
        audited, announced = ((found[0][0] or 0) for found in trail)
        entries, events = [], []
    else:
        entries, events = (list(found) for found in trail)
        audited = entries[-1].sequence if entries else before.audited
        announced = events[-1].sequence if events else before.announced
    return Seen(
        _named(orders, desk.orders),
        _named(classes, desk.classes),
        _named(places, desk.places),
        _named(quotas, {kind: f"quotas/{name}" for kind, name in desk.quotas.items()}),
        _named(substitutions, desk.substitutions),
        audited,
        announced,
        entries,
        events,
    )


def of_tables(seen: Seen) -> Picture:
    """What the rows say, in the words of the model."""
    parties: defaultdict[str, list[str]] = defaultdict(list)
    for key, row in seen.places.items():
        parties[row["party"]].append(key)
    return {
        **{
            key: {
                "state": row["state"],
                "headcount": row["headcount"],
                **{seat: row[f"seats_{seat.lower()}"] for seat in ("OPEN", "COMMITTED", "ENROLLED", "HIRED", "LOST")},
            }
            for key, row in seen.orders.items()
        },
        **{
            key: {
                name: row[name]
                for name in ("state", "capacity", "enrolled", "offered", "waitlisted", "hired", "arrivals")
            }
            | {"last": row["last_arrival"], "suspended": row["suspended"]}
            for key, row in seen.classes.items()
        },
        **{
            key: {
                **{name: row[name] for name in ("person", "held", "state", "place", "priority", "tie")},
                "since": row["waits_since"],
                "party": sorted(parties[row["party"]]) if row["party"] else [],
                "fen": row["subsidy_fen"],
                "expires": row["offer_expire_time"],
            }
            for key, row in seen.places.items()
        },
        **{kind: {"granted": row["granted"], "taken": row["taken"]} for kind, row in seen.quotas.items()},
        **{key: {"state": row["state"]} for key, row in seen.substitutions.items()},
    }


def of_model(model: Model) -> Picture:
    """What the model says."""
    parties: defaultdict[str, list[str]] = defaultdict(list)
    for key, each in model.places.items():
        parties[each.party].append(key)
    return {
        **{
            key: {"state": each.state, "headcount": each.headcount, **model.balances(key)}
            for key, each in model.orders.items()
        },
        **{
            key: {
                "state": each.state,
                "capacity": each.capacity,
                "enrolled": model.count(key, "ENROLLED"),
                "offered": model.count(key, "OFFERED"),
                "waitlisted": model.count(key, "WAITLISTED"),
                "hired": model.count(key, "HIRED"),
                "arrivals": each.arrivals,
                "last": each.last_arrival,
                "suspended": model.suspended,
            }
            for key, each in model.classes.items()
        },
        **{
            key: {
                **{name: getattr(each, name) for name in ("person", "held", "state", "place", "priority", "tie")},
                "since": each.since,
                "party": sorted(parties[each.party]) if each.party else [],
                "fen": each.fen,
                "expires": each.expires,
            }
            for key, each in model.places.items()
        },
        **{limit: {"granted": granted, "taken": model.taken(limit)} for limit, granted in model.granted.items()},
        **{key: {"state": each.state} for key, each in model.substitutions.items()},
    }


def differences(told: Picture, found: Picture) -> list[str]:
    """Where two pictures differ, a line each."""
    lines = []
    for key in sorted(told.keys() | found.keys()):
        ours, theirs = told.get(key, {}), found.get(key, {})
        lines += [
            f"{key} {name}: {ours.get(name)} was to be expected, there is {theirs.get(name)}"
            for name in sorted(ours.keys() | theirs.keys())
            if ours.get(name) != theirs.get(name)
        ]
    return lines


def prove_ledgers(database: Database, desk: Desk, seen: Seen) -> None:
    """Balances, journals, counters and rows tell the same."""
    for name in desk.orders.values():
        prove(database, name)
    for kind in seen.quotas:
        prove_quota(database, f"quotas/{desk.quotas[kind]}")


def check_seats(before: Seen, after: Seen) -> None:
    """Nobody is in a class twice, and no class that is full got anybody new."""
    active = Counter((row["person"], row["held"]) for row in after.places.values() if row["state"] in ACTIVE)
    assert max(active.values(), default=1) == 1, f"twice in one class: {active.most_common(1)}"
    for held, row in after.classes.items():
        seated = {key for key, each in after.places.items() if each["held"] == held and each["state"] in SEATED}
        were = {key for key, each in before.places.items() if each["state"] in SEATED}
        had = {key for key in were if before.places[key]["held"] == held}
        if len(seated) > max(row["capacity"], before.classes[held]["capacity"] if held in before.classes else 0):
            assert len(seated - were) <= len(had - seated), f"{held} is over its capacity and got {seated - were}"


def check_etags(before: Seen, after: Seen) -> None:
    """An etag changes whenever what it stands for does."""
    for was, now, aside in (
        (before.places, after.places, set()),
        (before.classes, after.classes, COUNTS),
        (before.substitutions, after.substitutions, set()),
    ):
        for key in was.keys() & now.keys():
            changed = {name for name in now[key] if now[key][name] != was[key][name]} - {*aside, "version", "held"}
            renewed = now[key]["version"] > was[key]["version"]
            assert renewed or not changed, f"{key} kept its etag while {changed} changed"
            assert changed or not renewed, f"{key} has another etag and nothing else"


def check_trail(desk: Desk, before: Seen, after: Seen, *, done: bool) -> None:
    """Every change of somebody's state or class is in the audit trail and among the events; a refusal is in neither."""
    # a teacher is added to the institution before a class of theirs is asked for
    audited = {each.resource for each in after.entries if not each.resource.startswith("teachers/")}
    announced = {each.subject for each in after.events if not each.subject.startswith("teachers/")}
    assert done or not (audited or announced), "a refusal left a trail"
    for rows, was, names, watched in (
        (after.places, before.places, desk.places, ("state", "class_id", "priority", "waits_since")),
        (after.classes, before.classes, desk.classes, ("state", "capacity")),
        (after.orders, before.orders, desk.orders, ("state", "headcount")),
    ):
        for key, row in rows.items():
            old = was.get(key)
            if old is None or any(row[name] != old[name] for name in watched):
                assert names[key] in audited, f"{key} has changed and the audit trail does not tell"
                assert names[key] in announced, f"{key} has changed and no event tells"


def _rows(session: Session, table: Any, wanted: Any) -> Rows:
    found = session.execute(select(*table.__table__.columns).where(wanted))
    return {row["id"]: dict(row) for row in found.mappings()}


def _ids(names: Mapping[str, str]) -> list[str]:
    return [name.partition("/")[2] for name in names.values()]


def _named(rows: Rows, names: Mapping[str, str]) -> Rows:
    known = {name.partition("/")[2]: key for key, name in names.items()}
    return {known[row_id]: row for row_id, row in rows.items()}


def subjects(desk: Desk) -> set[str]:
    """The resource names of the example whose events can be replayed."""
    named: Iterable[Mapping[str, str]] = (desk.orders, desk.classes, desk.places)
    return {name for names in named for name in names.values()}
