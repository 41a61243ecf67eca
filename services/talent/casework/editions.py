"""The versions of the catalogue as the rules read them: each parsed once, for what is published never changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.clock import now
from services.platform.errors import Refused
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.reference.workdays import published
from services.talent.casefiles import CaseFile, StepFile
from services.talent.casework import ladders
from services.talent.casework.advancing import Desk, type_of
from services.talent.casework.timings import Timing, Timings
from services.talent.rules.catalogue import Catalogue, Step
from services.talent.rules.catalogue_file import load
from services.talent.rules.ladder import Rung
from services.talent.tables import CatalogueRow

SHIPPED = Path(__file__).parents[1] / "parameters" / "talent.yaml"


class Editions:
    """Versions by number, and the one that is in force on a day; beside them the parameters."""

    def __init__(self, parameters: Path = SHIPPED, clock: Callable[[], datetime] = now) -> None:
        """Reads the parameters. ValueError, with every fault and its line, if they cannot be read."""
        self.pack = Pack.load(parameters.read_text(encoding="utf-8"))
        ladders.check(self.pack)
        self._clock = clock
        self._known: dict[str, Catalogue] = {}
        self._timings = Timings(self.pack)

    def desk(
        self, session: Session | Connection, call: Call, file: CaseFile, now: datetime, occurred: datetime
    ) -> Desk:
        """A case as somebody works on it, with the catalogue of its intake and the calendar in force."""
        return Desk(call, file, self.of(session, file.catalogue_id), self._timings, published(), now, occurred)

    def kind(self, session: Session | Connection, file: CaseFile, step: StepFile) -> Step:
        """What the catalogue of a case says of a step."""
        return self.of(session, file.catalogue_id).matter(type_of(step.matter)).step(step.key)

    def wants(self, session: Session | Connection, files: Mapping[str, CaseFile], step: StepFile) -> bool:
        """Whether a step of one of the cases wants documents."""
        return bool(self.kind(session, files[step.case_id], step).documents)

    def timing(self, kind: Step, file: CaseFile, step: StepFile) -> Timing:
        """By what a step is timed: by the parameters in force when its case was opened."""
        return self._timings.of(file, step, kind)

    def rungs(self, division: str, day: date) -> tuple[Rung, ...]:
        """The rungs of the ladder in force in a division."""
        return ladders.rungs(self.pack, division, day)

    def today(self) -> date:
        """The day it is in China, by the clock of the database."""
        return day_of(self._clock())

    def of(self, session: Session | Connection, number: str) -> Catalogue:
        """The version with this number."""
        found = self._known.get(number)
        if found is None:
            content = session.execute(select(CatalogueRow.content).where(CatalogueRow.id == number)).scalar_one()
            found = load((f"catalogues/{number}", content))
            self._known[number] = found
        return found

    def in_force(self, session: Session, day: date) -> str:
        """The number of the version in force on a day. Raises Refused CATALOGUE_NONE."""
        wanted = (
            select(CatalogueRow.id)
            .where(CatalogueRow.valid_from <= day, (CatalogueRow.valid_to >= day) | CatalogueRow.valid_to.is_(None))
            .limit(1)
        )
        number = session.execute(wanted).scalar_one_or_none()
        if number is None:
            raise Refused("CATALOGUE_NONE", day=day.isoformat())
        return number
