"""Registers of other bureaus (比对数据): imports that replace one whole register, and which there are.

Rows are written as they come, a chunk a transaction, under a generation of their own that nobody asks yet. The End
makes it the register's generation in one transaction; the rows of the one before are deleted afterwards, in steps. What
a killed import left behind is deleted by the next.

Of two imports of one register the one that began last counts. Each takes a number when it begins, and every transaction
of an import makes sure, under a lock, that no higher number was taken: an import that was overtaken can neither write
rows nor delete another's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar, cast

import grpc
from liancai.common.v1 import types_pb2
from liancai.training.v1 import registers_pb2 as pb
from liancai.training.v1 import registers_pb2_grpc
from sqlalchemy import ColumnElement, Table, delete, false, func, literal, or_, select, tuple_

from services.platform.boundary import Call
from services.platform.bulk import BulkInsert, Row
from services.platform.database import Database
from services.platform.errors import Denied, Fault, Invalid, Refused, TooMuch, Unavailable, Violation
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.requests import Reading, stamp
from services.platform.transaction import Tx
from services.reference import divisions
from services.reference.clock import day_of
from services.training import queries
from services.training.rules import register
from services.training.rules.findings import Finding
from services.training.rules.register import Kind, Line
from services.training.tables import NumberRow, RegisterEntryRow, RegisterRow

MOST_ROWS = 2_000_000
MOST_IN_CHUNK = 2_000
MOST_FAULTS = 1_000
STEP = 5_000  # rows deleted in one transaction

_ENTRIES = BulkInsert(
    cast(Table, RegisterEntryRow.__table__),
    ("generation", "kind", "person_index", "since", "until", "occupation_code", "certificate_level"),
)


T = TypeVar("T")


@dataclass(slots=True)
class _Import:
    """One import under way. `number` says which of the register's imports it is."""

    call: Call
    header: pb.ImportRegisterRequest.Header
    kind: Kind
    as_of: date
    source: str
    today: date
    number: int = 0
    received: int = 0
    last_row: int = 0
    faults: list[pb.ImportRegisterResponse.RowFault] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The register's resource name."""
        return name_of(self.kind, self.header.division)

    @property
    def series(self) -> str:
        """Imports of one register are numbered together and share a lane."""
        return f"registers/{self.kind}-{self.header.division}"

    def generation(self, number: int) -> str:
        """Where the rows of one import of this register are; generations sort as their numbers do."""
        return f"{self.kind}-{self.header.division}-{number:09}"


class Registers(registers_pb2_grpc.RegistersServicer):
    """Imports and lists registers."""

    def __init__(self, database: Database, pages: Pages) -> None:
        self._database = database
        self._pages = pages

    def ImportRegister(
        self, request_iterator: Iterator[pb.ImportRegisterRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.ImportRegisterResponse]:
        """Header, chunks, end; then the register as it is now, or every row that is wrong."""
        running = self._begin(Call.of(context), next(request_iterator, None))
        now = self._write(running, lambda tx: tx.session.get(RegisterRow, (running.kind, running.header.division)))
        if now is not None and _same(running, now):
            self._sweep(running)
            yield _summary(now, changed=False)
            return
        settled = False
        try:
            self._sweep(running)
            for part in request_iterator:
                kind = part.WhichOneof("part")
                if kind == "end":
                    break
                if kind != "chunk":
                    raise Invalid(reason="ROSTER_PROTOCOL", expected="chunk, end")
                self._take(running, part.chunk)
                yield pb.ImportRegisterResponse(progress=pb.ImportRegisterResponse.Progress(received=running.received))
            else:
                raise Invalid(reason="ROSTER_PROTOCOL", expected="end")
            if not running.received:
                raise Invalid(Violation("chunk.rows", "FIELD_REGISTER_EMPTY"))
            if not running.faults:
                now, settled = self._write(running, lambda tx: _switch(tx, running)), True
        finally:
            # also of a caller who went away; if it cannot be done now, the next import does it
            with suppress(Fault):
                self._sweep(running, mine=not settled)
        yield _summary(now, changed=settled, faults=running.faults)

    def ListRegisters(
        self, request: pb.ListRegistersRequest, context: grpc.ServicerContext
    ) -> pb.ListRegistersResponse:
        """A page of the registers of the caller's division, of those within it and of those that cover it."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        key = tuple_(RegisterRow.kind, RegisterRow.division)
        wanted = select(RegisterRow).where(within_reach(call)).order_by(RegisterRow.kind, RegisterRow.division)
        if page.after is not None:
            wanted = wanted.where(key > tuple_(*map(literal, page.after)))
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListRegistersResponse(
            registers=[_message(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "kind", "division"),
        )

    def _begin(self, call: Call, first: pb.ImportRegisterRequest | None) -> _Import:
        """Reads the header and takes the import's number."""
        if first is None or first.WhichOneof("part") != "header":
            raise Invalid(reason="ROSTER_PROTOCOL", expected="header")
        header, reading, today = first.header, Reading(), day_of(self._database.clock())
        kinds = reading.choices("header.kind", [header.kind], pb.RegisterKind)
        if not (len(header.division) == 6 and divisions.is_current(header.division)):
            reading.wrong("header.division", "FIELD_ANY_DIVISION")
        as_of = reading.day("header.as_of", header.as_of)
        if as_of > today:
            reading.wrong("header.as_of", "FIELD_FUTURE")
        source = reading.text("header.source", header.source, 1, 200)
        if len(header.file_sha256) != 64 or not all(digit in "0123456789abcdef" for digit in header.file_sha256):
            reading.wrong("header.file_sha256", "FIELD_SHA256")
        call.request_id = reading.request_id(header.request_id)
        reading.done()
        if not call.may(call.action, Scope((header.division,))):
            raise Denied(call.action)
        running = _Import(call, header, Kind(kinds[0]), as_of, source, today)
        running.number = self._database.write_again(
            call, lambda tx: queries.next_in(tx, running.series), key=running.series
        )
        return running

    def _take(self, running: _Import, chunk: pb.ImportRegisterRequest.Chunk) -> None:
        """Reads and writes one chunk; after the first fault rows are only read, to name the others."""
        if len(chunk.rows) > MOST_IN_CHUNK:
            raise Invalid(reason="ROSTER_PROTOCOL", expected=f"<= {MOST_IN_CHUNK} rows")
        if running.received + len(chunk.rows) > MOST_ROWS:
            raise TooMuch("REGISTER_TOO_LARGE", limit=MOST_ROWS)
        generation, rows = running.generation(running.number), list[Row]()
        for each in chunk.rows:
            if each.row_number <= running.last_row:
                raise Invalid(reason="ROSTER_PROTOCOL", expected="rising row_number")
            running.last_row = each.row_number
            line = Line(each.resident_id, each.since, each.until, each.occupation_code, each.certificate_level)
            found = register.read(line, running.kind, running.today)
            if isinstance(found, list):
                space = MOST_FAULTS - len(running.faults)
                running.faults += [_fault(running.call, each.row_number, said) for said in found[:space]]
                continue
            index = self._database.vault.index("resident_id", found.number)
            rows.append(
                (generation, running.kind, index, found.since, found.until, found.occupation_code,
                 found.certificate_level)
            )  # fmt: skip
        running.received += len(chunk.rows)
        if rows and not running.faults:
            self._write(running, lambda tx: _ENTRIES(tx.connection, rows))

    def _sweep(self, running: _Import, *, mine: bool = False) -> None:
        """Deletes, a step a transaction, the rows of this register that are not in force, and with `mine` its own."""
        while self._write(running, lambda tx: _delete_some(tx, running, mine)):
            pass

    def _write(self, running: _Import, work: Callable[[Tx], T]) -> T:
        """Does the work in a transaction of its own, unless another import of this register has begun."""

        def guarded(tx: Tx) -> T:
            _still_last(tx, running)
            return work(tx)

        return self._database.write_again(running.call, guarded, key=running.series)


def _still_last(tx: Tx, running: _Import) -> None:
    """Holds the register's number until the transaction ends, so that no other import can begin meanwhile."""
    wanted = select(NumberRow.last).where(NumberRow.series == running.series).with_for_update()
    if tx.connection.execute(wanted).scalar_one() != running.number:
        raise Refused("REGISTER_OVERTAKEN", register=running.name)


def _switch(tx: Tx, running: _Import) -> RegisterRow:
    """Puts the new generation in force; from now on it is the one that is asked."""
    generation, header = running.generation(running.number), running.header
    stored = tx.connection.execute(
        select(func.count()).select_from(RegisterEntryRow).where(RegisterEntryRow.generation == generation)
    ).scalar_one()
    if stored != running.received:
        raise Unavailable  # a connection that was lost between a commit and its answer: send the file again
    row = tx.session.get(RegisterRow, (running.kind, header.division))
    before = row.as_of.isoformat() if row else ""
    if row is None:
        row = RegisterRow(kind=running.kind, division=header.division)
        tx.session.add(row)
    row.generation, row.as_of, row.rows = generation, running.as_of, stored
    row.file_sha256, row.source, row.record_time = header.file_sha256, running.source, tx.now
    tx.session.flush()
    detail = {"rows": stored, "as_of": header.as_of, "before": before, "file_sha256": header.file_sha256}
    tx.record(running.call, running.name, event="register.imported", detail=detail)
    return row


def _delete_some(tx: Tx, running: _Import, mine: bool) -> int:
    """Deletes up to STEP rows of generations that are not in force; returns how many."""
    entries = RegisterEntryRow.__table__.c
    row = tx.session.get(RegisterRow, (running.kind, running.header.division))
    in_force = row.generation if row else ""
    first, own = running.generation(0), running.generation(running.number)
    end = running.generation(running.number + 1) if mine else own
    # everything between the first generation and the last one but the one in force
    ranges = [(first, in_force), (f"{in_force}.", end)] if in_force else [(first, end)]
    deleted = 0
    for low, high in ranges:
        some = select(entries.sequence).where(entries.generation >= low, entries.generation < high).limit(STEP)
        deleted += tx.connection.execute(delete(RegisterEntryRow).where(entries.sequence.in_(some))).rowcount
    return deleted


def _same(running: _Import, row: RegisterRow) -> bool:
    """Whether the file in force is this very one, of the same day and source."""
    return (row.file_sha256, row.as_of, row.source) == (running.header.file_sha256, running.as_of, running.source)


def _fault(call: Call, row_number: int, found: Finding) -> pb.ImportRegisterResponse.RowFault:
    return pb.ImportRegisterResponse.RowFault(
        row_number=row_number,
        finding=types_pb2.Finding(
            level=types_pb2.Finding.ERROR,
            code=found.code,
            field=found.column,
            message=call.say(found.code, found.values),
            value=found.value,
        ),
    )


def _summary(
    row: RegisterRow | None, *, changed: bool, faults: list[pb.ImportRegisterResponse.RowFault] | None = None
) -> pb.ImportRegisterResponse:
    summary = pb.ImportRegisterResponse.Summary(changed=changed, faults=faults)
    if row is not None:
        summary.register.CopyFrom(_message(row))
    return pb.ImportRegisterResponse(summary=summary)


def _message(row: RegisterRow) -> pb.Register:
    return pb.Register(
        kind=pb.RegisterKind.Value(row.kind),
        division=row.division,
        as_of=row.as_of.isoformat(),
        rows=row.rows,
        source=row.source,
        file_sha256=row.file_sha256,
        record_time=stamp(row.record_time),
    )


def within_reach(call: Call, action: str = "") -> ColumnElement[bool]:
    """The registers of a list that its caller may see; of what `action` reads, if that is not this RPC."""
    reach = call.reach(action)
    if reach.division is None:
        return false()
    low, high = divisions.scope_range(reach.division)
    covering = (f"{reach.division[:4]}00", f"{reach.division[:2]}0000")
    return or_(RegisterRow.division.between(low, high), RegisterRow.division.in_(covering))


def name_of(kind: str, division: str) -> str:
    """A register's resource name."""
    return f"registers/{kind.lower().replace('_', '-')}-{division}"
