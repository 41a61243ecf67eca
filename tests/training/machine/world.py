"""One running service, and what keeps the examples on it apart: each has a county and a year that no other has."""

from __future__ import annotations

import csv
import hashlib
import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path

import grpc
from liancai.training.v1.enrolments_pb2 import Applicant

from services import host
from services.platform.database import Database
from services.reference import divisions
from services.training import service
from services.training.packs import SHIPPED
from tests.conftest import token_of
from tests.office import Office, somebody
from tests.training.machine.desk import Desk
from tests.training.machine.things import Terms

PARTNER = "370103"
YEARS = range(2027, 2045)  # in none of them anybody is sixty yet
GROUPS = {"UNE": 2, "DIF": 1, "OTH": 3}  # of the waitlist, by category
# what a province does with freed seats
TERMS = {
    "410000": Terms(None, pass_over=True),
    "330000": Terms(timedelta(hours=2), pass_over=True),
    "130000": Terms(None, pass_over=False),
    "420000": Terms(timedelta(hours=2), pass_over=False),
}


def pack() -> str:
    """The shipped parameters, and those of the provinces."""
    line = (
        '- {{key: {key}, value: {value}, unit: {unit}, division: "{division}", effective_from: 2000-01-01,'
        " effective_to: null, source: 测试, confidence: unconfirmed}}\n"
    )
    lines = []
    for division, terms in TERMS.items():
        hours = None if terms.offer is None else terms.offer // timedelta(hours=1)
        for key, value, unit in (
            ("waitlist.offer_hours", hours, "hours"),
            ("waitlist.pass_over_party", terms.pass_over, "flag"),
        ):
            said = "null" if value is None else str(value).lower()
            lines.append(line.format(key=key, value=said, unit=unit, division=division))
    return SHIPPED.read_text(encoding="utf-8").replace("parameters:\n", "parameters:\n" + "".join(lines), 1)


class World:
    """The service of one database, with the officers of four provinces and of the other side."""

    def __init__(self, channel: grpc.Channel, settings: host.Settings, database: Database) -> None:
        self.database = database
        self.clock: Callable[[], datetime] = database.clock
        self._upkeep = service.upkeep(database, settings.environment)
        self._homes = {
            province: Office(
                channel,
                token_of(settings, division=province, unit=f"{province}-hrss"),
                second=token_of(settings, division=province, unit=f"{province}-hrss", subject="second officer"),
            )
            for province in TERMS
        }
        theirs = token_of(settings, division=PARTNER, unit=f"{PARTNER}-hrss", subject="their officer")
        self._partner = Office(channel, theirs)
        self._places = {province: _places(province) for province in TERMS}
        self.people: dict[bytes, str] = {}  # of the example that runs, by blind index
        self.seeds: dict[str, str] = {}  # its classes, by the seed of their lottery

    def desk(self, province: str, count: int) -> Desk:
        """Officers, people and an institution in a county nobody has used in that year."""
        division, year = next(self._places[province])
        # in the order of their blind indexes, so that a party has the lot of its first member
        people = sorted((somebody() for _ in range(count)), key=self._index)
        for number, (person, category) in enumerate(zip(people, itertools.cycle(GROUPS))):
            person.category, person.proof_kind, person.proof_number = category, "就业创业证", f"371526000{number}"
        self.people = {self._index(person): f"p{number}" for number, person in enumerate(people)}
        self.seeds = {}
        return Desk(self._homes[province], self._partner, self.upkeep, division, year, people)

    def lottery_number(self, seed: str, who: bytes) -> int:
        """What somebody draws in a class: the same in each run of an example, though seeds and people are others."""
        return lot(self.seeds[seed], self.people[who])

    def _index(self, person: Applicant) -> bytes:
        return self.database.vault.index("resident_id", person.resident_id)

    def upkeep(self) -> None:
        """One round of what the service does by itself."""
        self._upkeep(self.database.clock())


def lot(held: str, person: str) -> int:
    """A number for somebody in a class."""
    return int.from_bytes(hashlib.sha256(f"{held} {person}".encode()).digest()[:8], "big") >> 2


def _places(province: str) -> Iterator[tuple[str, int]]:
    text = (resources.files("services.reference") / "data" / "divisions.csv").read_text(encoding="utf-8")
    mine = [row[0] for row in csv.reader(text.splitlines()) if row[0].startswith(province[:2]) and row[2] == "county"]
    return ((county, year) for year in YEARS for county in filter(divisions.is_current, mine))


def written(folder: Path) -> str:
    """The path of the parameters, in a file."""
    path = folder / "training.yaml"
    path.write_text(pack(), encoding="utf-8")
    return str(path)
