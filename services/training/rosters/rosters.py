"""The roster import: one file, one class, every row a verdict.

Rows are read as they come, and of each only what it says is kept until the End, for the second of two equal rows
condemns the first; then `importing` decides. Nothing is stored before the End, and what a killed import did store is
found again by the next one: a person who is in the class already is unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import grpc
from liancai.training.v1 import rosters_pb2 as pb
from liancai.training.v1 import rosters_pb2_grpc

from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Invalid, TooMuch
from services.platform.requests import Reading
from services.reference import occupations
from services.reference.clock import day_of
from services.reference.conditions import Level, is_remark, remarks
from services.reference.parameters import Effect
from services.training.packs import Packs
from services.training.rosters.importing import Import
from services.training.rosters.verdicts import progress
from services.training.rules import roster
from services.training.rules.facts import NO_FUND
from services.training.rules.roster import CONDITIONS, About, Rows, whole
from services.training.scopes import ClassScopes
from services.training.seats.enrolling import Desk
from services.training.tables import ClassRow

MOST_ROWS = 200_000
MOST_IN_CHUNK = 2_000
MOST_TITLES = 100  # columns that are unknown, or missing
MOST_SAID = 50  # warnings accepted, remarks of the reader

# the cells of a row by their field
_CELLS = {
    field: field.name
    for field in pb.RosterRow.DESCRIPTOR.fields
    if field.type == field.TYPE_STRING and not field.is_repeated
}
_NUMERIC = "numeric_columns"
_NONE: frozenset[str] = frozenset()


class Rosters(rosters_pb2_grpc.RostersServicer):
    """Imports rosters."""

    def __init__(self, database: Database, desk: Desk, packs: Packs, scopes: ClassScopes) -> None:
        self._database = database
        self._desk = desk
        self._packs = packs
        self._scopes = scopes
        warns = {rule.code for rule in packs.current.rules if rule.effect is Effect.WARN}
        self._acceptable = warns | {code for code, each in CONDITIONS.items() if each.level is Level.WARNING}

    def ImportRoster(
        self, request_iterator: Iterator[pb.ImportRosterRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.ImportRosterResponse]:
        """Header, chunks, end; then verdicts in file order and a summary."""
        call = Call.of(context)
        header, accepted = self._read_header(call, next(request_iterator, None))
        about = self._about(header.class_name)
        rows = Rows()
        last = 0
        for part in request_iterator:
            kind = part.WhichOneof("part")
            if kind == "end":
                break
            if kind != "chunk":
                raise Invalid(reason="ROSTER_PROTOCOL", expected="chunk, end")
            last = _read_chunk(rows, part.chunk, about, last)
            yield progress(len(rows), 0)
        else:
            raise Invalid(reason="ROSTER_PROTOCOL", expected="end")
        roster.compare(rows)
        found = [
            *remarks((said.code, said.about) for said in header.remarks),
            *whole.columns(header.unknown_columns, header.missing_columns, about.subsidised, call.language),
            *whole.rows(rows),
        ]
        yield from Import(self._database, self._desk, self._packs, call, header, accepted).decide(rows, found)

    def _read_header(
        self, call: Call, first: pb.ImportRosterRequest | None
    ) -> tuple[pb.ImportRosterRequest.Header, Mapping[str, str]]:
        """The header, and why each warning is let pass, by its code."""
        if first is None or first.WhichOneof("part") != "header":
            raise Invalid(reason="ROSTER_PROTOCOL", expected="header")
        header, reading = first.header, Reading()
        reading.name("header.class_name", header.class_name, "classes")
        call.request_id = reading.request_id(header.request_id)
        reading.choices("header.mode", [header.mode], header.Mode)
        reading.number("header.threshold_percent", header.threshold_percent, 0, 100)
        if len(header.file_sha256) != 64 or not all(digit in "0123456789abcdef" for digit in header.file_sha256):
            reading.wrong("header.file_sha256", "FIELD_SHA256")
        for field in ("unknown_columns", "missing_columns"):
            if len(getattr(header, field)) > MOST_TITLES:
                reading.wrong(f"header.{field}", "FIELD_TOO_MANY", most=MOST_TITLES)
        accepted = self._read_accepted(reading, header)
        _read_remarks(reading, header)
        reading.done()
        self._scopes.require(call, header.class_name)
        return header, accepted

    def _read_accepted(self, reading: Reading, header: pb.ImportRosterRequest.Header) -> Mapping[str, str]:
        if len(header.accepted) > MOST_SAID:
            reading.wrong("header.accepted", "FIELD_TOO_MANY", most=MOST_SAID)
            return {}
        accepted = {}
        for place, each in enumerate(header.accepted):
            field = f"header.accepted[{place}]"
            if each.code not in self._acceptable:
                reading.wrong(f"{field}.code", "FIELD_NO_WARNING")
            accepted[each.code] = reading.text(f"{field}.reason", each.reason, 2, 200)
        return accepted

    def _about(self, class_name: str) -> About:
        """What rows are compared with of the class."""
        pack, today = self._packs.current, day_of(self._database.clock())
        with self._database.reading() as session:
            held = session.get_one(ClassRow, class_name.partition("/")[2])
            youngest = pack.find("age.minimum", held.division, held.start_date)
            occupation = occupations.find(held.occupation_code)
            return About(
                today,
                class_number=held.id,
                title=held.title,
                start=held.start_date,
                end=held.end_date,
                occupation_code=held.occupation_code,
                occupation_name=occupation.name if occupation else "",
                level=held.skill_level,
                subsidised=held.fund != NO_FUND,
                institution_code=held.institution_credit_code,
                enterprise_code=held.enterprise_credit_code,
                divisions=tuple(code for code in (held.division, held.partner_division) if code),
                youngest=(youngest.integer() if youngest else None) or 0,
            )


def _read_remarks(reading: Reading, header: pb.ImportRosterRequest.Header) -> None:
    if len(header.remarks) > MOST_SAID:
        reading.wrong("header.remarks", "FIELD_TOO_MANY", most=MOST_SAID)
        return
    for place, said in enumerate(header.remarks):
        if not is_remark(said.code):
            reading.wrong(f"header.remarks[{place}].code", "FIELD_REMARK")
        reading.text(f"header.remarks[{place}].about", said.about, 0, 200)


def _read_chunk(rows: Rows, chunk: pb.ImportRosterRequest.Chunk, about: About, last: int) -> int:
    """Reads the rows of a chunk, the number of the row before them being `last`; the number of the last of them.

    Of each row only the filled cells are looked at.
    """
    if len(chunk.rows) > MOST_IN_CHUNK:
        raise Invalid(reason="ROSTER_PROTOCOL", expected=f"<= {MOST_IN_CHUNK} rows")
    if len(rows) + len(chunk.rows) > MOST_ROWS:
        raise TooMuch("ROSTER_TOO_LARGE", limit=MOST_ROWS)
    for each in chunk.rows:
        number = each.row_number
        if number <= last:
            raise Invalid(reason="ROSTER_PROTOCOL", expected="rising row_number")
        last = number
        cells: dict[str, str] = {}
        numeric = _NONE
        for field, value in each.ListFields():
            if (name := _CELLS.get(field)) is not None:
                cells[name] = value
            elif field.name == _NUMERIC:
                numeric = frozenset(value)
        rows.append(roster.read(number, cells, numeric, about))
    return last
