"""How commands end that do not: refusals, broken lines, and what cannot be meant."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2 as rpc
from google.rpc import status_pb2
from grpc_status import rpc_status
from liancai.common.v1 import types_pb2
from liancai.training.v1 import enrolments_pb2, orders_pb2

from cli import wire
from cli.grammar import Mistake, fen
from cli.texts import t
from tests.cli.pages import serve_pages

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
    assert "TR-AGE-MIN（不符合）：不小于 16 岁  (age_at_class_start=15)" in done.err
    assert "TR-OVERLAP：与另一班时间冲突" in done.err
    assert "TR-AGE-MAX" not in done.err
    assert not any(secret in done.err + done.out for secret in ("张三", "110101199001010016", "13800000000"))


def test_the_states_of_a_refusal_are_said_in_words(server: Any, liancai: Run) -> None:
    about = {"order": "orders/7", "state": "DRAFT", "allowed": "SUBMITTED, LATER"}
    info = packed(rpc.ErrorInfo(reason="ORDER_STATE", metadata=about))
    server.answers["GetOrder"] = refuse(grpc.StatusCode.FAILED_PRECONDITION, info)
    said = liancai("order", "show", "7").err
    assert "DRAFT 草稿, SUBMITTED " in said
    assert "LATER" not in said, "a state of a newer server has no word yet"
    assert "That is" not in liancai("--lang", "en", "order", "show", "7").err, "English says the same twice"


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
        (["order", "list", "--limit", "-1"], "0 为全部"),
        (["order", "list", "--state"], "--state 后面缺少值"),
        (["order", "list", "--force=1"], "--force 不带值"),
        (["order", "show", "7", "8", "(9)"], "多出来的内容：8 (9)。"),
        (["order", "list", "--export", "orders.pdf"], ".json"),
        (["document", "upload", "LT1/pension/check", "identity", "nowhere.pdf"], "nowhere.pdf：没有这个文件"),
        (["document", "upload", "LT1/pension/check", "identity", "."], "是文件夹"),
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
    server.answers["GetOrder"] = slowly(8)
    command = [sys.executable, "-m", "cli", "--target", server.target, "order", "show", "7"]
    # as from a terminal: whoever runs the tests in the background has the signal ignored
    as_usual = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ, preexec_fn=as_usual
    )
    while not server.calls:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (130, "", "")


def test_version(run: Run) -> None:
    assert run("version").out.startswith("liancai ")


def test_the_words_follow_the_language(run: Run) -> None:
    assert run("--lang", "en", "order", "lst").err.startswith('Usage: There is no command "lst". Did you mean: list')
    assert t.language == "en"
    assert "没有" in run("order", "lst").err


@pytest.mark.parametrize(
    ("words", "chinese", "english"),
    [
        (("order", "list", "two", "words"), "多出来的内容：two words。", "Too many words: two words."),
        (("order", "list", "--limit"), "--limit 后面缺少值。", "--limit wants a value after it."),
        (("order", "list", "--force=1"), "--force 不带值。", "--force takes no value."),
        (("order", "list", "--limit", "-1"), "“-1”不是条数", '"-1" is not how many'),
        (("roster", "check", "none.xlsx", "--class", "1"), "none.xlsx：没有这个文件", "There is no such file"),
        (("roster", "check", "/", "--class", "1"), "/：这是文件夹", "This is a folder"),
        (("--tls-ca", "/none.pem", "order", "list"), "/none.pem：没有这个文件", "There is no such file"),
    ],
)
def test_what_libraries_say_in_english_is_said_in_the_language_spoken(
    run: Run, words: tuple[str, ...], chinese: str, english: str
) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert chinese in done.err
    assert english in run("--lang", "en", *words).err


def test_a_state_may_be_typed_as_tables_show_it(server: Any, liancai: Run) -> None:
    serve_pages(server, 1)
    assert liancai("order", "list", "--state", "草稿").code == 0
    assert list(server.calls[-1][1].filter.states) == [orders_pb2.Order.DRAFT]
    assert "有：DRAFT 草稿, SUBMITTED 已提交" in liancai("order", "list", "--state", "无").err


@pytest.mark.parametrize("words", [("order", "list", "--export"), ("roster", "template")])
def test_a_disk_that_is_full_is_told_and_leaves_nothing(server: Any, tmp_path: Path, words: tuple[str, ...]) -> None:
    """A limit of the system on what a file may hold fails as a full disk does: in the middle of writing."""
    serve_pages(server, 3)
    target = tmp_path / "o.xlsx"
    command = [sys.executable, "-m", "cli", "--lang", "en", "--target", server.target, *words, str(target)]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr == f"{target}: The file is too big for where it goes. Take another folder.\n"
    assert list(tmp_path.iterdir()) == []
