"""Who has a part in a class, remembered: it is asked with every enrolment and never changes once the class exists."""

from __future__ import annotations

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import NotFound
from services.platform.policy import Scope
from services.training.queries import scope_of
from services.training.tables import ClassRow

REMEMBERED = 10_000


class ClassScopes:
    """Scopes of classes by resource name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Scope] = {}

    def require(self, call: Call, name: str) -> None:
        """Raises NotFound or Denied unless the caller may do this RPC to the class."""
        scope = self._known.get(name)
        if scope is None:
            call.may_wait()
            with self._database.reading() as session:
                row = session.get(ClassRow, name.partition("/")[2])
                if row is None:
                    raise NotFound(name)
                scope = scope_of(row)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[name] = scope
        call.require(scope, name)
