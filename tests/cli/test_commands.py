"""Commands against a real server: what is sent, and what is shown."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from liancai.reference.v1 import reference_pb2
from liancai.training.v1 import classes_pb2, enrolments_pb2, orders_pb2

from cli import wire
from tests.cli.pages import serve_pages

Run = Callable[..., Any]


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
        (["order", "close", "7"], "CloseOrder", {"reason": ""}),
        (["order", "cancel", "7", "--reason", "r"], "CancelOrder", {"reason": "r"}),
        (["class", "file", "7"], "FileClass", {"name": "classes/7"}),
        (["class", "review", "7"], "ReviewClass", {"name": "classes/7"}),
        (["class", "return", "7", "--reason", "r"], "ReturnClass", {"reason": "r", "gaps": []}),
        (["class", "return", "7", "--gap", "缺教材", "--gap", "缺教案"], "ReturnClass", {"gaps": ["缺教材", "缺教案"]}),
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


def test_the_local_token_is_shown_to_no_other_machine(
    server: Any, liancai: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["GetOrder"] = lambda *_: orders_pb2.Order(name="orders/7", state=orders_pb2.Order.DRAFT)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "local.token").write_text("local\n")
    monkeypatch.setattr(wire, "is_local", lambda _target: False)
    assert liancai("--insecure", "order", "show", "7").code == 0
    assert "authorization" not in server.calls[-1][2]
    monkeypatch.setenv("LIANCAI_TOKEN", "own")
    assert liancai("--insecure", "order", "show", "7").code == 0
    assert server.calls[-1][2]["authorization"] == "Bearer own"


# ---- lists -----------------------------------------------------------------------------------------


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
