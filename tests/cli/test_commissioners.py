"""`liancai commissioner`: what is sent, and what is shown."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest
from liancai.placement.v1 import commissioners_pb2 as pb

Run = Callable[..., Any]


def test_an_application_sends_what_was_given(server: Any, liancai: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers["ApplyCommissioner"] = lambda *_: pb.Commissioner(name="commissioners/7", masked_name="张*")
    monkeypatch.setattr(sys, "stdin", io.StringIO("110101199001010016\n"))
    done = liancai(
        "commissioner", "apply", "--kind", "individual", "--direction", "forward", "--field", "agriculture",
        "--name", "张三", "--id", "-", "--discipline", "21020=2", "--discipline", "210=1",
        "--title", "associate-senior", "--education", "master", "--unit-code", "12X", "--days", "40",
    )  # fmt: skip
    assert done.code == 0, done.err
    sent = server.requests("ApplyCommissioner")[0].commissioner
    assert (sent.kind, sent.title, sent.education) == (pb.Commissioner.INDIVIDUAL, 3, 3)
    assert (sent.full_name, sent.resident_id, sent.home_unit_credit_code) == ("张三", "110101199001010016", "12X")
    assert [(each.code, each.level) for each in sent.disciplines] == [("21020", 2), ("210", 1)]
    assert "张*" in done.out


@pytest.mark.parametrize("word", ["21020", "21020=x"])
def test_a_discipline_wants_a_level(liancai: Run, word: str) -> None:
    assert liancai("commissioner", "apply", "--discipline", word).code == 2


def test_an_update_sends_a_mask(server: Any, liancai: Run) -> None:
    server.answers["UpdateCommissioner"] = lambda request, _: request.commissioner
    assert liancai("commissioner", "update", "7", "--phone", "13800001111", "--member", "8", "--etag", "e").code == 0
    (request,) = server.requests("UpdateCommissioner")
    assert sorted(request.update_mask.paths) == ["members", "phone"]
    assert (list(request.commissioner.members), request.commissioner.etag) == (["commissioners/8"], '"e"')
    assert liancai("commissioner", "update", "7").code == 2


def test_availability(server: Any, liancai: Run) -> None:
    server.answers["SetAvailability"] = lambda *_: pb.Commissioner()
    words = ("--never-on", "5", "--absent", "2026-12-01..2026-12-05", "--absent", "2026-12-09")
    assert liancai("commissioner", "availability", "7", *words).code == 0
    (request,) = server.requests("SetAvailability")
    assert list(request.unavailable_weekdays) == [5]
    assert [(each.first_day, each.last_day) for each in request.absences] == [
        ("2026-12-01", "2026-12-05"),
        ("2026-12-09", "2026-12-09"),
    ]
    assert liancai("commissioner", "availability", "7", "--absent", "soon").code == 2


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (["recommend", "7"], "RecommendCommissioner", {"name": "commissioners/7"}),
        (["vet", "7", "--etag", "e"], "VetCommissioner", {"etag": '"e"'}),
        (["endorse", "7"], "EndorseCommissioner", {"name": "commissioners/7"}),
        (
            ["file", "7", "--certificate", "C", "--term-start", "2026-11-23"],
            "FileCommissioner",
            {"certificate_number": "C", "term_start": "2026-11-23"},
        ),
        (["refuse", "7", "--reason", "r"], "RefuseCommissioner", {"reason": "r"}),
        (["withdraw", "7", "--reason", "r"], "WithdrawCommissioner", {"reason": "r"}),
        (["renew", "7"], "RenewCommissioner", {"name": "commissioners/7"}),
        (["reveal", "7", "--purpose", "核对身份"], "RevealCommissioner", {"purpose": "核对身份"}),
    ],
)
def test_every_act_carries_its_fields_and_the_given_request_id(
    server: Any, liancai: Run, words: list[str], method: str, fields: dict[str, Any]
) -> None:
    reply = pb.RevealCommissionerResponse if method.startswith("Reveal") else pb.Commissioner
    server.answers[method] = lambda *_: reply()
    assert liancai("commissioner", *words, "--request-id", "again-0001").code == 0
    (request,) = server.requests(method)
    assert request.request_id == "again-0001"
    assert {name: getattr(request, name) for name in fields} == fields


def test_lists_and_searches_ask_for_what_was_given(server: Any, liancai: Run) -> None:
    found = pb.Commissioner(name="commissioners/7", state=pb.Commissioner.FILED, masked_name="张*")
    for method in ("ListCommissioners", "SearchCommissioners"):
        server.answers[method] = lambda *_: pb.ListCommissionersResponse(commissioners=[found])
    done = liancai("commissioner", "list", "--state", "filed", "--kind", "team", "--discipline", "210")
    assert done.code == 0
    assert "张*" in done.out
    wanted = server.requests("ListCommissioners")[0].filter
    assert (list(wanted.states), list(wanted.kinds), wanted.discipline) == ([5], [2], "210")
    assert liancai("commissioner", "search", "zs").code == 0
    assert server.requests("SearchCommissioners")[0].query == "zs"
