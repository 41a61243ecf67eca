"""Lists written to files: every page, nothing that runs, whole or not at all, and nothing replaced unasked."""

from __future__ import annotations

import csv
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import openpyxl
import pytest
from liancai.training.v1 import classes_pb2, enrolments_pb2, orders_pb2

from cli import export
from cli.texts import t
from tests.cli.pages import serve_pages

Run = Callable[..., Any]
PAYLOADS = [
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＠x"),
    *('=HYPERLINK("http://x")', "=cmd|' /C calc'!A0", "a\x1b[31m\x00\ufffe"),
]
LONG = ["912345678901234567", "12345E6", "007"]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_xlsx(path: Path) -> list[dict[str, Any]]:
    heads, *lines = openpyxl.load_workbook(path).active.iter_rows()
    return [{str(head.value): cell for head, cell in zip(heads, line, strict=True)} for line in lines]


def head(field: str, message: str = "Order") -> str:
    from cli import show

    return show.heading(field, message)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_every_page_is_followed(suffix: str, server: Any, liancai: Run, tmp_path: Path) -> None:
    serve_pages(server, 1_234)
    target = tmp_path / f"订单.{suffix}"
    done = liancai("order", "list", "--export", target)
    assert (done.code, done.out) == (0, "")
    assert "1234" in done.err
    rows = read_csv(target) if suffix == "csv" else read_xlsx(target)
    names = [getattr(row[head("name")], "value", row[head("name")]) for row in rows]
    assert names == [f"orders/{number}" for number in range(1_234)]


def test_a_limit_holds_if_it_was_typed(server: Any, liancai: Run, tmp_path: Path) -> None:
    serve_pages(server, 300)
    assert liancai("order", "list", "--limit", "7", "--export", tmp_path / "a.csv").code == 0
    assert len(read_csv(tmp_path / "a.csv")) == 7
    assert liancai("order", "list", "--limit", "100", "--export", tmp_path / "b.csv").code == 0
    assert len(read_csv(tmp_path / "b.csv")) == 100


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_cell_is_a_formula(payload: str, server: Any, liancai: Run, tmp_path: Path) -> None:
    order = orders_pb2.Order(name="orders/1", enterprise_name=payload)
    server.answers["ListOrders"] = lambda *_: orders_pb2.ListOrdersResponse(orders=[order])
    assert liancai("order", "list", "--export", tmp_path / "o.csv").code == 0
    cell = read_csv(tmp_path / "o.csv")[0][head("enterprise_name")]
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＠"))
    assert liancai("order", "list", "--export", tmp_path / "o.xlsx").code == 0
    written = read_xlsx(tmp_path / "o.xlsx")[0][head("enterprise_name")]
    assert (written.data_type, written.number_format) == ("s", "@")
    assert written.quotePrefix == (payload[0] in "=+-@＝＠")
    with zipfile.ZipFile(tmp_path / "o.xlsx") as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("code", LONG)
def test_no_number_of_somebody_is_rounded(code: str, server: Any, liancai: Run, tmp_path: Path) -> None:
    order = orders_pb2.Order(name="orders/1", enterprise_credit_code=code)
    server.answers["ListOrders"] = lambda *_: orders_pb2.ListOrdersResponse(orders=[order])
    for suffix in ("csv", "xlsx"):
        assert liancai("order", "list", "--export", tmp_path / f"o.{suffix}").code == 0
    assert read_csv(tmp_path / "o.csv")[0][head("enterprise_credit_code")] == f"'{code}"
    written = read_xlsx(tmp_path / "o.xlsx")[0][head("enterprise_credit_code")]
    assert (written.value, written.data_type, written.number_format) == (code, "s", "@")


def test_what_people_add_up_is_a_number_and_the_rest_is_as_they_read_it(
    server: Any, liancai: Run, tmp_path: Path
) -> None:
    order = orders_pb2.Order(
        name="orders/1", state=orders_pb2.Order.DRAFT, headcount=30, wage_min_fen=450050, etag='"7"', division="371526"
    )
    order.create_time.FromJsonString("2026-11-01T16:30:00Z")
    server.answers["ListOrders"] = lambda *_: orders_pb2.ListOrdersResponse(orders=[order])
    for suffix in ("csv", "xlsx"):
        assert liancai("order", "list", "--export", tmp_path / f"o.{suffix}").code == 0
    row = read_xlsx(tmp_path / "o.xlsx")[0]
    assert row[head("headcount")].value == 30
    assert row[head("wage_min_fen")].value == 4500.5
    assert row[head("state")].value == t("value.Order.State.DRAFT")
    assert row[head("create_time")].value == "2026-11-02 00:30:00"
    assert row[head("park")].value is None
    assert head("etag") not in row
    plain = read_csv(tmp_path / "o.csv")[0]
    assert (plain[head("headcount")], plain[head("wage_min_fen")]) == ("30", "4500.50")
    assert (tmp_path / "o.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_an_empty_list_has_its_heading(suffix: str, server: Any, liancai: Run, tmp_path: Path) -> None:
    server.answers["ListEnrolments"] = lambda *_: enrolments_pb2.ListEnrolmentsResponse()
    target = tmp_path / f"e.{suffix}"
    assert liancai("enrolment", "list", "--class", "7", "--export", target).code == 0
    if suffix == "csv":
        line = target.read_text(encoding="utf-8-sig")
        assert head("place", "Enrolment") in line.split(",")
    else:
        assert read_xlsx(target) == []


def test_every_list_and_the_search_may_be_exported(server: Any, liancai: Run, tmp_path: Path) -> None:
    enrolment = enrolments_pb2.Enrolment(name="enrolments/A", masked_name="张*")
    server.answers |= {
        "ListOrders": lambda *_: orders_pb2.ListOrdersResponse(orders=[orders_pb2.Order(name="orders/1")]),
        "ListClasses": lambda *_: classes_pb2.ListClassesResponse(classes=[classes_pb2.Class(name="classes/1")]),
        "ListEnrolments": lambda *_: enrolments_pb2.ListEnrolmentsResponse(enrolments=[enrolment]),
        "SearchEnrolments": lambda *_: enrolments_pb2.ListEnrolmentsResponse(enrolments=[enrolment]),
    }
    for number, words in enumerate(
        (["order", "list"], ["class", "list"], ["enrolment", "list", "--class", "1"], ["enrolment", "search", "zs"])
    ):
        assert liancai(*words, "--export", tmp_path / f"{number}.csv").code == 0
        assert len(read_csv(tmp_path / f"{number}.csv")) == 1


def test_a_file_that_is_there_is_replaced_only_with_force(server: Any, liancai: Run, tmp_path: Path) -> None:
    serve_pages(server, 3)
    target = tmp_path / "o.csv"
    target.write_text("mine")
    done = liancai("order", "list", "--export", target)
    assert done.code == 2
    assert "--force" in done.err
    assert target.read_text() == "mine"
    assert not server.calls, "the server was asked for what could not be written"
    assert liancai("order", "list", "--export", target, "--force").code == 0
    assert len(read_csv(target)) == 3


def test_a_file_that_appears_meanwhile_is_not_replaced(
    server: Any, liancai: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "o.csv"

    def answer(*_: Any) -> Any:
        target.write_text("somebody else's")
        return orders_pb2.ListOrdersResponse(orders=[orders_pb2.Order(name="orders/1")])

    def no_links(*_: Any) -> None:
        raise PermissionError

    server.answers["ListOrders"] = answer
    for links in (True, False):
        target.unlink(missing_ok=True)
        if not links:
            monkeypatch.setattr(Path, "hardlink_to", no_links)
        assert liancai("order", "list", "--export", target).code == 2
        assert target.read_text() == "somebody else's"
        assert list(tmp_path.iterdir()) == [target]


def test_a_file_system_without_links_gets_its_file(
    server: Any, liancai: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    serve_pages(server, 3)
    assert liancai("order", "list", "--export", tmp_path / "o.csv").code == 0
    assert len(read_csv(tmp_path / "o.csv")) == 3


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_list_that_breaks_off_leaves_no_file(suffix: str, server: Any, liancai: Run, tmp_path: Path) -> None:
    serve_pages(server, 1_000)
    whole = server.answers["ListOrders"]

    def answer(request: Any, context: Any) -> Any:
        if request.page_token:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "no more")
        return whole(request, context)

    server.answers["ListOrders"] = answer
    target = tmp_path / f"o.{suffix}"
    assert liancai("order", "list", "--export", target).code == 1
    assert list(tmp_path.iterdir()) == []
    target.write_text("mine")
    assert liancai("order", "list", "--export", target, "--force").code == 1
    assert target.read_text() == "mine"


def test_more_rows_than_a_sheet_holds(
    server: Any, liancai: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_pages(server, 11)
    monkeypatch.setattr(export, "MOST_IN_SHEET", 10)
    done = liancai("order", "list", "--export", tmp_path / "o.xlsx")
    assert done.code == 2
    assert ".csv" in done.err
    assert list(tmp_path.iterdir()) == []
    assert liancai("order", "list", "--export", tmp_path / "o.csv").code == 0


def test_a_file_of_another_kind_or_without_a_folder(server: Any, liancai: Run, tmp_path: Path) -> None:
    for target in ("o.xls", "o", "o.csv.gz", "none/o.csv"):
        assert liancai("order", "list", "--export", tmp_path / target).code == 2
    assert not server.calls


def test_the_file_is_its_owner_s_alone(server: Any, liancai: Run, tmp_path: Path) -> None:
    serve_pages(server, 1)
    assert liancai("order", "list", "--export", tmp_path / "o.XLSX").code == 0
    assert stat.S_IMODE(os.stat(tmp_path / "o.XLSX").st_mode) == 0o600


def test_a_search_sends_what_was_typed(
    server: Any, liancai: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io
    import sys

    server.answers["SearchEnrolments"] = lambda *_: enrolments_pb2.ListEnrolmentsResponse()
    words = ("--class", "7", "--order", "8", "--state", "enrolled", "--state", "HIRED")
    assert liancai("enrolment", "search", "张三", *words).code == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO("110101199001010016\n"))
    assert liancai("enrolment", "search", "-").code == 0
    first, second = server.requests("SearchEnrolments")
    assert (first.query, first.class_name, first.order) == ("张三", "classes/7", "orders/8")
    assert list(first.states) == [enrolments_pb2.Enrolment.ENROLLED, enrolments_pb2.Enrolment.HIRED]
    assert second.query == "110101199001010016"
