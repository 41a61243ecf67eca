"""Databases: SQLite by default, PostgreSQL for many replicas, behind the same two verbs: `reading()` and `write()`."""

from __future__ import annotations

import json
import select
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import pysqlite3
from google.protobuf.message import Message
from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from services.platform.audit import audit_table
from services.platform.boundary import Call
from services.platform.clock import now
from services.platform.errors import Fault, TooMuch, Unavailable
from services.platform.later import Answer
from services.platform.once import Asked, Once, reply_table
from services.platform.outbox import delivery_table, floor_table, outbox_table
from services.platform.tail import Tail
from services.platform.transaction import Trail, Tx
from services.platform.vault import Vault
from services.platform.writer import Work, Writer

if TYPE_CHECKING:
    import psycopg

READERS = 8  # connections for reading
WRITING_CACHE = 24 * 1024  # KiB of pages that a lane on SQLite keeps
STATEMENT_SECONDS = 20  # that a statement may take on PostgreSQL
POSTGRESQL_OPTIONS = (
    f"-c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout=5s "
    "-c idle_in_transaction_session_timeout=30s -c timezone=UTC"
)

R = TypeVar("R", bound=Message)
T = TypeVar("T")


class Mutation(Protocol):
    """A request that changes something."""

    request_id: str

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes: ...  # noqa: D102


class UnsafeDatabase(RuntimeError):
    """The database could lose what it acknowledged; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Books:
    """The tables that the platform keeps in every service's schema."""

    once: Once
    trail: Trail
    outbox: Table
    deliveries: Table
    floor: Table

    @classmethod
    def in_schema(cls, metadata: MetaData) -> Books:
        """Adds the tables to `metadata`, once."""
        if "reply" not in metadata.tables:
            for make in (reply_table, audit_table, outbox_table, delivery_table, floor_table):
                make(metadata)
        tables = metadata.tables
        outbox = tables["outbox_event"]
        trail = Trail.into(tables["audit_entry"], outbox)
        return cls(Once(tables["reply"]), trail, outbox, tables["outbox_delivery"], tables["outbox_floor"])


class Database:
    """One service's database."""

    def __init__(
        self,
        url: str,
        service: str,
        books: Books,
        vault: Vault,
        *,
        clock: Callable[[], datetime] = now,
        lanes: int | None = None,
    ) -> None:
        """Opens `url`; on PostgreSQL the schema named after the service. `lanes` is 1 on SQLite and 2 on PostgreSQL
        unless given; 0 switches group commit off.

        Raises UnsafeDatabase if what is committed there would not survive a power cut.
        """
        address = make_url(url)
        self.sqlite = address.get_backend_name() == "sqlite"
        self.clock = clock
        self.vault = vault
        self.books = books
        count = (1 if self.sqlite else 2) if lanes is None else lanes
        if self.sqlite:
            self.writing_engine = _sqlite(address, writing=True)
            self.reading_engine = _sqlite(address, writing=False)
        else:
            self.writing_engine = _postgresql(address, service, count or READERS, writing=True)
            self.reading_engine = _postgresql(address, service, READERS, writing=False)
        # on SQLite a transaction costs nothing, on PostgreSQL two round trips
        self._glancing_engine = (
            self.reading_engine if self.sqlite else self.reading_engine.execution_options(isolation_level="AUTOCOMMIT")
        )
        self._writer = Writer(self.writing_engine, books.once, books.trail, lambda: self.clock(), count)
        self.tail = Tail(self.reading_engine, self.writing_engine, books.outbox)

    @contextmanager
    def reading(self, *, by_key: bool = False) -> Iterator[Session]:
        """A session on one snapshot. Whatever is written in it is rolled back.

        `by_key` says that every row is found by a key: PostgreSQL, which may have no statistics yet, scans no table.
        """
        with _available(), Session(self.reading_engine, expire_on_commit=False) as session:
            if by_key and not self.sqlite:
                session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
            yield session  # closing it rolls back
            if not self.sqlite and session.in_transaction():
                # nothing can be written here, and at a rollback the driver forgets the statements it has prepared
                session.connection().commit()

    @contextmanager
    def glancing(self) -> Iterator[Connection]:
        """A connection to read once: by one statement, or by several `together`, on one snapshot.

        On PostgreSQL that is one round trip: nothing begins and ends a transaction around it.
        """
        with _available(), self._glancing_engine.connect() as connection:
            yield connection

    def write(self, call: Call, request: Mutation, work: Callable[[Tx], R], *, key: str = "") -> R:
        """Does `work` once for this request_id and returns its reply, committed (AIP-155).

        `key` names the row that works contend for, such as a class: works with one key share a lane.
        """
        found = self._writer.run(Work(_alone(work), None, self._asked(call, request)), key, call.seconds_left)
        return cast(R, found)

    def write_together(
        self,
        call: Call,
        request: Mutation,
        item: T,
        together: Callable[[Tx, list[T]], Sequence[R | Fault]],
        *,
        key: str,
    ) -> Answer:
        """Like `write`, where works that queue next to one another are done by one call of `together`.

        The reply comes later, in the Answer.
        """
        if self._writer.immediate:
            call.may_wait()
        answer = Answer(time.monotonic() + call.seconds_left)
        return self._writer.begin(Work(together, item, self._asked(call, request), answer, hopeful=True), key)

    def write_again(self, call: Call, work: Callable[[Tx], T], *, key: str = "", seconds: float = 60.0) -> T:
        """Does `work` without remembering the reply: for works that change nothing when done again."""
        return cast(T, self._writer.run(Work(_alone(work)), key, seconds))

    def close(self) -> None:
        """Finishes queued works and closes every connection."""
        self.tail.close()
        self._writer.close()
        self.writing_engine.dispose()
        self.reading_engine.dispose()

    def _asked(self, call: Call, request: Mutation) -> Asked:
        call.request_id = request.request_id
        body = self.vault.index("request", call.method.path.encode() + request.SerializeToString(deterministic=True))
        return Asked(call.caller.subject, request.request_id, body, call.method.reply)


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        # query_canceled: what was asked for took longer than a statement may
        if getattr(getattr(error, "orig", None), "sqlstate", "") == "57014":
            raise TooMuch("READING_TOO_LONG", seconds=STATEMENT_SECONDS) from None
        raise Unavailable from None


def _alone(work: Callable[[Tx], Any]) -> Callable[[Tx, list[Any]], list[Any]]:
    def together(tx: Tx, _items: list[Any]) -> list[Any]:
        return [work(tx)]

    return together


def _read_json(text: str | bytes) -> Any:
    """A value of JSON; most objects are empty, and looking at them costs less than the decoder."""
    return {} if len(text) == 2 and text in ("{}", b"{}") else json.loads(text)


def _sqlite(address: URL, *, writing: bool) -> Engine:
    refuse_unsafe_sqlite(pysqlite3.sqlite_version_info)
    engine = create_engine(
        address,
        module=pysqlite3,
        pool_size=1 if writing else READERS,
        max_overflow=-1 if writing else 0,
        hide_parameters=True,
        json_deserializer=_read_json,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        cursor = connection.cursor()
        for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        # with less a roster's pages do not fit and are written several times in one transaction
        cursor.execute(f"PRAGMA cache_size=-{WRITING_CACHE}" if writing else "PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # a transaction that will write takes the lock first, or it may have to give up half-way
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def refuse_unsafe_sqlite(version: tuple[int, ...]) -> None:
    """Raises UnsafeDatabase for a SQLite with the WAL-reset fault: 3.7.0 to 3.51.2, but for the two mended branches.

    Source: https://sqlite.org/wal.html#walresetbug
    """
    mended = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    if not mended:
        dotted = ".".join(map(str, version))
        raise UnsafeDatabase(
            f"SQLite {dotted} can corrupt a database in WAL mode; install pysqlite3 0.6.1 or later "
            f"(此 SQLite 版本在 WAL 模式下可能损坏数据,请安装 pysqlite3 0.6.1 以上)"
        )


def _postgresql(address: URL, service: str, connections: int, *, writing: bool) -> Engine:
    # lanes read by key: one plan is as good as another, if it does not scan a table that was small once
    # readers: a snapshot, also for what is read outside of a transaction
    own = (
        "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan"
        if writing
        else "-c default_transaction_isolation=repeatable\\ read -c default_transaction_read_only=on"
    )
    engine = create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        json_deserializer=_read_json,
        connect_args={
            "options": f"{POSTGRESQL_OPTIONS} -c search_path={service} {own}",
            "application_name": "liancai",
            "connect_timeout": 5,
        },
    )
    if not writing:  # a lane finds a dead connection by using it, and runs its batch again
        event.listen(engine, "checkout", _refuse_hung_up)
    return engine


def _refuse_hung_up(driver: psycopg.Connection[Any], *_: Any) -> None:
    """Has the pool connect anew in place of a connection whose server has ended it.

    Nothing is due on an idle connection. If there is something to read, it is the server's last words or the end of
    the stream: the kernel knows, and nobody is asked over the wire.
    """
    if driver.closed:
        raise DisconnectionError
    waiting = select.poll()
    waiting.register(driver.fileno(), select.POLLIN)
    if waiting.poll(0):
        raise DisconnectionError


def refuse_unsafe_postgresql(engine: Engine) -> None:
    """Raises UnsafeDatabase unless the server flushes what it acknowledges to disk."""
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            value = connection.exec_driver_sql(f"SHOW {setting}").scalar_one()
            if value in ("off", "local"):
                raise UnsafeDatabase(
                    f"PostgreSQL has {setting}={value}: acknowledged enrolments could be lost; set it to on "
                    f"(PostgreSQL 的 {setting} 为 {value},可能丢失已确认的数据,请设为 on)"
                )
