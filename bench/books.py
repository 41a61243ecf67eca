"""Whether what was measured is also true: each answer stored once, counted once and journalled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text

from services.platform.database import POSTGRESQL_OPTIONS


@dataclass(frozen=True, slots=True)
class Books:
    """The rows of the platform's tables that enrolments leave."""

    replies: int
    audit_entries: int
    events: int


class Auditor:
    """Reads one training database, beside the server that writes it."""

    def __init__(self, url: str) -> None:
        if url.startswith("sqlite"):
            import pysqlite3

            self._engine: Engine = create_engine(url, module=pysqlite3)
        else:
            options = f"{POSTGRESQL_OPTIONS} -c search_path=training"
            self._engine = create_engine(
                url.replace("postgresql://", "postgresql+psycopg://"), connect_args={"options": options}
            )

    def books(self) -> Books:
        """What has been written until now."""
        with self._engine.connect() as connection:
            return Books(
                _one(connection, "SELECT count(*) FROM reply"),
                _one(connection, "SELECT count(*) FROM audit_entry WHERE resource LIKE 'enrolments/%'"),
                _one(connection, "SELECT count(*) FROM outbox_event WHERE type LIKE 'liancai.training.enrolment.%'"),
            )

    def faults(self, class_name: str, people: int, before: Books, *, replies: bool = True) -> list[str]:
        """What does not conserve after `people` more were enrolled in a class, and nothing else was done meanwhile."""
        after = self.books()
        with self._engine.connect() as connection:
            own = {"id": class_name.partition("/")[2]}
            held = connection.execute(text("SELECT * FROM classes WHERE id = :id"), own).mappings().one()
            by_state = text("SELECT state, count(*) FROM enrolments WHERE class_id = :id GROUP BY state")
            states = {str(state): int(count) for state, count in connection.execute(by_state, own)}
            places = _one(connection, "SELECT count(DISTINCT place) FROM enrolments WHERE class_id = :id", **own)
            order = connection.execute(text("SELECT * FROM orders WHERE id = :id"), {"id": held["order_id"]})
            found = order.mappings().one()
            journal = _journal(connection, held["order_id"])
        balances = {name: found[f"seats_{name.lower()}"] for name in ("OPEN", "COMMITTED", "ENROLLED", "HIRED", "LOST")}
        enrolled, waiting = states.get("ENROLLED", 0), states.get("WAITLISTED", 0)
        checks = {
            "enrolled": (held["enrolled"], enrolled),
            "waitlisted": (held["waitlisted"], waiting),
            "arrivals": (held["arrivals"], enrolled + waiting),
            "places": (places, enrolled + waiting),
            "never above the capacity": (max(0, enrolled - held["capacity"]), 0),
            "the order's enrolled seats": (balances["ENROLLED"], enrolled),
            "the order's seats together": (sum(balances.values()), found["headcount"]),
            "the journal of seats": (journal, {name: count for name, count in balances.items() if count}),
            "audit entries": (after.audit_entries - before.audit_entries, people),
            "events": (after.events - before.events, people),
            "replies": (after.replies - before.replies, people if replies else 0),
        }
        return [f"{name}: {found} is not {wanted}" for name, (found, wanted) in checks.items() if found != wanted]

    def close(self) -> None:
        """Closes its connections."""
        self._engine.dispose()


def _one(connection: Connection, statement: str, **values: Any) -> int:
    return int(connection.execute(text(statement), values).scalar_one())


def _journal(connection: Connection, order_id: str) -> dict[str, int]:
    """Balances as the movements of seats add up to them."""
    statement = (
        "SELECT place, sum(seats) FROM (SELECT target AS place, seats FROM seat_movements WHERE order_id = :id"
        " UNION ALL SELECT source, -seats FROM seat_movements WHERE order_id = :id) AS movement GROUP BY place"
    )
    found = connection.execute(text(statement), {"id": order_id})
    return {str(place): int(seats) for place, seats in found if place != "NEW" and seats}
