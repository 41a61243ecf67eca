"""Commands against a real server: what is sent, what is shown, how refusals and broken lines end."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2 as rpc
from google.rpc import status_pb2
from grpc_status import rpc_status
from liancai.common.v1 import types_pb2
from liancai.reference.v1 import reference_pb2
from liancai.training.v1 import classes_pb2, enrolments_pb2, orders_pb2

from cli import wire
from cli.grammar import Mistake, fen
from cli.texts import t

Run = Callable[..., Any]


def refuse(code: grpc.StatusCode, *details: Any) -> Callable[[Any, grpc.ServicerContext], Any]:
    """An answer that refuses with google.rpc details."""

    def answer(_: Any, context: grpc.ServicerContext) -> None:
        status = status_pb2.Status(code=code.value[0], message="for developers")
        for detail in details:
            status.details.append(detail if isinstance(detail, AnyMessage) else packed(detail))
        context.abort_with_status(rpc_status.to_status(status))

    return answer


def packed(message: Any) -> AnyMessage:
    made = AnyMessage()
    made.Pack(message)
    return made


# ---- what is sent ----------------------------------------------------------------------------------


def test_create_sends_what_was_given(server: Any, liancai: Run) -> None:
    server.answers["CreateOrder"] = lambda request, _: request.order
    done = liancai(
        "order", "create", "--enterprise-name", "高唐纸业", "--division", "371526", "--headcount", "30",
        "--wage", "4500.5-6500", "--start", "2026-12-01", "--occurred", "2026-11-01 08:00", "--late-reason", "补录",
        "-o", "json",
    )  # fmt: skip
    assert done.code == 0
    (request,) = server.requests("CreateOrder")
    assert (request.order.wage_min_fen, request.order.wage_max_fen) == (450050, 650000)
    assert request.order.headcount == 30
    assert request.occur_time.ToJsonString() == "2026-11-01T00:00:00Z"
    assert len(request.request_id) == 32
    assert json.loads(done.out)["start_date"] == "2026-12-01"


def test_update_sends_a_mask_of_what_was_given(server: Any, liancai: Run) -> None:
    server.answers["UpdateOrder"] = lambda request, _: request.order
    assert liancai("order", "update", "7", "--wage", "5000", "--park", "", "--etag", '"e1"').code == 0
    (request,) = server.requests("UpdateOrder")
    assert request.order.name == "orders/7"
    assert request.order.etag == '"e1"'
    assert sorted(request.update_mask.paths) == ["park", "wage_max_fen", "wage_min_fen"]
    assert liancai("order", "update", "7").code == 2


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (["order", "submit", "7"], "SubmitOrder", {"name": "orders/7"}),
        (["order", "return", "orders/7", "--reason", "缺材料"], "ReturnOrder", {"reason": "缺材料"}),
        (["order", "verify", "7", "--etag", "e"], "VerifyOrder", {"etag": '"e"'}),
        (
            ["order", "match", "7", "--institution-code", "91X"],
            "MatchOrder",
            {"institution_credit_code": "91X"},
        ),
        (["order", "contract", "7", "--agreement", "A1"], "ContractOrder", {"agreement_number": "A1"}),
        (["order", "close", "7"], "CloseOrder", {"reason": ""}),
        (["order", "cancel", "7", "--reason", "r"], "CancelOrder", {"reason": "r"}),
        (["class", "file", "7"], "FileClass", {"name": "classes/7"}),
        (["class", "return", "7", "--reason", "r"], "ReturnClass", {"reason": "r"}),
        (["class", "approve", "7"], "ApproveClass", {"name": "classes/7"}),
        (["class", "open", "7"], "OpenClass", {"name": "classes/7"}),
        (["class", "capacity", "7", "40", "--reason", "r"], "ChangeClassCapacity", {"capacity": 40}),
        (["class", "close", "7"], "CloseClass", {"name": "classes/7"}),
        (["enrolment", "withdraw", "E", "--reason", "r"], "WithdrawEnrolment", {"name": "enrolments/E"}),
        (
            ["enrolment", "hire", "E", "--employer-code", "91X", "--contract-start", "2027-01-04"],
            "ConfirmHire",
            {"employer_credit_code": "91X", "contract_start": "2027-01-04"},
        ),
        (["enrolment", "reveal", "E", "--purpose", "核对身份"], "RevealEnrolment", {"purpose": "核对身份"}),
    ],
)
def test_every_act_carries_its_fields_and_the_given_request_id(
    server: Any, liancai: Run, words: list[str], method: str, fields: dict[str, Any]
) -> None:
    answers = {"Order": orders_pb2.Order(), "Class": classes_pb2.Class(), "Hire": enrolments_pb2.Enrolment()}
    answers |= {"WithdrawEnrolment": enrolments_pb2.WithdrawEnrolmentResponse()}
    answers |= {
        "RevealEnrolment": enrolments_pb2.RevealEnrolmentResponse(),
        "ChangeClassCapacity": classes_pb2.Class(),
    }
    answer = next(value for end, value in reversed(answers.items()) if method.endswith(end))
    server.answers[method] = lambda *_: answer
    assert liancai(*words, "--request-id", "again-0001").code == 0
    (request,) = server.requests(method)
    assert request.request_id == "again-0001"
    assert {name: getattr(request, name) for name in fields} == fields


def test_a_class_with_its_timetable(server: Any, liancai: Run, tmp_path: Path) -> None:
    server.answers["CreateClass"] = lambda request, _: request.training_class
    (tmp_path / "t.csv").write_text("日期,开始时间,结束时间,地点\n2026/12/3,14:00,17:00,车间\n", encoding="utf-8")
    done = liancai(
        "class", "create", "--order", "7", "--institution-code", "91X", "--institution-name", "高唐技校",
        "--title", "电工班", "--start", "2026-12-01", "--end", "2026-12-31", "--capacity", "30",
        "--session", "2026-12-01 8:30-11:30 教室 一", "--session", "2026-12-02 08:30-11:30",
        "--timetable", str(tmp_path / "t.csv"),
    )  # fmt: skip
    assert done.code == 0, done.err
    sent = server.requests("CreateClass")[0].training_class
    assert sent.order == "orders/7"
    assert [(s.date, s.start, s.end, s.place) for s in sent.sessions] == [
        ("2026-12-01", "08:30", "11:30", "教室 一"),
        ("2026-12-02", "08:30", "11:30", ""),
        ("2026-12-03", "14:00", "17:00", "车间"),
    ]
    assert "车间" in done.out


def test_a_number_from_standard_input(server: Any, liancai: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers["CheckResidentId"] = lambda *_: reference_pb2.CheckResidentIdResponse(valid=True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("110101199001010016\n"))
    assert liancai("id", "check", "-").code == 0
    server.answers["CheckEnrolment"] = lambda *_: enrolments_pb2.EnrolmentDecision()
    monkeypatch.setattr(sys, "stdin", io.StringIO("110101199001010016\r\n13800000000\n"))
    done = liancai("enrolment", "check", "7", "--name", "张三", "--id", "-", "--phone", "-")
    assert (done.code, "不能报名" in done.err) == (0, True)
    assert server.requests("CheckResidentId")[0].resident_id == "110101199001010016"
    applicant = server.requests("CheckEnrolment")[0].applicant
    assert (applicant.resident_id, applicant.phone) == ("110101199001010016", "13800000000")


def test_lookups(server: Any, liancai: Run) -> None:
    server.answers["AddWorkdays"] = lambda *_: reference_pb2.AddWorkdaysResponse(date="2025-10-23")
    server.answers["CountWorkdays"] = lambda *_: reference_pb2.CountWorkdaysResponse(days=0)
    server.answers["SearchOccupations"] = lambda *_: reference_pb2.SearchOccupationsResponse(
        occupations=[reference_pb2.Occupation(code="6-31-01-03", name="电工", level=4)]
    )
    assert "2025-10-23" in liancai("calendar", "add", "2025-09-26", "15").out
    assert liancai("calendar", "add", "2025-09-26", "-15").code == 0
    assert [request.days for request in server.requests("AddWorkdays")] == [15, -15]
    assert "0" in liancai("calendar", "count", "2025-09-26", "2025-09-27").out
    assert "电工" in liancai("occupation", "search", "电工").out


def test_the_language_and_the_token_are_sent(
    server: Any, liancai: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["GetOrder"] = lambda *_: orders_pb2.Order(name="orders/7", state=orders_pb2.Order.DRAFT)

    def sent(*words: str) -> tuple[str | None, str]:
        assert liancai(*words, "order", "show", "7").code == 0
        metadata = server.calls[-1][2]
        return metadata.get("authorization"), metadata["accept-language"]

    assert sent() == (None, "zh-CN")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "local.token").write_text("local\n")
    assert sent("--lang", "en") == ("Bearer local", "en")
    (tmp_path / "named").write_text("named")
    monkeypatch.setenv("LIANCAI_TOKEN_FILE", str(tmp_path / "named"))
    assert sent()[0] == "Bearer named"
    monkeypatch.setenv("LIANCAI_TOKEN", "own")
    assert sent()[0] == "Bearer own"
    (tmp_path / "flag").write_text("flag")
    assert sent("--token-file", str(tmp_path / "flag"))[0] == "Bearer flag"
    monkeypatch.setenv("LIANCAI_TOKEN", "two words\n")
    assert liancai("order", "show", "7").code == 2
    assert liancai("--token-file", str(tmp_path / "none"), "order", "show", "7").code == 2


# ---- lists -----------------------------------------------------------------------------------------


def serve_pages(server: Any, total: int) -> None:
    """Orders in pages, as the service gives them."""

    def answer(request: Any, _: Any) -> Any:
        start = int(request.page_token or 0)
        end = min(total, start + (request.page_size or 50))
        orders = [orders_pb2.Order(name=f"orders/{n}") for n in range(start, end)]
        return orders_pb2.ListOrdersResponse(orders=orders, next_page_token=str(end) if end < total else "")

    server.answers["ListOrders"] = answer


@pytest.mark.parametrize(("limit", "shown", "calls"), [("0", 1200, 3), ("100", 100, 1), ("700", 700, 2), ("5", 5, 1)])
def test_lists_follow_the_pages(server: Any, liancai: Run, limit: str, shown: int, calls: int) -> None:
    serve_pages(server, 1200)
    done = liancai("order", "list", "--limit", limit, "-o", "jsonl")
    names = [json.loads(line)["name"] for line in done.out.splitlines()]
    assert names == [f"orders/{n}" for n in range(shown)]
    assert len(server.calls) == calls


def test_filters(server: Any, liancai: Run) -> None:
    serve_pages(server, 0)
    assert liancai("order", "list", "--state", "draft", "--state", "TRAINING", "--division", "370000").code == 0
    wanted = server.requests("ListOrders")[0].filter
    assert list(wanted.states) == [orders_pb2.Order.DRAFT, orders_pb2.Order.TRAINING]
    assert wanted.division == "370000"
    assert "SHORTFALL" in liancai("order", "list", "--state", "lost").err
    assert liancai("enrolment", "list").code == 2


def test_the_report(server: Any, liancai: Run) -> None:
    orders = [
        orders_pb2.Order(name="orders/1", occupation_name="电工", division="371526", state=orders_pb2.Order.TRAINING),
        orders_pb2.Order(name="orders/2", occupation_name="焊工", division="371526", state=orders_pb2.Order.DRAFT),
        orders_pb2.Order(name="orders/3", occupation_name="电工", division="370103", state=orders_pb2.Order.TRAINING),
    ]
    ledgers = {
        "orders/1": orders_pb2.OrderLedger(headcount=10, open=1, committed=2, enrolled=3, hired=3, lost=1),
        "orders/2": orders_pb2.OrderLedger(headcount=5, open=5),
        "orders/3": orders_pb2.OrderLedger(headcount=20, open=20),
    }
    server.answers["ListOrders"] = lambda *_: orders_pb2.ListOrdersResponse(orders=orders)
    server.answers["GetOrderLedger"] = lambda request, _: ledgers[request.name]
    lines = list(csv.DictReader(io.StringIO(liancai("order", "report", "-o", "csv").out)))
    assert [(line["occupation"], line["headcount"], line["fill_rate"]) for line in lines] == [
        ("电工", "30", "20.0"),
        ("焊工", "5", "0.0"),
        ("合计", "35", "17.1"),
    ]
    assert all(
        int(line["headcount"]) == sum(int(line[seat]) for seat in ("open", "committed", "enrolled", "hired", "lost"))
        for line in lines
    )
    shown = liancai("order", "report", "--by", "state").out
    assert "培训中" in shown
    assert liancai("order", "report", "--by", "weather").code == 2
    server.answers["ListOrders"] = lambda *_: orders_pb2.ListOrdersResponse()
    assert json.loads(liancai("order", "report", "-o", "json").out) == []


# ---- refusals --------------------------------------------------------------------------------------


def test_every_violation_is_on_its_own_line(server: Any, liancai: Run) -> None:
    bad = rpc.BadRequest(
        field_violations=[
            rpc.BadRequest.FieldViolation(field="order.headcount", description="要在 1 到 100000 之间"),
            rpc.BadRequest.FieldViolation(field="order.division", description="\x1b[31m没有这个区划"),
        ]
    )
    server.answers["CreateOrder"] = refuse(
        grpc.StatusCode.INVALID_ARGUMENT,
        rpc.ErrorInfo(reason="INVALID_REQUEST", domain="training.liancai"),
        rpc.LocalizedMessage(locale="zh-CN", message="有几处不对"),
        bad,
    )
    done = liancai("order", "create")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "INVALID_REQUEST：有几处不对",
        "  order.headcount：要在 1 到 100000 之间",
        "  order.division：\\x1b[31m没有这个区划",
    ]


def test_the_rules_that_block_are_named(server: Any, liancai: Run) -> None:
    decision = enrolments_pb2.EnrolmentDecision(
        verdicts=[
            types_pb2.RuleVerdict(
                code="TR-AGE-MIN",
                title="不小于 16 岁",
                outcome=types_pb2.RuleVerdict.BLOCKED,
                inputs={"age_at_class_start": "15"},
            ),
            types_pb2.RuleVerdict(code="TR-AGE-MAX", title="不大于 60 岁", outcome=types_pb2.RuleVerdict.PASSED),
        ]
    )
    finding = types_pb2.Finding(code="TR-OVERLAP", message="与另一班时间冲突")
    unknown = AnyMessage(type_url="type.googleapis.com/liancai.training.v1.NewThing", value=b"\xff")
    broken = AnyMessage(type_url="type.googleapis.com/liancai.common.v1.Finding", value=b"\xff\xff")
    server.answers["Enrol"] = refuse(
        grpc.StatusCode.FAILED_PRECONDITION,
        rpc.ErrorInfo(reason="NOT_ELIGIBLE"),
        decision,
        finding,
        unknown,
        broken,
    )
    done = liancai("enrolment", "add", "7", "--name", "张三", "--id", "110101199001010016", "--phone", "13800000000")
    assert done.code == 1
    assert "TR-AGE-MIN：不小于 16 岁  (age_at_class_start=15)" in done.err
    assert "TR-OVERLAP：与另一班时间冲突" in done.err
    assert "TR-AGE-MAX" not in done.err
    assert not any(secret in done.err + done.out for secret in ("张三", "110101199001010016", "13800000000"))


def test_a_refusal_without_details(server: Any, liancai: Run) -> None:
    server.answers["GetOrder"] = lambda _, context: context.abort(grpc.StatusCode.NOT_FOUND, "no such order")
    done = liancai("--lang", "en", "order", "show", "7")
    assert (done.code, done.err) == (1, "NOT_FOUND: no such order\n")
    server.answers["GetOrder"] = lambda _, context: context.abort(grpc.StatusCode.UNAUTHENTICATED, "")
    assert "LIANCAI_TOKEN" in liancai("order", "show", "7").err


def test_a_list_that_breaks_off_keeps_what_it_had(server: Any, liancai: Run) -> None:
    first = orders_pb2.ListOrdersResponse(orders=[orders_pb2.Order(name="orders/1")], next_page_token="x")

    def answer(request: Any, context: Any) -> Any:
        return first if not request.page_token else context.abort(grpc.StatusCode.INVALID_ARGUMENT, "page token")

    server.answers["ListOrders"] = answer
    done = liancai("order", "list", "-o", "jsonl")
    assert done.code == 1
    assert len(done.out.splitlines()) == 1


# ---- the line --------------------------------------------------------------------------------------


def test_a_busy_server_is_tried_again_with_the_same_request_id(server: Any, liancai: Run) -> None:
    def answer(_: Any, context: Any) -> Any:
        if len(server.calls) < 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "busy")
        return orders_pb2.Order(name="orders/7")

    server.answers["SubmitOrder"] = answer
    assert liancai("order", "submit", "7").code == 0
    made = [request.request_id for request in server.requests("SubmitOrder")]
    assert len(made) == 3
    assert len(set(made)) == 1
    assert liancai("order", "submit", "7").code == 0
    assert server.requests("SubmitOrder")[-1].request_id != made[0]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_an_unreachable_server(run: Run) -> None:
    done = run("--target", f"127.0.0.1:{free_port()}", "order", "submit", "7", "--request-id", "again-0001")
    assert (done.code, done.out) == (3, "")
    assert "liancai-server" in done.err
    assert "--request-id again-0001" in done.err


def slowly(seconds: float) -> Callable[[Any, Any], Any]:
    def answer(*_: Any) -> Any:
        time.sleep(seconds)
        return orders_pb2.Order()

    return answer


def test_a_slow_server(server: Any, liancai: Run) -> None:
    server.answers["GetOrder"] = slowly(0.5)
    done = liancai("--timeout", "0.1", "order", "show", "7")
    assert done.code == 3
    assert "没有在时限内" in done.err


def test_two_servers_share_the_calls(server: Any, run: Run) -> None:
    """One of two addresses is dead: every call still gets an answer."""
    serve_pages(server, 1200)
    done = run("--target", f"127.0.0.1:{free_port()},{server.target}", "order", "list", "--limit", "0", "-o", "jsonl")
    assert (done.code, len(done.out.splitlines())) == (0, 1200)


@pytest.mark.parametrize(
    ("target", "local"),
    [
        ("127.0.0.1:50151", True),
        ("127.9.9.9:1", True),
        ("localhost:1", True),
        ("[::1]:50151", True),
        ("unix:/run/liancai", True),
        ("dns:///localhost:5", True),
        ("10.0.0.5:50151", False),
        ("training.gaotang.gov.cn:443", False),
        ("localhost.example.com:1", False),
        ("[2001:db8::1]:50151", False),
        ("0.0.0.0:50151", False),
    ],
)
def test_which_targets_are_this_machine(target: str, local: bool) -> None:
    assert wire.is_local(target) is local


def test_nothing_goes_in_clear_to_another_machine(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANCAI_TOKEN", "secret")
    done = run("--target", "192.0.2.1:50151", "order", "list")
    assert done.code == 2
    assert "--tls-ca" in done.err
    assert "secret" not in done.err
    assert run("--target", f"127.0.0.1:{free_port()},192.0.2.1:1", "order", "list").code == 2
    assert run("--target", "192.0.2.1:1,a.example:1", "--insecure", "order", "list").code == 2
    assert run("--target", "192.0.2.1:1", "--insecure", "--timeout", "0.2", "order", "list").code == 3


def test_tls(run: Run, tmp_path: Path, server: Any) -> None:
    """A certificate of our own: trusted when named, and a clear channel gets nothing."""
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("no openssl command")
    from concurrent import futures

    from liancai.training.v1 import orders_pb2_grpc

    order = orders_pb2.Order(name="orders/7")
    base = orders_pb2_grpc.OrdersServicer
    secure = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    orders_pb2_grpc.add_OrdersServicer_to_server(type("Orders", (base,), {"GetOrder": lambda *_: order})(), secure)
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
    port = secure.add_secure_port("127.0.0.1:0", credentials)
    secure.start()
    try:
        assert run("--target", f"localhost:{port}", "--tls-ca", str(certificate), "order", "show", "7").code == 0
        assert run("--target", f"localhost:{port}", "--timeout", "0.3", "order", "show", "7").code == 3
        assert run("--tls-ca", str(tmp_path / "none"), "order", "show", "7").code == 2
    finally:
        secure.stop(0).wait()


# ---- usage -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ordr", "list"], "order"),
        (["orders"], "order"),
        (["order", "sumbit", "7"], "submit"),
        (["order", "del"], "没有“del”这个命令"),
        (["list", "class"], "class list"),
        (["order", "list", "--limt", "5"], "--limit"),
        (["order", "show"], "ORDER"),
        (["order", "match", "7"], "--institution-code"),
        (["order", "show", "classes/7"], "orders/…"),
        (["order", "create", "--wage", "4500.555"], "4500.555"),
        (["order", "create", "--start", "2026-2-30"], "YYYY-MM-DD"),
        (["order", "create", "--headcount", "many"], "many"),
        (["order", "create", "--occurred", "yesterday"], "yesterday"),
        (["order", "list", "-o", "xml"], "jsonl"),
        (["--timeout", "0", "order", "list"], "--timeout"),
        (["--lang", "tlh", "order", "list"], "tlh"),
        (["--target", " ", "order", "list"], "没有服务地址"),
        (["class", "create", "--session", "tomorrow"], "tomorrow"),
        (["roster", "import", "x.xlsx", "--class", "7", "--mode", "all"], "all-or-nothing"),
    ],
)
def test_what_cannot_be_meant_is_said_and_exits_2(run: Run, words: list[str], said: str) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("word", "value"), [("4500", 450000), ("4500.5", 450050), ("0.07", 7), ("1.10", 110)])
def test_money(word: str, value: int) -> None:
    assert fen(word) == value


@pytest.mark.parametrize("word", ["", "-1", "1.005", "1e5", "4,500", ".5", "4500元"])
def test_what_is_no_money(word: str) -> None:
    with pytest.raises(Mistake):
        fen(word)


def test_a_fault_of_ours_is_no_traceback(server: Any, liancai: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("张三 110101199001010016")

    monkeypatch.setattr("cli.show.one", fail)
    server.answers["GetOrder"] = lambda *_: orders_pb2.Order()
    done = liancai("order", "show", "7")
    assert done.code == 1
    assert "RuntimeError" in done.err
    assert "110101199001010016" not in done.err
    monkeypatch.setenv("LIANCAI_DEBUG", "1")
    with pytest.raises(RuntimeError):
        liancai("order", "show", "7")


def test_interrupted(server: Any) -> None:
    """Ctrl-C while a call waits: 130, and not a word."""
    server.answers["GetOrder"] = slowly(2)
    command = [sys.executable, "-m", "cli", "--target", server.target, "order", "show", "7"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)
    while not server.calls:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=5)
    assert (running.returncode, out, err) == (130, "", "")


def test_version(run: Run) -> None:
    assert run("version").out.startswith("liancai ")


def test_the_words_follow_the_language(run: Run) -> None:
    assert run("--lang", "en", "order", "lst").err.startswith('Usage: There is no command "lst". Did you mean: list')
    assert t.language == "en"
    assert "没有" in run("order", "lst").err
