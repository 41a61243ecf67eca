"""The parameter packs that decisions are made with: the one in force, and every earlier one a decision still names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from services.reference.parameters import Pack
from services.training.rules import agreements
from services.training.rules.eligibility import Ruleset, checked, ruleset
from services.training.tables import RulePackRow

SHIPPED = Path(__file__).parent / "parameters" / "training.yaml"


class Packs:
    """`current` decides; the others explain."""

    def __init__(self, path: Path = SHIPPED) -> None:
        """Reads the pack in force. ValueError, with every fault and its line, if this service cannot decide by it."""
        self._content = path.read_text(encoding="utf-8")
        self.current = agreements.checked(checked(Pack.load(self._content)))
        self._known = {self.current.fingerprint: self.current}

    def remember(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        """Stores the pack in force, so that what it decides can be explained when another one is."""
        insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
        row = {"fingerprint": self.current.fingerprint, "content": self._content, "record_time": clock()}
        with engine.begin() as connection:
            connection.execute(insert(RulePackRow).values(row).on_conflict_do_nothing())

    def ruleset(self, session: Session, fingerprint: str, division: str, on: date) -> Ruleset:
        """The rules of the pack with this fingerprint, in force in a division on a day."""
        pack = self._known.get(fingerprint)
        if pack is None:
            pack = Pack.load(session.get_one(RulePackRow, fingerprint).content)
            self._known[fingerprint] = pack
        return ruleset(pack, division, on)
