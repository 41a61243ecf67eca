"""`liancai request`: what is sent, and what is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from liancai.placement.v1 import commissioners_pb2
from liancai.placement.v1 import requests_pb2 as pb

Run = Callable[..., Any]


def test_a_draft_sends_what_was_given(server: Any, liancai: Run) -> None:
    server.answers["CreateRequest"] = lambda request, _: request.request
    done = liancai(
        "request", "create", "--kind", "on-site-guidance", "--problem", "裂果", "--discipline", "2103020=2",
        "--from", "2026-12-01", "--to", "2026-12-31", "--days", "2", "--may-split", "--refused", "8", "--wished", "9",
    )  # fmt: skip
    assert done.code == 0, done.err
    sent = server.requests("CreateRequest")[0].request
    assert (sent.kind, sent.discipline) == (1, commissioners_pb2.Discipline(code="2103020", level=2))
    assert (sent.working_days, sent.may_split, sent.team_needed) == (2, True, False)
    assert (list(sent.refused_commissioners), sent.wished_commissioner) == (["commissioners/8"], "commissioners/9")


def test_an_update_sends_a_mask(server: Any, liancai: Run) -> None:
    server.answers["UpdateRequest"] = lambda request, _: request.request
    assert liancai("request", "update", "7", "--in-a-row", "--days", "3").code == 0
    (request,) = server.requests("UpdateRequest")
    assert sorted(request.update_mask.paths) == ["may_split", "working_days"]
    assert liancai("request", "update", "7").code == 2


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (["submit", "7"], "SubmitRequest", {"name": "requests/7"}),
        (["return", "7", "--reason", "r"], "ReturnRequest", {"reason": "r"}),
        (["accept", "7", "--etag", "e"], "AcceptRequest", {"etag": '"e"'}),
        (["cancel", "7", "--reason", "r"], "CancelRequest", {"reason": "r"}),
        (["unserved", "7", "--reason", "r"], "MarkUnserved", {"reason": "r"}),
        (["extend", "7", "--reason", "r", "--days", "4"], "ExtendRequest", {"working_days": 4, "window_end": ""}),
        (["extend", "7", "--reason", "r", "--to", "2026-12-31"], "ExtendRequest", {"window_end": "2026-12-31"}),
    ],
)
def test_every_act_carries_its_fields_and_the_given_request_id(
    server: Any, liancai: Run, words: list[str], method: str, fields: dict[str, Any]
) -> None:
    server.answers[method] = lambda *_: pb.Request()
    assert liancai("request", *words, "--request-id", "again-0001").code == 0
    (request,) = server.requests(method)
    assert request.request_id == "again-0001"
    assert {name: getattr(request, name) for name in fields} == fields


def test_a_list_asks_for_what_was_given_and_shows_it(server: Any, liancai: Run) -> None:
    wanted = commissioners_pb2.Discipline(code="210", level=2)
    found = pb.Request(name="requests/7", state=pb.Request.ACCEPTED, discipline=wanted)
    server.answers["ListRequests"] = lambda *_: pb.ListRequestsResponse(requests=[found])
    done = liancai("request", "list", "--state", "accepted", "--kind", "survey", "--discipline", "210")
    assert done.code == 0
    assert "210=2" in done.out
    asked = server.requests("ListRequests")[0].filter
    assert (list(asked.states), list(asked.kinds), asked.discipline) == ([3], [4], "210")
