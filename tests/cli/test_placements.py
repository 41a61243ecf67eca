"""`liancai placement`: what is sent, and what is shown."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from liancai.common.v1.types_pb2 import RuleVerdict
from liancai.placement.v1 import audit_pb2
from liancai.placement.v1 import placements_pb2 as pb

Run = Callable[..., Any]
Placement = pb.Placement


def test_a_draft_sends_what_was_given(server: Any, liancai: Run, tmp_path: Path) -> None:
    paper, policy = tmp_path / "agreement.pdf", tmp_path / "policy.pdf"
    paper.write_bytes(b"signed")
    policy.write_bytes(b"insured")
    server.answers["CreatePlacement"] = lambda request, _: request.placement
    done = liancai(
        "placement", "create", "--kind", "technology-vice-president", "--name", "样例甲", "--id", "1", "--phone", "2",
        "--title", "associate-senior", "--education", "doctor", "--post", "副总工程师", "--from", "2026-12-01",
        "--to", "2027-11-30", "--agreement", "三方协议", "--agreement-file", str(paper), "--signed-on", "2026-11-20",
        "--document", f"insurance={policy}", "--document", f"qualification={'AB' * 32}", "--pay-bearer", "host-unit",
    )  # fmt: skip
    assert done.code == 0, done.err
    sent = server.requests("CreatePlacement")[0].placement
    assert (sent.kind, sent.title, sent.education, sent.pay_bearer) == (6, 3, 4, Placement.HOST_UNIT)
    signed = Placement.Agreement(title="三方协议", sha256=sha256(b"signed").hexdigest(), signed_on="2026-11-20")
    assert sent.agreement == signed
    assert [(each.kind, each.sha256) for each in sent.documents] == [
        (Placement.Document.INSURANCE, sha256(b"insured").hexdigest()),
        (Placement.Document.QUALIFICATION, "AB" * 32),
    ]
    assert not sent.HasField("consent_time")


@pytest.mark.parametrize("word", ["insurance", "insurance=", "health=x"])
def test_a_document_that_cannot_be_meant(liancai: Run, word: str) -> None:
    assert liancai("placement", "create", "--document", word).code == 2


def test_a_file_that_is_not_there(liancai: Run, tmp_path: Path) -> None:
    missing = tmp_path / "nothing.pdf"
    done = liancai("placement", "create", "--document", f"insurance={missing}")
    assert done.code != 0
    assert str(missing) in done.err


def test_an_update_sends_a_mask(server: Any, liancai: Run) -> None:
    server.answers["UpdatePlacement"] = lambda request, _: request.placement
    assert liancai("placement", "update", "7", "--post", "顾问", "--agreement", "协议", "--etag", "e").code == 0
    (request,) = server.requests("UpdatePlacement")
    assert sorted(request.update_mask.paths) == ["agreement", "post"]
    assert (request.placement.name, request.placement.etag) == ("placements/7", '"e"')
    assert liancai("placement", "update", "7").code == 2


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (["submit", "7"], "SubmitPlacement", {"name": "placements/7"}),
        (["consent", "7", "--etag", "e"], "ConsentPlacement", {"etag": '"e"'}),
        (["return", "7", "--reason", "r"], "ReturnPlacement", {"reason": "r"}),
        (["approve", "7"], "ApprovePlacement", {"reason": ""}),
        (["approve", "7", "--reason", "r"], "ApprovePlacement", {"reason": "r"}),
        (["begin", "7", "--on", "2026-12-01"], "BeginPlacement", {"begun_on": "2026-12-01"}),
        (["extend", "7", "--to", "2027-12-01", "--reason", "r"], "ExtendPlacement", {"end_date": "2027-12-01"}),
        (
            ["end", "7", "--on", "2027-01-01", "--reason", "r"],
            "EndPlacement",
            {"ended_on": "2027-01-01", "reason": "r"},
        ),
        (["cancel", "7", "--reason", "r"], "CancelPlacement", {"reason": "r"}),
        (["reveal", "7", "--purpose", "核对身份"], "RevealPlacement", {"purpose": "核对身份"}),
    ],
)
def test_every_act_carries_its_fields_and_the_given_request_id(
    server: Any, liancai: Run, words: list[str], method: str, fields: dict[str, Any]
) -> None:
    reply = pb.RevealPlacementResponse if method.startswith("Reveal") else Placement
    server.answers[method] = lambda *_: reply()
    assert liancai("placement", *words, "--request-id", "again-0001").code == 0
    (request,) = server.requests(method)
    assert request.request_id == "again-0001"
    assert {name: getattr(request, name) for name in fields} == fields


def test_a_report_sends_the_hash_of_its_file(server: Any, liancai: Run, tmp_path: Path) -> None:
    file = tmp_path / "report.docx"
    file.write_bytes(b"report")
    server.answers["AddPlacementReport"] = lambda request, _: request.report
    words = ["--from", "2026-12-01", "--to", "2026-12-31", "--text", "调试", "--file", str(file)]
    assert liancai("placement", "report", "7", *words).code == 0
    sent = server.requests("AddPlacementReport")[0].report
    hashed = sha256(b"report").hexdigest()
    assert sent == pb.PlacementReport(first_day="2026-12-01", last_day="2026-12-31", text="调试", file_sha256=hashed)


def test_lists_and_searches_ask_for_what_was_given(server: Any, liancai: Run) -> None:
    found = Placement(name="placements/7", state=Placement.RUNNING, kind=Placement.EXCHANGE, masked_name="张*")
    for method in ("ListPlacements", "SearchPlacements"):
        server.answers[method] = lambda *_: pb.ListPlacementsResponse(placements=[found])
    done = liancai("placement", "list", "--state", "running", "--kind", "exchange", "--on", "2026-12-01")
    assert done.code == 0
    assert "张*" in done.out
    assert "人才互换" in done.out
    wanted = server.requests("ListPlacements")[0].filter
    assert (list(wanted.states), list(wanted.kinds), wanted.on_day) == ([5], [2], "2026-12-01")
    assert liancai("placement", "search", "zs").code == 0
    assert server.requests("SearchPlacements")[0].query == "zs"
    said = pb.PlacementReport(name="placements/7/reports/1", text="调试")
    server.answers["ListPlacementReports"] = lambda *_: pb.ListPlacementReportsResponse(reports=[said])
    assert "调试" in liancai("placement", "reports", "7").out


def test_an_explanation_shows_each_rule_and_what_wants_a_reason(server: Any, liancai: Run) -> None:
    verdict = RuleVerdict(
        code="PL-TERM",
        outcome=RuleVerdict.WARNED,
        title="期限",
        inputs={"kind": "SECONDMENT"},
        parameters={"term.months.secondment": "24"},
        source="通行做法",
        confidence="unconfirmed",
    )
    answer = pb.ExplainPlacementResponse(verdicts=[verdict], open_codes=["PL-TERM"], rule_pack="other-placements@1")
    server.answers["ExplainPlacement"] = lambda *_: answer
    done = liancai("placement", "explain", "7")
    assert done.code == 0
    for word in ("PL-TERM", "通行做法", "term.months.secondment=24"):
        assert word in done.out
    assert "PL-TERM" in done.err
    answer.blocked = True
    assert "阻断" in liancai("placement", "explain", "7").err
    assert '"rule_pack": "other-placements@1"' in liancai("placement", "explain", "7", "-o", "json").out


def test_the_trail_of_one_placement(server: Any, liancai: Run) -> None:
    entry = audit_pb2.ListPlacementTrailResponse().entries.add(actor="org-home", action="placement.placement.approve")
    server.answers["ListPlacementTrail"] = lambda *_: audit_pb2.ListPlacementTrailResponse(entries=[entry])
    done = liancai("placement", "trail", "--placement", "7")
    assert done.code == 0
    assert "org-home" in done.out
    assert server.requests("ListPlacementTrail")[0].resource == "placements/7"
