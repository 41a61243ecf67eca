"""A canary: one person goes through every RPC and every failure, and is then looked for wherever she must not be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from liancai.common.v1 import event_pb2
from liancai.training.v1 import (
    classes_pb2,
    enrolments_pb2,
    institutions_pb2,
    orders_pb2,
    registers_pb2,
    rosters_pb2,
)
from sqlalchemy import Engine

from services import host
from services.reference import resident_id
from tests.conftest import fresh_settings, token_of
from tests.office import ENTERPRISE, Office, a_class, an_order, request_id, somebody
from tests.races.books import TABLES
from tests.races.servers import QUICK, Server, database_gone, engine_of
from tests.test_contract import BY_NAME, PATHS

NAME, PHONE = "欧阳丹青瑶", "13957246813"
NUMBER = resident_id.make("370103", date(1987, 6, 5), 432)
CANARY = enrolments_pb2.Applicant(full_name=NAME, resident_id=NUMBER, phone=PHONE)
STUFFING = f"{NAME} {NUMBER} {PHONE}"
SECRETS = {
    "number": [NUMBER.encode()],
    "phone": [PHONE.encode()],
    "name": [NAME.encode(), json.dumps(NAME).strip('"').encode(), NAME.encode("utf-16-le"), NAME.encode("gb18030")],
}


def found_in(data: bytes) -> list[str]:
    """Which of her secrets are in it."""
    return [kind for kind, spellings in SECRETS.items() if any(each in data for each in spellings)]


class Witness:
    """Calls the server and keeps, as bytes, every reply and every status that came back."""

    def __init__(self, channel: grpc.Channel, token: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.codes: dict[str, set[grpc.StatusCode]] = {}
        self._channel = channel
        self._metadata = [("authorization", f"Bearer {token}"), ("accept-language", "zh-CN")]

    def ask(self, name: str, *parts: Message | bytes) -> list[bytes]:
        """The replies, none where it was refused."""
        rpc: MethodDescriptor = BY_NAME[name]
        raw = [part if isinstance(part, bytes) else part.SerializeToString() for part in parts]
        replies: list[bytes] = []
        try:
            if rpc.client_streaming:
                call = self._channel.stream_stream(PATHS[rpc.full_name])
                replies += call(iter(raw), metadata=self._metadata, timeout=60)
            elif rpc.server_streaming:
                # who watches waits for more until the time is over
                seconds = 5 if rpc.name.startswith("Watch") else 60
                stream = self._channel.unary_stream(PATHS[rpc.full_name])
                replies += stream(raw[0], metadata=self._metadata, timeout=seconds)
            else:
                call = self._channel.unary_unary(PATHS[rpc.full_name])
                replies.append(call(raw[0], metadata=self._metadata, timeout=60))
            code = grpc.StatusCode.OK
        except grpc.RpcError as error:
            code = error.code()
            said = [error.details() or "", error.debug_error_string()]
            self.heard += [(name, line.encode()) for line in said]
            for _, value in error.trailing_metadata() or ():
                self.heard.append((name, value if isinstance(value, bytes) else value.encode()))
        self.heard += [(name, reply) for reply in replies]
        self.codes.setdefault(name, set()).add(code)
        return replies

    def one(self, name: str, request: Message) -> Any:
        """The reply, as a message."""
        reply = GetMessageClass(BY_NAME[name].output_type)()
        reply.ParseFromString(self.ask(name, request)[0])
        return reply


def stuffed(message: Message) -> Message:
    """Every text of a message, however deep, is her."""
    for field in message.DESCRIPTOR.fields:
        if field.type == FieldDescriptor.TYPE_STRING:
            if field.is_repeated:
                getattr(message, field.name).append(STUFFING)
            else:
                setattr(message, field.name, STUFFING)
        elif field.type == FieldDescriptor.TYPE_MESSAGE and not field.message_type.full_name.startswith("google."):
            if field.message_type.GetOptions().map_entry:
                getattr(message, field.name)[STUFFING] = STUFFING
            elif field.is_repeated:
                stuffed(getattr(message, field.name).add())
            elif field.containing_oneof is None or field.containing_oneof.fields[0] is field:
                stuffed(getattr(message, field.name))
    return message


def roster(class_name: str, mode: int, *rows: rosters_pb2.RosterRow) -> list[Message]:
    part = rosters_pb2.ImportRosterRequest
    for number, row in enumerate(rows, start=2):
        row.row_number = number
    return [
        part(header=part.Header(class_name=class_name, mode=mode, file_sha256="0" * 64, request_id=request_id())),
        part(chunk=part.Chunk(rows=rows)),
        part(end=part.End()),
    ]


def rows_about_her() -> Iterator[list[rosters_pb2.RosterRow]]:
    row = rosters_pb2.RosterRow
    yield [row(full_name=NAME, resident_id=NUMBER, phone=PHONE, sex="男", birth_date="1987-06-05")]
    yield [row(full_name=NAME, resident_id=NUMBER, phone=PHONE)] * 2
    yield [row(full_name=f"{NAME}1", resident_id=NUMBER, phone=PHONE, birth_date=NUMBER)]
    yield [row(full_name=NAME, resident_id=NUMBER[:-1], phone=NUMBER)]
    yield [row(full_name=NUMBER, resident_id=PHONE, phone=NAME, sex=NAME, birth_date=PHONE)]
    yield [row(full_name=STUFFING * 9, resident_id=NUMBER, phone=PHONE)]


def register(row: registers_pb2.RegisterEntry) -> list[Message]:
    part = registers_pb2.ImportRegisterRequest
    header = part.Header(
        kind=registers_pb2.CERTIFICATE,
        division="371526",
        as_of="2026-11-02",
        source="样例",
        file_sha256=hashlib.sha256(row.SerializeToString()).hexdigest(),
        request_id=request_id(),
    )
    row.row_number = 2
    return [part(header=header), part(chunk=part.Chunk(rows=[row])), part(end=part.End())]


def registers_about_her() -> Iterator[registers_pb2.RegisterEntry]:
    row = registers_pb2.RegisterEntry
    yield row(resident_id=NUMBER, since="2020-01-01", occupation_code="6-31-01-03", certificate_level=4)
    yield row(resident_id=NUMBER[:-1] + "?", since=NUMBER, until=PHONE, occupation_code=NAME)
    yield row(resident_id=NAME, since=NAME, until=NAME, occupation_code=STUFFING * 9)


def walk(office: Office, witness: Witness) -> tuple[str, str]:
    """Her way through a class, with everything that can go wrong on it; another class and her enrolment."""
    pb = enrolments_pb2
    order = office.contracted(headcount=30)
    hours = [classes_pb2.Session(date="2026-12-07", start="08:30", end="11:30")]
    held, other = (office.open_class(order.name, capacity=6, sessions=hours) for _ in range(2))
    draft = office.classes.CreateClass(
        classes_pb2.CreateClassRequest(training_class=a_class(order.name, capacity=2), request_id=request_id())
    )
    for _ in range(2):
        witness.ask("CheckEnrolment", pb.CheckEnrolmentRequest(class_name=held.name, applicant=CANARY))
    first = pb.EnrolRequest(class_name=held.name, applicant=CANARY, request_id=request_id())
    mine = witness.one("Enrol", first)
    witness.ask("Enrol", first)  # again
    first.applicant.full_name = "别人"
    witness.ask("Enrol", first)  # with another body
    for name in (held.name, other.name, draft.name, "classes/1"):  # there already, clashing, closed, missing
        witness.ask("Enrol", pb.EnrolRequest(class_name=name, applicant=CANARY, request_id=request_id()))
        witness.ask("CheckEnrolment", pb.CheckEnrolmentRequest(class_name=name, applicant=CANARY))
    young = resident_id.make("370103", date(2015, 6, 5), 432)
    child = pb.Applicant(full_name=NAME, resident_id=young, phone=PHONE)
    witness.ask("Enrol", pb.EnrolRequest(class_name=held.name, applicant=child, request_id=request_id()))
    renamed = pb.Applicant(full_name="欧阳改名", resident_id=NUMBER, phone=PHONE)
    for wrong in (
        pb.Applicant(full_name=PHONE, resident_id=NUMBER, phone=NAME),
        pb.Applicant(full_name=NAME, resident_id=NUMBER[:-1] + "?", phone=PHONE + "1"),
        renamed,
    ):
        witness.ask("Enrol", pb.EnrolRequest(class_name=held.name, applicant=wrong, request_id=request_id()))
    for mode in (1, 2, 3):
        for rows in rows_about_her():
            witness.ask("ImportRoster", *roster(held.name, mode, *rows))
            witness.ask("ImportRoster", *roster(other.name, mode, *rows))
    for field in ("GetEnrolment", "ExplainEnrolment"):
        witness.ask(field, getattr(pb, f"{field}Request")(name=mine.name))
    listing = pb.ListEnrolmentsRequest(filter=pb.ListEnrolmentsRequest.Filter(class_name=held.name))
    witness.ask("ListEnrolments", listing)
    listing.page_token = NUMBER
    witness.ask("ListEnrolments", listing)
    for query in (NAME, NAME[:2], "ouyangdan", "oydqy", NUMBER, PHONE, NUMBER[:-1], PHONE[:-1], STUFFING):
        witness.ask("SearchEnrolments", pb.SearchEnrolmentsRequest(query=query, page_size=1))
    for row in registers_about_her():
        witness.ask("ImportRegister", *register(row))
    office.classes.CloseClass(classes_pb2.CloseClassRequest(name=held.name, request_id=request_id()))
    hire = pb.ConfirmHireRequest(
        name=mine.name, request_id=request_id(), employer_credit_code=ENTERPRISE, contract_start="2026-11-02"
    )
    witness.ask("ConfirmHire", hire)
    witness.ask(
        "WithdrawEnrolment", pb.WithdrawEnrolmentRequest(name=mine.name, reason="已录用", request_id=request_id())
    )
    witness.ask("CheckResidentId", _reference("CheckResidentId", resident_id=NUMBER[:-1]))
    return other.name, mine.name


def _reference(rpc: str, **fields: str) -> Message:
    return GetMessageClass(BY_NAME[rpc].input_type)(**fields)


def stuff_every_rpc(witness: Witness) -> None:
    """Every RPC with her in every text field, which none takes, then as broken messages."""
    for name, rpc in BY_NAME.items():
        request = stuffed(GetMessageClass(rpc.input_type)())
        witness.ask(name, request)
        witness.ask(name, request.SerializeToString()[:-1] + b"\xff")
        witness.ask(name, b"\x0a\xff" + STUFFING.encode())


def break_it(engine: Engine, witness: Witness, settings: host.Settings, class_name: str, mine: str) -> None:
    """A fault of ours, a table that is gone, a database that is gone."""
    pb = enrolments_pb2
    requests: list[tuple[str, Callable[[], Iterable[Message]]]] = [
        ("Enrol", lambda: [pb.EnrolRequest(class_name=class_name, applicant=CANARY, request_id=request_id())]),
        ("CheckEnrolment", lambda: [pb.CheckEnrolmentRequest(class_name=class_name, applicant=CANARY)]),
        ("ImportRoster", lambda: roster(class_name, 1, _row())),
        ("ImportRoster", lambda: roster(class_name, 3, _row())),
    ]
    reads: list[tuple[str, Callable[[], Iterable[Message]]]] = [
        ("GetEnrolment", lambda: [pb.GetEnrolmentRequest(name=mine)]),
        ("SearchEnrolments", lambda: [pb.SearchEnrolmentsRequest(query=NAME)]),
        ("SearchEnrolments", lambda: [pb.SearchEnrolmentsRequest(query=NUMBER)]),
        (
            "RevealEnrolment",
            lambda: [pb.RevealEnrolmentRequest(name=mine, purpose="核对身份", request_id=request_id())],
        ),
    ]

    def all_fail(asked: list[tuple[str, Callable[[], Iterable[Message]]]], *codes: grpc.StatusCode) -> None:
        for name, parts in asked:
            witness.codes[name] = set()
            witness.ask(name, *parts())
            assert witness.codes[name] <= set(codes), (name, witness.codes[name])

    fault = settings.data / "fault"
    fault.touch()
    all_fail(requests, grpc.StatusCode.INTERNAL)
    fault.unlink()
    with table_gone(engine, "trainees"):
        all_fail(requests + reads, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE)
    with table_gone(engine, "enrolments"):
        all_fail(requests + reads, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE)
    if engine.dialect.name == "postgresql":
        with database_gone(engine):
            all_fail(requests + reads, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE)


def _row() -> rosters_pb2.RosterRow:
    return rosters_pb2.RosterRow(full_name=NAME, resident_id=NUMBER, phone=PHONE)


@contextmanager
def table_gone(engine: Engine, name: str) -> Iterator[None]:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO {name}_gone")
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {name}_gone RENAME TO {name}")


def stored(engine: Engine) -> Iterator[tuple[str, bytes]]:
    """Every value of the database as bytes, by column."""
    with engine.connect() as connection:
        for table in TABLES.values():
            for row in connection.execute(table.select()).mappings():
                for column, value in row.items():
                    yield f"{table.name}.{column}", _bytes(value)


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    return json.dumps(value, ensure_ascii=False, default=str).encode()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def flown(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Witness, Engine, Mapping[str, bytes]]]:
    """She has gone through everything: what was heard, the database, and every log by name."""
    settings = fresh_settings(request, tmp_path_factory, request.param)
    server = Server(settings, tmp_path_factory.mktemp("y"), ("-m", "tests.platform.faulty_server", "serve"))
    with ExitStack() as stack:
        stack.callback(server.close)
        server.ready()
        channel = stack.enter_context(grpc.insecure_channel(server.address, options=QUICK))
        engine = stack.enter_context(engine_of(settings))
        token = token_of(settings)
        witness = Witness(channel, token)
        office = Office(channel, token, second=token_of(settings, subject="second officer"))
        class_name, mine = walk(office, witness)
        everything_else(office, witness)
        stuff_every_rpc(witness)
        assert set(witness.codes) == set(BY_NAME), "an RPC she did not go through"
        break_it(engine, witness, settings, class_name, mine)
        # the one RPC that may show her; asked elsewhere so that it is not among what was heard
        full = office.enrolments.RevealEnrolment(
            enrolments_pb2.RevealEnrolmentRequest(name=mine, purpose="核对身份", request_id=request_id())
        )
        assert full.applicant == CANARY
        server.terminate()
        assert server.process.wait(timeout=30) == 0
        logs = {"server": server.log.read_bytes()}
        if request.param == "postgresql":
            with engine.connect() as connection:
                folder = Path(connection.exec_driver_sql("SHOW data_directory").scalar_one())
            logs["postgresql"] = (folder / "log").read_bytes()
        else:
            for path in settings.data.glob("training.db*"):
                logs[path.name] = path.read_bytes()
        yield witness, engine, logs


def everything_else(office: Office, witness: Witness) -> None:
    """The RPCs that have no trainee in them, once, so that every one was answered; she also teaches."""
    order = office.orders.CreateOrder(orders_pb2.CreateOrderRequest(order=an_order(), request_id=request_id()))
    witness.ask("GetOrder", orders_pb2.GetOrderRequest(name=order.name))
    witness.ask("ListOrders", orders_pb2.ListOrdersRequest())
    assert witness.ask("Events.WatchEvents", event_pb2.WatchEventsRequest(stop_at_end=True)), "nothing was told of her"
    office.enrol(office.open_class(office.contracted().name).name, somebody())
    teacher = institutions_pb2.AddTeacherRequest(
        institution=office.registered(), full_name=NAME, resident_id=NUMBER, request_id=request_id()
    )
    for _ in range(2):
        witness.ask("AddTeacher", teacher)
        teacher.request_id = request_id()  # who is a teacher already
    witness.ask("ListTeachers", institutions_pb2.ListTeachersRequest(institution=teacher.institution))


def test_no_reply_and_no_status_shows_her(flown: tuple[Witness, Engine, Mapping[str, bytes]]) -> None:
    leaks = {(rpc, kind, said[:300]) for rpc, said in flown[0].heard for kind in found_in(said)}
    assert not leaks


def test_no_log_shows_her(flown: tuple[Witness, Engine, Mapping[str, bytes]]) -> None:
    for name, log in flown[2].items():
        hits = found_in(log)
        if name.startswith("training.db"):
            hits = [kind for kind in hits if kind != "name"]  # the file holds full_name of trainees and teachers
        assert not hits, name
    assert b"incident=" in flown[2]["server"], "no failure was logged: the canary proves nothing"


def test_the_postgresql_log_did_see_failures(flown: tuple[Witness, Engine, Mapping[str, bytes]]) -> None:
    if "postgresql" in flown[2]:
        assert b'relation "trainees" does not exist' in flown[2]["postgresql"]


def test_no_table_holds_her_in_clear_but_the_name_of_a_trainee_or_teacher(
    flown: tuple[Witness, Engine, Mapping[str, bytes]],
) -> None:
    hits = {(column, kind) for column, value in stored(flown[1]) for kind in found_in(value)}
    assert hits == {("trainees.full_name", "name"), ("teachers.full_name", "name")}


def test_she_would_have_been_found(tmp_path: Path) -> None:
    for secret in (NUMBER, PHONE, NAME, json.dumps(NAME)):
        log = tmp_path / "log"
        log.write_text(f"2026-11-23 ERROR could not store {secret}.\n", encoding="utf-8")
        assert found_in(log.read_bytes())
    assert found_in(enrolments_pb2.Enrolment(masked_name=NAME).SerializeToString()) == ["name"]
    assert not found_in(enrolments_pb2.Enrolment(masked_name="欧****").SerializeToString())
