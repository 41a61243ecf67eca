"""Enrolling with reasons, parties, transfers, substitutions and corrections at the command line."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2 as rpc
from liancai.common.v1 import types_pb2
from liancai.training.v1 import enrolments_pb2 as pb
from openpyxl import Workbook

from tests.cli.test_failures import refuse

Run = Callable[..., Any]
PERSON = ["--name", "张三", "--id", "110101199001010016", "--phone", "13800000000"]
SECRETS = ("张三", "110101199001010016", "13800000000", "李四", "110101199001010024", "13800000001")
Outcome = types_pb2.RuleVerdict.Outcome


def verdict(code: str, outcome: Outcome.ValueType, title: str = "规则", **inputs: str) -> types_pb2.RuleVerdict:
    return types_pb2.RuleVerdict(code=code, outcome=outcome, title=title, inputs=inputs)


# ---- enrolling -------------------------------------------------------------------------------------


def test_a_category_its_proof_and_the_warnings_let_pass(
    server: Any, liancai: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = pb.AcceptedWarning(code="TR-AGE-MAX", reason="已核实")
    answer = pb.Enrolment(
        name="enrolments/E", state=pb.Enrolment.WAITLISTED, category="UNE", accepted=[why],
        findings=[types_pb2.Finding(code="TR-AGE-MAX", message="已到 60 岁")],
    )  # fmt: skip
    server.answers["Enrol"] = lambda *_: answer
    monkeypatch.setattr(sys, "stdin", io.StringIO("110101199001010016\nUNE\n37150001\n"))
    done = liancai(
        "enrolment", "add", "7", "--name", "张三", "--id", "-", "--phone", "13800000000", "--category", "-",
        "--proof-kind", "就业创业证", "--proof-number", "-", "--accept", "tr-age-max=已核实", "--accept",
        "TR-NAME-DIFFERS ＝ 曾用名 = 旧名", "--seat-only",
    )  # fmt: skip
    assert done.code == 0, done.err
    (request,) = server.requests("Enrol")
    sent = request.applicant
    assert (sent.resident_id, sent.category, sent.proof_kind, sent.proof_number) == (
        "110101199001010016",
        "UNE",
        "就业创业证",
        "37150001",
    )
    assert [(each.code, each.reason) for each in request.accepted] == [
        ("TR-AGE-MAX", "已核实"),
        ("TR-NAME-DIFFERS", "曾用名 = 旧名"),
    ]
    assert request.seat_only
    assert "UNE 登记失业人员" in done.out
    assert "已核实" in done.out
    assert "候补位次" not in done.out  # it is not in the answer, and 0 is no place
    assert "liancai waitlist why enrolments/E" in done.err


def test_a_party_from_a_file(server: Any, liancai: Run, tmp_path: Path) -> None:
    book = Workbook()
    sheet: Any = book.worksheets[0]
    for row in (
        ("姓名", "身份证号", "手机", "人员类别", "证明编号", "车牌"),
        ("张三", "110101199001010016", "13800000000", "UNE", "0007", "鲁P"),
        ("李四", "110101199001010024", "13800000001", None, None, None),
    ):
        sheet.append(row)
    book.save(tmp_path / "p.xlsx")
    enrolled = [pb.Enrolment(name=f"enrolments/{name}", state=pb.Enrolment.WAITLISTED) for name in "EF"]
    server.answers["EnrolParty"] = lambda *_: pb.EnrolPartyResponse(enrolments=enrolled)
    done = liancai("enrolment", "party", "7", str(tmp_path / "p.xlsx"), "--accept", "TR-AGE-MAX=已核实")
    assert done.code == 0, done.err
    (request,) = server.requests("EnrolParty")
    assert [(each.full_name, each.category, each.proof_number) for each in request.applicants] == [
        ("张三", "UNE", "0007"),
        ("李四", "", ""),
    ]
    assert (request.class_name, request.accepted[0].code, len(request.request_id)) == ("classes/7", "TR-AGE-MAX", 32)
    assert "enrolments/F" in done.out
    assert "车牌" in done.err
    assert "liancai waitlist why enrolments/E" in done.err
    assert not any(secret in done.out + done.err for secret in SECRETS)


def test_a_party_line_by_line(server: Any, liancai: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers["EnrolParty"] = lambda *_: pb.EnrolPartyResponse()
    typed = "张三,110101199001010016,13800000000\n李四，110101199001010024\t13800000001 ,POV, 手册 ,7\n\n王五,x,y\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert liancai("enrolment", "party", "7", "-", "--seat-only").code == 0
    (request,) = server.requests("EnrolParty")
    assert [(each.full_name, each.phone, each.proof_kind) for each in request.applicants] == [
        ("张三", "13800000000", ""),
        ("李四", "13800000001", "手册"),
    ]
    assert request.seat_only
    monkeypatch.setattr(sys, "stdin", io.StringIO("张三,110101199001010016,13800000000\n张三 110101199001010016\n"))
    done = liancai("enrolment", "party", "7", "-")
    assert (done.code, "第 2 行" in done.err) == (2, True)
    assert not any(secret in done.err for secret in SECRETS)
    # more than a party: one too many is sent, and the server says so
    monkeypatch.setattr(sys, "stdin", io.StringIO("张三,110101199001010016,13800000000\n" * 500))
    assert liancai("enrolment", "party", "7", "-").code == 0
    assert len(server.requests("EnrolParty")[-1].applicants) == 21


# ---- refusals --------------------------------------------------------------------------------------


def refused(reason: str, *details: Any, **metadata: str) -> Any:
    return refuse(
        grpc.StatusCode.FAILED_PRECONDITION, rpc.ErrorInfo(reason=reason, metadata=metadata),
        rpc.LocalizedMessage(locale="zh-CN", message="不行"), *details,
    )  # fmt: skip


def test_warnings_are_listed_with_the_options_that_let_them_pass(server: Any, liancai: Run) -> None:
    decision = pb.EnrolmentDecision(
        verdicts=[
            verdict("TR-AGE-MIN", Outcome.PASSED),
            verdict("TR-AGE-MAX", Outcome.WARNED, "未到 60 岁", age_at_class_start="61"),
            verdict("TR-LOWER-LEVEL", Outcome.WARNED, "未取得更高等级"),
            verdict("TR-NAME-DIFFERS", Outcome.WARNED, "姓名一致"),
            verdict("TR-PENSIONER", Outcome.NOT_CHECKED),
        ],
        accepted=[pb.AcceptedWarning(code="TR-NAME-DIFFERS", reason="曾用名")],
    )
    server.answers["Enrol"] = refused("WARNINGS_NEED_REASON", decision, codes="TR-AGE-MAX, TR-LOWER-LEVEL")
    done = liancai("enrolment", "add", "7", *PERSON)
    assert done.code == 1
    assert done.err.splitlines() == [
        "WARNINGS_NEED_REASON：不行",
        "  TR-AGE-MAX（须说明理由）：未到 60 岁  (age_at_class_start=61)",
        "  TR-LOWER-LEVEL（须说明理由）：未取得更高等级",
        '下一步：核实后，在同一命令后加上 --accept "TR-AGE-MAX=理由" --accept "TR-LOWER-LEVEL=理由"',
    ]


def test_what_is_said_of_a_limit_and_of_a_full_class(server: Any, liancai: Run) -> None:
    decision = pb.EnrolmentDecision(verdicts=[verdict("TR-AGE-MIN", Outcome.PASSED)], binding_quota="quotas/q")
    server.answers["Enrol"] = refused("QUOTA_BINDS", decision, quota="quotas/q", left="0 人", asked="1 人")
    assert "liancai quota seats classes/7" in liancai("enrolment", "add", "7", *PERSON).err
    server.answers["TransferEnrolment"] = server.answers["Enrol"]
    moved = liancai("enrolment", "transfer", "E", "--into", "8", "--reason", "r")
    assert "liancai quota seats classes/8" in moved.err
    server.answers["Enrol"] = refused("CLASS_FULL", decision, class_name="classes/7", capacity="1", enrolled="1")
    said = liancai("--lang", "en", "enrolment", "add", "7", *PERSON, "--seat-only").err
    assert "Next: liancai waitlist list --class classes/7" in said
    assert "liancai class list --state open" in said


def test_of_a_party_each_who_may_not_come_is_told_apart(server: Any, liancai: Run, tmp_path: Path) -> None:
    people = [
        pb.EnrolmentDecision(verdicts=[verdict("TR-OVERLAP", Outcome.BLOCKED, "课时不冲突", clashes="classes/9"),
                                       verdict("TR-NAME-DIFFERS", Outcome.WARNED, "姓名一致")]),
        pb.EnrolmentDecision(verdicts=[verdict("TR-AGE-MAX", Outcome.WARNED, "未到 60 岁")]),
    ]  # fmt: skip
    server.answers["EnrolParty"] = refused("PARTY_REFUSED", *people, class_name="classes/7", refused="2, 3, 5")
    (tmp_path / "p.csv").write_text("姓名,身份证号,手机\n张三,1,2\n李四,3,4\n", encoding="utf-8")
    assert liancai("enrolment", "party", "7", str(tmp_path / "p.csv")).err.splitlines() == [
        "PARTY_REFUSED：不行",
        "  第 2 人：",
        "  TR-OVERLAP（不符合）：课时不冲突  (clashes=classes/9)",
        "  TR-NAME-DIFFERS（须说明理由）：姓名一致",
        "  第 3 人：",
        "  TR-AGE-MAX（须说明理由）：未到 60 岁",
        "  另有第 5 人也不符合，理由从略；先解决以上各人再报。",
        # a reason helps the third, not the second
        '下一步：须说明理由的，核实后在同一命令后加上 --accept "TR-AGE-MAX=理由"',
    ]


def test_people_of_a_party_are_counted_from_one(server: Any, liancai: Run, tmp_path: Path) -> None:
    bad = rpc.BadRequest(
        field_violations=[
            rpc.BadRequest.FieldViolation(field="applicants[1].resident_id", description="要 18 位"),
            rpc.BadRequest.FieldViolation(field="applicants", description="同一人出现两次"),
        ]
    )
    server.answers["EnrolParty"] = refuse(
        grpc.StatusCode.INVALID_ARGUMENT, rpc.ErrorInfo(reason="INVALID_REQUEST"), bad
    )
    (tmp_path / "p.csv").write_text("姓名,身份证号,手机\n张三,1,2\n李四,3,4\n", encoding="utf-8")
    said = liancai("enrolment", "party", "7", str(tmp_path / "p.csv")).err
    assert "  第 2 人的公民身份号码：要 18 位" in said
    assert "  applicants：同一人出现两次" in said


def test_where_to_look_when_it_is_done_already(server: Any, liancai: Run) -> None:
    server.answers["Enrol"] = refused("ALREADY_ENROLLED", enrolment="enrolments/E", state="ENROLLED")
    assert "下一步：liancai enrolment show enrolments/E" in liancai("enrolment", "add", "7", *PERSON).err
    server.answers["Enrol"] = refused("ALREADY_ENROLLED")  # a server that says less
    assert "下一步" not in liancai("enrolment", "add", "7", *PERSON).err


# ---- decisions -------------------------------------------------------------------------------------


def test_an_explanation_says_what_was_let_pass_and_what_was_not_checked(server: Any, liancai: Run) -> None:
    decision = pb.EnrolmentDecision(
        result=pb.Enrolment.ENROLLED,
        verdicts=[
            verdict("TR-AGE-MAX", Outcome.WARNED),
            verdict("TR-PENSIONER", Outcome.NOT_CHECKED, "未领取养老金", drawing_pension="unknown"),
            verdict("TR-PUBLIC-STAFF", Outcome.NOT_CHECKED),
        ],
        accepted=[pb.AcceptedWarning(code="TR-AGE-MAX", reason="已核实")],
        binding_quota="quotas/q",
    )
    server.answers["ExplainEnrolment"] = lambda *_: decision
    done = liancai("enrolment", "explain", "E")
    lines = [line.split() for line in done.out.splitlines()]
    assert ["TR-PENSIONER", "未核验", "未领取养老金", "drawing_pension=unknown"] in lines
    assert ["TR-AGE-MAX", "已核实"] in lines
    assert "quotas/q" in done.out
    assert done.err.splitlines() == [
        "已说明理由放行的提醒（理由见上）：TR-AGE-MAX",
        "最紧的限额：quotas/q",
        "未核验 2 项，不等于通过：TR-PENSIONER, TR-PUBLIC-STAFF",
    ]
    assert json.loads(liancai("enrolment", "explain", "E", "-o", "json").out)["verdicts"][1]["outcome"] == "NOT_CHECKED"


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (pb.EnrolmentDecision(result=pb.Enrolment.ENROLLED), "现在可以报名"),
        (pb.EnrolmentDecision(result=pb.Enrolment.WAITLISTED), "排入候补"),
        (pb.EnrolmentDecision(verdicts=[verdict("TR-A", Outcome.BLOCKED)]), "有规则不符合"),
        (pb.EnrolmentDecision(verdicts=[verdict("TR-A", Outcome.WARNED)]), '--accept "TR-A=理由"'),
        (pb.EnrolmentDecision(binding_quota="quotas/q"), "liancai quota seats classes/7"),
        (pb.EnrolmentDecision(), "有规则不符合"),
    ],
)
def test_what_a_check_comes_to(server: Any, liancai: Run, decision: pb.EnrolmentDecision, said: str) -> None:
    server.answers["CheckEnrolment"] = lambda *_: decision
    done = liancai("enrolment", "check", "7", *PERSON, "--category", "UNE", "--proof-number", "1")
    assert done.code == 0
    assert said in done.err
    assert server.requests("CheckEnrolment")[0].applicant.category == "UNE"


# ---- exchanges -------------------------------------------------------------------------------------


def test_a_transfer_shows_both_places_and_who_got_the_seat(server: Any, liancai: Run) -> None:
    moved = pb.TransferEnrolmentResponse(
        source=pb.Enrolment(name="enrolments/E", state=pb.Enrolment.WITHDRAWN),
        target=pb.Enrolment(name="enrolments/F", state=pb.Enrolment.ENROLLED),
        promoted=pb.Enrolment(name="enrolments/G", state=pb.Enrolment.ENROLLED),
    )
    server.answers["TransferEnrolment"] = lambda *_: moved
    done = liancai("enrolment", "transfer", "E", "--into", "8", "--reason", "r", "--accept", "TR-X=y1", "--etag", "2")
    (request,) = server.requests("TransferEnrolment")
    assert (request.name, request.into, request.reason, request.etag) == ("enrolments/E", "classes/8", "r", '"2"')
    assert [each.code for each in request.accepted] == ["TR-X"]
    order = [done.out.index(word) for word in ("转出", "enrolments/E", "转入", "enrolments/F", "递补", "enrolments/G")]
    assert order == sorted(order)


def test_a_substitution_is_asked_for_answered_and_listed(server: Any, liancai: Run) -> None:
    asked = pb.Substitution(
        name="substitutions/S", state=pb.Substitution.ASKED, leaving="enrolments/E", coming="enrolments/F"
    )
    server.answers["SubstituteTrainee"] = lambda *_: asked
    done = liancai("enrolment", "substitute", "E", "--coming", "F", "--reason", "r")
    (request,) = server.requests("SubstituteTrainee")
    assert (request.name, request.coming, request.reason) == ("enrolments/E", "enrolments/F", "r")
    assert "待对方答复" in done.out
    assert "liancai enrolment answer substitutions/S --consent" in done.err

    server.answers["AnswerSubstitution"] = lambda *_: pb.Substitution(state=pb.Substitution.DONE)
    assert liancai("enrolment", "answer", "S", "--consent").code == 0
    assert liancai("enrolment", "answer", "S", "--refuse", "--reason", "已到班").code == 0
    said = [(each.name, each.consent, each.answer) for each in server.requests("AnswerSubstitution")]
    assert said == [("substitutions/S", True, ""), ("substitutions/S", False, "已到班")]
    server.answers["AnswerSubstitution"] = lambda *_: pb.Substitution(state=pb.Substitution.LAPSED)
    lapsed = liancai("enrolment", "answer", "S", "--consent")
    assert (lapsed.code, "没有作任何改动" in lapsed.err) == (0, True)

    server.answers["ListSubstitutions"] = lambda *_: pb.ListSubstitutionsResponse(substitutions=[asked])
    listed = liancai("enrolment", "substitutions", "--class", "7")
    assert server.requests("ListSubstitutions")[0].class_name == "classes/7"
    assert "enrolments/F" in listed.out


def test_a_correction_shows_what_the_rules_now_say(server: Any, liancai: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    other = pb.Enrolment(
        name="enrolments/F", class_name="classes/8", masked_name="张*",
        findings=[types_pb2.Finding(code="TR-AGE-MIN", message="未满 16 岁")],
    )  # fmt: skip
    server.answers["CorrectIdentity"] = lambda *_: pb.CorrectIdentityResponse(
        enrolment=pb.Enrolment(name="enrolments/E"), enrolments=[other]
    )
    monkeypatch.setattr(sys, "stdin", io.StringIO("110101199001010016\n"))
    done = liancai("enrolment", "correct", "E", "--id", "-", "--proof", "证明", "--reason", "r")
    (request,) = server.requests("CorrectIdentity")
    assert (request.full_name, request.resident_id, request.proof) == ("", "110101199001010016", "证明")
    assert "TR-AGE-MIN 未满 16 岁" in done.out
    assert "不因此失去席位" in done.err
    assert "110101199001010016" not in done.out + done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["enrolment", "add", "7", *PERSON, "--accept", "TR-AGE-MAX"], "TR-AGE-MAX=已核实"),
        (["enrolment", "add", "7", *PERSON, "--accept", "=x"], "代码=理由"),
        (["enrolment", "add", "7", *PERSON, "--accept", "TR-AGE-MAX="], "代码=理由"),
        (["enrolment", "answer", "S"], "--consent"),
        (["enrolment", "answer", "S", "--refuse"], "--reason"),
        (["enrolment", "correct", "E", "--proof", "p", "--reason", "r"], "--name"),
        (["enrolment", "transfer", "E", "--into", "orders/7", "--reason", "r"], "classes/…"),
        (["enrolment", "substitut", "E"], "substitute"),
        (["enrolment", "party", "7", "nothing.csv"], "nothing.csv"),
        (["enrolment", "party", "7"], "FILE|-"),
    ],
)
def test_what_cannot_be_meant(run: Run, words: list[str], said: str) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert not any(secret in done.err for secret in SECRETS)


def test_help_shows_both_of_two_flags(run: Run) -> None:
    assert "--consent/--refuse" in run("enrolment", "answer", "--help").out
