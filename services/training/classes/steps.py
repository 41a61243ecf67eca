"""What the steps of a class's life have in common: the lock, the states, the trail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from liancai.training.v1 import classes_pb2 as pb

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Refused
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.parameters import Pack
from services.training import messages, queries
from services.training.classes.fields import sessions_of
from services.training.classes.remarks import remarks
from services.training.rules import states
from services.training.rules.states import CLASS_VERBS, ClassState
from services.training.tables import ClassRow, OrderRow

Change = Callable[[Tx, ClassRow], dict[str, Any]]


class Steps:
    """A group of RPCs that move a class along."""

    def __init__(self, database: Database, pack: Pack) -> None:
        self._database = database
        self._pack = pack

    def advance(self, call: Call, request: Any, verb: str, change: Change, reading: Reading | None = None) -> pb.Class:
        """One step of a class's life; `change(tx, row)` gives the columns that change with it."""
        read_verb(reading or Reading(), request)
        allowed, target = CLASS_VERBS[verb]

        def work(tx: Tx) -> pb.Class:
            row = queries.for_change(tx, call, ClassRow, request.name, request.etag)
            require_state(row, allowed)
            for column, value in {**change(tx, row), "state": target, "update_time": tx.now}.items():
                setattr(row, column, value)
            tx.session.flush()
            detail = {"state": target, **({"gaps": [gap["code"] for gap in row.gaps]} if row.gaps else {})}
            tx.record(call, request.name, event=f"class.{target.lower()}", reason=row.reason, detail=detail)
            tx.session.refresh(row)
            return messages.training_class(call, row, sessions_of(tx.session, row.id))

        return self._database.write(call, request, work, key=request.name)

    def remarks(self, row: ClassRow, today: date) -> list[dict[str, Any]]:
        """What the parameters in force say of its size and dates."""
        return remarks(self._pack, row, today)


def read_verb(reading: Reading, request: Any) -> None:
    """Checks what every step asks for, and whatever was read before."""
    reading.name("name", request.name, "classes")
    reading.request_id(request.request_id)
    reading.done()


def require_state(row: ClassRow, allowed: Sequence[ClassState]) -> None:
    """Raises Refused CLASS_STATE unless the class is in one of these."""
    if row.state not in allowed:
        raise Refused("CLASS_STATE", class_name=f"classes/{row.id}", state=row.state, allowed=", ".join(allowed))


def require_order(order: OrderRow) -> None:
    """Raises Refused ORDER_STATE unless the order takes classes."""
    if order.state not in states.TAKES_CLASSES:
        raise Refused(
            "ORDER_STATE", order=f"orders/{order.id}", state=order.state, allowed=", ".join(states.TAKES_CLASSES)
        )
