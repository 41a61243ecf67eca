"""An officer's day at the command line, against the real services on SQLite and PostgreSQL."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from liancai.training.v1 import enrolments_pb2

from services import host
from services.reference import resident_id
from tests.conftest import token_of
from tests.office import INSTITUTION, Office, somebody

Desk = Callable[..., Any]


@pytest.fixture
def desk(
    run: Callable[..., Any],
    office: Office,  # the server runs
    grpc_addr: str,
    settings: host.Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """Runs a command as somebody; a person is typed in line by line."""

    def command(*words: str, person: enrolments_pb2.Applicant | None = None, who: dict[str, Any] | None = None) -> Any:
        token = tmp_path / "token"
        token.write_text(token_of(settings, **(who or {})))
        if person is not None:
            words = (*words, "--name", "-", "--id", "-", "--phone", "-")
            lines = f"{person.full_name}\n{person.resident_id}\n{person.phone}\n"
            monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        return run("--target", grpc_addr, "--token-file", str(token), *words)

    return command


def data(done: Any) -> Any:
    assert done.code == 0, done.err
    return json.loads(done.out)


PARTNER = {"division": "370103", "unit": "370103-hrss", "subject": "their officer"}


def test_a_waitlist_is_kept_and_explained(desk: Desk, office: Office) -> None:
    held = office.open_class(office.contracted().name, capacity=1).name
    first, second, third = (
        data(desk("enrolment", "add", held, "-o", "json", person=somebody()))["name"] for _ in range(3)
    )
    listed = data(desk("waitlist", "list", "--class", held, "-o", "json"))
    assert [each["name"] for each in listed] == [second, third]
    why = desk("waitlist", "why", third)
    assert why.out.startswith("候补第 2 位，共 2 人等候。")
    assert "待确认" in why.out
    assert "候补位次" in desk("waitlist", "move", third, "--before", second, "--reason", "零就业家庭").out
    assert "2 → 1  零就业家庭" in desk("waitlist", "why", third).out
    left = data(desk("enrolment", "withdraw", first, "--reason", "找到工作", "-o", "json"))
    assert left["promoted"]["name"] == third
    refused = desk("waitlist", "why", third)
    assert (refused.code, f"liancai enrolment show {third}" in refused.err) == (1, True)


def test_what_a_refusal_says_to_type_works(desk: Desk, office: Office) -> None:
    held = office.open_class(office.contracted().name, capacity=1).name
    elder = somebody(resident_id=resident_id.make("370103", date(1960, 1, 5), 9))
    checked = desk("enrolment", "check", held, person=elder)
    refused = desk("enrolment", "add", held, person=elder)
    assert (checked.code, refused.code) == (0, 1)
    told = re.findall(r'--accept "([^"]+)"', refused.err)
    assert told == re.findall(r'--accept "([^"]+)"', checked.err) == ["TR-AGE-MAX=理由"]
    enrolled = data(
        desk("enrolment", "add", held, "--accept", "TR-AGE-MAX=已核实未领取养老金", "-o", "json", person=elder)
    )
    explained = desk("enrolment", "explain", enrolled["name"])
    assert "已核实未领取养老金" in explained.out
    assert "不等于通过" in explained.err
    full = desk("enrolment", "add", held, "--seat-only", person=somebody())
    [command] = re.findall(r"liancai (waitlist list --class \S+)；", full.err)
    assert desk(*command.split()).code == 0


def test_a_limit_binds_and_says_where_to_look(desk: Desk, office: Office) -> None:
    days = {"start_date": "2031-03-03", "end_date": "2031-03-28"}
    held = office.paid_class(office.contracted().name, capacity=5, **days).name
    common = ["--division", "371526", "--year", "2031", "--source", "高人社字〔2031〕8号"]
    assert desk("quota", "set", "heads", "--institution", INSTITUTION, "--persons", "1", *common).code == 0
    money = desk("quota", "set", "budget", "--fund", "employment-subsidy", "--yuan", "2400.00", *common, "-o", "json")
    assert (data(money)["granted"], data(money)["name"]) == ("240000", "quotas/budget-371526-2031-employment-subsidy")
    jobless = ["--category", "UNE", "--proof-kind", "就业创业证", "--proof-number", "3715260001"]
    assert desk("enrolment", "add", held, *jobless, person=somebody()).code == 0
    refused = desk("enrolment", "add", held, *jobless, person=somebody())
    assert "QUOTA_BINDS" in refused.err
    [command] = re.findall(r"liancai (quota seats \S+)", refused.err)
    shown = desk(*command.split())
    assert re.search(rf"\* .*quotas/heads-{INSTITUTION}-2031 +1 +1 +0", shown.out)
    assert "1200.00" in shown.out
    listed = data(desk("quota", "list", "--year", "2031", "-o", "json"))
    assert [each["taken"] for each in listed] == ["120000", "1"]
    assert desk("quota", "set", "heads", "--institution", "x", "--persons", "1", *common, who=PARTNER).code == 1


def test_people_come_together_or_not(desk: Desk, office: Office, tmp_path: Path) -> None:
    held = office.open_class(office.contracted().name, capacity=3).name
    people = [somebody(), somebody()]

    def party(*also: enrolments_pb2.Applicant) -> str:
        lines = [f"{each.full_name},{each.resident_id},{each.phone}" for each in (*people, *also)]
        (tmp_path / "同行.csv").write_text("\n".join(["姓名,公民身份号码,联系电话", *lines]), encoding="utf-8")
        return str(tmp_path / "同行.csv")

    assert len(data(desk("enrolment", "party", held, party(), "-o", "json"))) == 2
    refused = desk("enrolment", "party", held, party(somebody()))
    assert refused.code == 1
    assert "第 1 人" in refused.err
    assert "第 2 人" in refused.err
    assert "第 3 人" not in refused.err
    assert "TR-DUPLICATE" in refused.err
    assert not any(each.resident_id in refused.err for each in people)


def test_somebody_moves_and_somebody_is_replaced(desk: Desk, office: Office) -> None:
    old = office.open_class(office.contracted().name, capacity=1).name
    new = office.open_class(office.contracted().name, capacity=1, title="乙班").name
    first, second = (data(desk("enrolment", "add", old, "-o", "json", person=somebody()))["name"] for _ in range(2))
    moved = data(desk("enrolment", "transfer", first, "--into", new, "--reason", "离家近", "-o", "json"))
    assert (moved["target"]["class_name"], moved["promoted"]["name"]) == (new, second)
    refused = desk("enrolment", "transfer", second, "--into", new, "--reason", "离家近")
    assert "CLASS_FULL" in refused.err
    waits = data(desk("enrolment", "add", new, "-o", "json", person=somebody()))["name"]
    asked = desk("enrolment", "substitute", moved["target"]["name"], "--coming", waits, "--reason", "联系不上")
    [command] = re.findall(r"liancai (enrolment answer \S+ --consent)", asked.err)
    assert "SAME_SIDE" in desk(*command.split()).err
    assert data(desk(*command.split(), "-o", "json", who=PARTNER))["state"] == "DONE"
    listed = data(desk("enrolment", "substitutions", "--class", new, "-o", "json"))
    assert [each["coming"] for each in listed] == [waits]


def test_who_somebody_is_gets_corrected(desk: Desk, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    held = office.open_class(office.contracted().name, capacity=2).name
    name = data(desk("enrolment", "add", held, "-o", "json", person=somebody()))["name"]
    child = resident_id.make("370103", date(2012, 1, 5), 8)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{child}\n"))
    done = desk("enrolment", "correct", name, "--id", "-", "--proof", "户籍更正证明", "--reason", "录入有误")
    assert done.code == 0, done.err
    assert "TR-AGE-MIN" in done.out
    assert "不因此失去席位" in done.err
    assert child not in done.out + done.err
    refused = desk("enrolment", "correct", name, "--name", "样例甲", "--proof", "证明", "--reason", f"原号 {child}")
    assert "reason" in refused.err
    assert child not in refused.err
