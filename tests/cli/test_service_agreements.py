"""`liancai service-agreement`, and following what becomes of them: what is sent, and what is shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from liancai.common.v1 import event_pb2
from liancai.placement.v1 import service_agreements_pb2 as pb

Run = Callable[..., Any]
Agreement = pb.ServiceAgreement


def test_a_draft_sends_what_was_given(server: Any, liancai: Run, tmp_path: Path) -> None:
    server.answers["CreateServiceAgreement"] = lambda request, _: request.service_agreement
    (tmp_path / "协议.pdf").write_bytes(b"signed")
    done = liancai(
        "service-agreement", "create", "--commissioner", "8", "--kind", "single-host", "--host-code", "91X",
        "--division", "371526", "--valid-from", "2026-12-01", "--valid-to", "2027-11-30", "--min-days", "20",
        "--service", "training", "--service", "outreach", "--pay", "12000.50", "--expenses", "sending-unit",
        "--insurance", "host", "--file", tmp_path / "协议.pdf",
    )  # fmt: skip
    assert done.code == 0, done.err
    sent = server.requests("CreateServiceAgreement")[0].service_agreement
    assert (sent.commissioner, sent.kind, list(sent.services)) == ("commissioners/8", 1, [6, 7])
    assert (sent.pay_a_year_fen, sent.expense_bearer, sent.insurance_bearer) == (1200050, 1, 2)
    assert sent.file_sha256 == hashlib.sha256(b"signed").hexdigest()
    assert "12000.50" in done.out.replace(",", "")
    assert done.err == ""


def test_days_that_would_count_twice_are_told_of(server: Any, liancai: Run) -> None:
    server.answers["GetServiceAgreement"] = lambda *_: Agreement(overlaps=["serviceAgreements/9"])
    done = liancai("service-agreement", "show", "7", "-o", "json")
    assert json.loads(done.out)["overlaps"] == ["serviceAgreements/9"]
    assert "serviceAgreements/9" in done.err


def test_an_update_sends_a_mask(server: Any, liancai: Run) -> None:
    server.answers["UpdateServiceAgreement"] = lambda request, _: request.service_agreement
    assert liancai("service-agreement", "update", "7", "--min-days", "30", "--ip", "", "--sha256", "ab").code == 0
    (request,) = server.requests("UpdateServiceAgreement")
    assert request.service_agreement.name == "serviceAgreements/7"
    assert sorted(request.update_mask.paths) == ["file_sha256", "intellectual_property", "min_days_a_year"]
    assert liancai("service-agreement", "update", "7").code == 2


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (
            ["sign", "7", "--role", "host", "--date", "2026-11-20", "--sha256", "ab"],
            "Sign",
            {"name": "serviceAgreements/7", "role": 3, "sign_date": "2026-11-20", "file_sha256": "ab"},
        ),
        (["file", "7", "--number", "高科备1号", "--etag", "e"], "File", {"filing_number": "高科备1号", "etag": '"e"'}),
        (["end", "7"], "End", {"name": "serviceAgreements/7"}),
        (
            ["terminate", "7", "--reason", "r", "--last-day", "2027-01-31"],
            "Terminate",
            {"reason": "r", "last_day": "2027-01-31"},
        ),
        (["withdraw", "7", "--reason", "r"], "Withdraw", {"reason": "r"}),
    ],
)
def test_every_act_carries_its_fields_and_the_given_request_id(
    server: Any, liancai: Run, words: list[str], method: str, fields: dict[str, Any]
) -> None:
    server.answers[f"{method}ServiceAgreement"] = lambda *_: Agreement()
    assert liancai("service-agreement", *words, "--request-id", "again-0001").code == 0
    (request,) = server.requests(f"{method}ServiceAgreement")
    assert request.request_id == "again-0001"
    assert {name: getattr(request, name) for name in fields} == fields


def test_a_list_asks_for_what_was_given_and_shows_it(server: Any, liancai: Run) -> None:
    found = Agreement(name="serviceAgreements/7", state=Agreement.FILED, kind=Agreement.FRAMEWORK)
    answer = pb.ListServiceAgreementsResponse(service_agreements=[found])
    server.answers["ListServiceAgreements"] = lambda *_: answer
    done = liancai(
        "service-agreement", "list", "--state", "filed", "--kind", "framework", "--commissioner", "8",
        "--host-code", "91X", "--on", "2026-12-01", "--division", "371526",
    )  # fmt: skip
    assert done.code == 0
    assert "框架协议" in done.out
    assert server.requests("ListServiceAgreements")[0].filter == pb.ListServiceAgreementsRequest.Filter(
        states=[3], kinds=[2], commissioner="commissioners/8", host_credit_code="91X", in_force_on="2026-12-01",
        division="371526",
    )  # fmt: skip


def test_the_service_whose_events_are_followed_is_the_one_named(server: Any, liancai: Run) -> None:
    def telling(subject: str) -> Callable[..., Any]:
        told = event_pb2.WatchEventsResponse(events=[event_pb2.Event(sequence=7, subject=subject)], position=7)
        return lambda *_: iter([told])

    server.answers["DispatchEvents.WatchEvents"] = telling("serviceAgreements/1")
    server.answers["Events.WatchEvents"] = telling("orders/1")
    done = liancai("event", "watch", "--service", "placement", "--once")
    assert (done.code, json.loads(done.out)["subject"]) == (0, "serviceAgreements/1")
    assert json.loads(liancai("event", "watch", "--once").out)["subject"] == "orders/1"
    assert liancai("event", "watch", "--service", "talents", "--once").code == 2
