"""Imports of registers over the wire: the whole file or nothing, one at a time, by blind index only."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from liancai.training.v1 import audit_pb2
from liancai.training.v1 import registers_pb2 as pb
from sqlalchemy import func, select

from services import host
from services.platform.database import Database
from services.reference import resident_id
from services.training import registers
from services.training.tables import RegisterEntryRow, RegisterRow
from tests.conftest import token_of
from tests.office import Office, request_id
from tests.statuses import status_of

Part = pb.ImportRegisterRequest
Desk = Callable[..., Office]
PENSION, TRAINING = pb.PENSION, pb.SUBSIDISED_TRAINING


@pytest.fixture
def desk(grpc_channel: grpc.Channel, settings: host.Settings) -> Desk:
    """Whoever is wanted, at a desk: `desk(division="370103")`."""
    return lambda **who: Office(grpc_channel, token_of(settings, **who))


def pensioners(count: int, first: int = 0, **cells: Any) -> list[pb.RegisterEntry]:
    """Rows of people nobody is."""
    return [
        pb.RegisterEntry(
            row_number=number - first + 2,
            resident_id=resident_id.make("371526", date(1940, 1, 1) + timedelta(days=number // 500), number % 500),
            **{"since": "2010-01-01", **cells},
        )
        for number in range(first, first + count)
    ]


def header(rows: Sequence[pb.RegisterEntry] = (), **fields: Any) -> Part:
    digest = hashlib.sha256(b"".join(row.SerializeToString(deterministic=True) for row in rows)).hexdigest()
    values = {
        "kind": PENSION, "division": "371526", "as_of": "2026-11-20", "source": "高唐县社会保险事业中心",
        "file_sha256": digest, "request_id": request_id(),
    }  # fmt: skip
    return Part(header=Part.Header(**{**values, **fields}))


def chunk(rows: Iterable[pb.RegisterEntry]) -> Part:
    return Part(chunk=Part.Chunk(rows=rows))


END = Part(end=Part.End())


def bring(office: Office, rows: Sequence[pb.RegisterEntry], size: int = 7, **fields: Any) -> Any:
    """Imports rows as a client does; the summary."""

    def parts() -> Iterator[Part]:
        yield header(rows, **fields)
        for start in range(0, len(rows), size):
            yield chunk(rows[start : start + size])
        yield END

    *progress, last = office.registers.ImportRegister(parts(), timeout=120)
    assert all(each.HasField("progress") for each in progress)
    return last.summary


def refused(office: Office, *parts: Part) -> tuple[grpc.StatusCode, str, list[str]]:
    """How an import is refused: code, reason and the fields that are wrong."""
    with pytest.raises(grpc.RpcError) as refusal:
        list(office.registers.ImportRegister(iter(parts)))
    status = status_of(refusal.value)
    info, bad = status.details[0], [each for each in status.details if "BadRequest" in each.type_url]
    reason, fields = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    info.Unpack(reason)
    if bad:
        bad[0].Unpack(fields)
    return refusal.value.code(), reason.reason, [each.field for each in fields.field_violations]


def stored(database: Database, kind: str = "PENSION", division: str = "371526") -> dict[str, int]:
    """Rows of a register by generation."""
    with database.reading() as session:
        found = session.execute(
            select(RegisterEntryRow.generation, func.count())
            .where(RegisterEntryRow.generation.like(f"{kind}-{division}-%"))
            .group_by(RegisterEntryRow.generation)
        )
        return {row[0]: row[1] for row in found}


def in_force(database: Database, kind: str = "PENSION", division: str = "371526") -> RegisterRow:
    with database.reading() as session:
        return session.get_one(RegisterRow, (kind, division))


def test_a_register_is_kept_by_blind_index_only(office: Office, database: Database) -> None:
    rows = pensioners(20)
    summary = bring(office, rows)
    assert summary.changed
    assert not summary.faults
    assert (summary.register.rows, summary.register.as_of) == (20, "2026-11-20")
    with database.reading() as session:
        entries = session.scalars(select(RegisterEntryRow).order_by(RegisterEntryRow.sequence)).all()
        raw = str(session.connection().exec_driver_sql("SELECT * FROM register_entries").fetchall())
    assert [each.person_index for each in entries] == [
        database.vault.index("resident_id", row.resident_id) for row in rows
    ]
    assert {(each.since, each.until, each.certificate_level) for each in entries} == {(date(2010, 1, 1), None, 0)}
    assert {each.generation for each in entries} == {in_force(database).generation}
    assert not [row for row in rows if row.resident_id in raw]


def test_a_later_file_replaces_the_one_before_and_its_rows_are_gone(office: Office, database: Database) -> None:
    bring(office, pensioners(30))
    before = in_force(database)
    summary = bring(office, pensioners(12, first=50), as_of="2026-11-21", source="同上")
    after = in_force(database)
    assert summary.changed
    assert after.generation != before.generation
    assert (after.rows, after.as_of, after.source) == (12, date(2026, 11, 21), "同上")
    assert stored(database) == {after.generation: 12}


def test_the_same_file_again_changes_nothing(office: Office, database: Database) -> None:
    rows = pensioners(25, first=100)
    bring(office, rows)
    before = in_force(database)
    again = bring(office, rows)
    assert not again.changed
    assert again.register.rows == 25
    assert in_force(database).generation == before.generation
    assert in_force(database).record_time == before.record_time
    # of another day it is another register
    assert bring(office, rows, as_of="2026-11-19").changed
    assert in_force(database).as_of == date(2026, 11, 19)


def test_the_file_in_force_is_answered_before_its_rows_are_sent(office: Office) -> None:
    rows = pensioners(10, first=150)
    bring(office, rows)

    def silent() -> Iterator[Part]:
        yield header(rows)
        yield chunk(rows[:1])

    assert [each.WhichOneof("part") for each in office.registers.ImportRegister(silent())] == ["summary"]


def test_one_unreadable_row_and_nothing_is_replaced_but_each_is_named(office: Office, database: Database) -> None:
    bring(office, pensioners(15, first=200))
    before = in_force(database)
    rows = pensioners(30, first=300)
    rows[3].resident_id = rows[3].resident_id[:17] + ("0" if rows[3].resident_id[17] != "0" else "1")
    rows[3].since = "不详"
    rows[20].certificate_level = 9
    summary = bring(office, rows)
    assert not summary.changed
    assert [(each.row_number, each.finding.code) for each in summary.faults] == [
        (5, "TR-ID-CHECKSUM"),
        (5, "TR-REGISTER-DATE"),
        (22, "TR-REGISTER-LEVEL"),
    ]
    assert summary.faults[0].finding.value == resident_id.mask(rows[3].resident_id)
    assert summary.faults[0].finding.message
    assert rows[3].resident_id not in str(summary)
    assert summary.register.rows == 15
    assert stored(database) == {before.generation: 15}


def test_of_a_file_full_of_faults_a_thousand_are_named(office: Office, database: Database) -> None:
    summary = bring(office, pensioners(1_500, certificate_level=7), size=1_000, kind=pb.SKILL_SUBSIDY)
    assert len(summary.faults) == 1_000
    assert not summary.HasField("register")
    assert stored(database, "SKILL_SUBSIDY") == {}


def test_a_file_of_a_hundred_thousand_rows(desk: Desk, database: Database) -> None:
    rows = pensioners(100_000, occupation_code="6-31-01-03", certificate_level=4, until="2030-12-31")
    city = desk(division="371500")
    summary = bring(city, rows, size=2_000, kind=TRAINING, division="371500")
    assert summary.register.rows == 100_000
    assert list(stored(database, "SUBSIDISED_TRAINING", "371500").values()) == [100_000]
    # more than one step of deleting
    bring(city, rows[:6_000], size=2_000, kind=TRAINING, division="371500")
    assert list(stored(database, "SUBSIDISED_TRAINING", "371500").values()) == [6_000]


def test_rows_are_written_as_they_come_and_nobody_asks_them_before_the_end(office: Office, database: Database) -> None:
    bring(office, pensioners(5, first=400))
    before = in_force(database)
    rows = pensioners(60, first=500)
    halfway: list[dict[str, int]] = []
    received = threading.Event()

    def parts() -> Iterator[Part]:
        yield header(rows)
        yield chunk(rows[:40])
        assert received.wait(30)
        halfway.append(stored(database))
        halfway.append({in_force(database).generation: in_force(database).rows})
        yield chunk(rows[40:])
        yield END

    answers = office.registers.ImportRegister(parts())
    assert next(answers).progress.received == 40
    received.set()
    assert list(answers)[-1].summary.register.rows == 60
    assert sorted(halfway[0].values()) == [5, 40]
    assert halfway[1] == {before.generation: 5}


def test_an_import_that_breaks_off_leaves_nothing(office: Office, database: Database) -> None:
    bring(office, pensioners(5, first=600))
    before = in_force(database)
    rows = pensioners(20, first=700)
    assert refused(office, header(rows), chunk(rows))[1] == "ROSTER_PROTOCOL"
    assert refused(office, header(rows), chunk(rows), header(rows))[1] == "ROSTER_PROTOCOL"
    assert refused(office, header(rows), chunk(rows), chunk(rows), END)[1] == "ROSTER_PROTOCOL"  # row numbers fall
    assert refused(office, header(rows), chunk(pensioners(2_001)), END)[1] == "ROSTER_PROTOCOL"
    assert stored(database) == {before.generation: 5}
    assert in_force(database).generation == before.generation


def test_a_caller_who_goes_away_leaves_nothing(office: Office, database: Database) -> None:
    bring(office, pensioners(5, first=800))
    before = in_force(database)
    rows, gone = pensioners(20, first=900), threading.Event()

    def parts() -> Iterator[Part]:
        yield header(rows)
        yield chunk(rows)
        gone.wait(30)

    answers = office.registers.ImportRegister(parts())
    assert next(answers).progress.received == 20
    answers.cancel()
    gone.set()
    # the next import of the register waits for it, and finds nothing of it
    assert bring(office, rows).changed
    assert list(stored(database).values()) == [20]
    assert in_force(database).generation != before.generation


def test_an_empty_file_is_no_register(office: Office, database: Database) -> None:
    code, reason, fields = refused(office, header(kind=pb.CERTIFICATE), END)
    assert (code, reason, fields) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", ["chunk.rows"])
    assert bring(office, pensioners(1), kind=pb.CERTIFICATE).changed


def test_more_rows_than_one_import_takes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registers, "MOST_ROWS", 10)
    rows = pensioners(11, first=950)
    code, reason, _ = refused(office, header(rows), chunk(rows[:10]), chunk(rows[10:]), END)
    assert (code, reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "REGISTER_TOO_LARGE")


def test_every_field_of_a_header_that_is_wrong_is_named(office: Office) -> None:
    wrong = header(kind=0, division="市中区", as_of="2999-01-01", source="", file_sha256="x", request_id="short")
    code, _, fields = refused(office, wrong, END)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert fields == [
        "header.kind", "header.division", "header.as_of", "header.source", "header.file_sha256", "request_id",
    ]  # fmt: skip
    for division in ("371526001", "371599", "999999", ""):
        assert refused(office, header(division=division), END)[2] == ["header.division"]
    for parts in ([], [END], [chunk([])]):
        assert refused(office, *parts)[1] == "ROSTER_PROTOCOL"


def test_today_is_not_the_future_and_tomorrow_in_shanghai_is(
    office: Office, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)  # the 21st in Shanghai
    monkeypatch.setattr(database, "clock", lambda: now)
    assert refused(office, header(as_of="2026-11-22"), END)[2] == ["header.as_of"]
    assert bring(office, pensioners(1, first=990), as_of="2026-11-21").changed


@pytest.mark.parametrize(
    ("who", "division", "code"),
    [
        ({"division": "370103"}, "371526", grpc.StatusCode.PERMISSION_DENIED),  # the partner's own business is another
        ({"division": "371526"}, "371500", grpc.StatusCode.PERMISSION_DENIED),
        ({"division": "371526"}, "370000", grpc.StatusCode.PERMISSION_DENIED),
        ({"roles": ("supervisor",)}, "371526", grpc.StatusCode.PERMISSION_DENIED),
        ({"roles": ("auditor",)}, "371526", grpc.StatusCode.PERMISSION_DENIED),
        ({"roles": ("institution",), "unit": "x"}, "371526", grpc.StatusCode.PERMISSION_DENIED),
        ({"division": "371500"}, "371526", None),
        ({"division": "370000"}, "370000", None),
    ],
)
def test_a_register_is_imported_by_the_bureau_of_its_division(
    who: dict[str, Any], division: str, code: grpc.StatusCode | None, desk: Desk
) -> None:
    office = desk(**who)
    rows = pensioners(3, first=1_000)
    if code is None:
        assert bring(office, rows, division=division, kind=pb.PUBLIC_STAFF).register.rows == 3
    else:
        assert refused(office, header(rows, division=division), chunk(rows), END)[0] is code


def test_a_list_shows_the_registers_that_hold_for_the_division(desk: Desk) -> None:
    province = desk(division="370000")
    for division in ("371526", "371500", "370000", "370103", "371525"):
        bring(province, pensioners(2), kind=pb.INSURED_EMPLOYMENT, division=division)

    def listed(size: int = 0, **who: Any) -> list[str]:
        asked, found = pb.ListRegistersRequest(page_size=size), []
        while True:
            page = desk(**who).registers.ListRegisters(asked)
            found += [each.division for each in page.registers if each.kind == pb.INSURED_EMPLOYMENT]
            asked.page_token = page.next_page_token
            if not asked.page_token:
                return found

    assert listed(division="371526") == ["370000", "371500", "371526"]
    assert listed(division="370103") == ["370000", "370103"]
    assert listed(division="110101") == []
    assert listed(division="370000") == ["370000", "370103", "371500", "371525", "371526"]
    assert listed(1, division="370000") == listed(division="370000")
    assert listed(roles=("supervisor",)) == listed()
    with pytest.raises(grpc.RpcError) as refusal:
        listed(roles=("enterprise",), unit="x")
    assert refusal.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_an_import_is_on_record_without_anybody_in_it(office: Office) -> None:
    rows = pensioners(4, first=1_100)
    bring(office, rows)
    trail = office.audit.ListAuditEntries(audit_pb2.ListAuditEntriesRequest(resource="registers/pension-371526"))
    entry = trail.entries[-1]
    assert entry.action == "training.register.import"
    assert '"rows": 4' in entry.detail
    assert not [row for row in rows if row.resident_id in str(trail)]
