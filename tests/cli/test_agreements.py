"""`liancai agreement`, `institution`, `teacher` and `order headcount`: what is sent, shown and mistyped."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from liancai.training.v1 import agreements_pb2 as pb
from liancai.training.v1 import institutions_pb2, orders_pb2

Run = Callable[..., Any]
ENTERPRISE, INSTITUTION = "91371526MA3C000119", "52370103MJE0001019"
PARTY = pb.Agreement.Party


def test_create_sends_what_was_given_and_of_a_file_only_its_digest(server: Any, liancai: Run, tmp_path: Path) -> None:
    server.answers["CreateAgreement"] = lambda request, _: request.agreement
    text = tmp_path / "协议.pdf"
    text.write_bytes(b"signed by three" * 100_000)
    done = liancai(
        "agreement", "create", "--title", "三方协议", "--division", "371526",
        "--party", f"enterprise {ENTERPRISE} 高唐 样例机械有限公司", "--party", f"INSTITUTION {INSTITUTION} 样例学校",
        "--party", "trainees 全体学员", "--order", "7=30", "--order", "orders/8=15", "--hire-commitment", "40",
        "--wage-floor", "4500.5", "--fee-bearer", "subsidy", "--valid-from", "2026-12-01",
        "--valid-to", "2027-12-31", "--file", str(text), "-o", "json",
    )  # fmt: skip
    assert done.code == 0, done.err
    sent = server.requests("CreateAgreement")[0].agreement
    assert [(each.role, each.credit_code, each.party_name) for each in sent.parties] == [
        (PARTY.ENTERPRISE_PARTY, ENTERPRISE, "高唐 样例机械有限公司"),
        (PARTY.INSTITUTION_PARTY, INSTITUTION, "样例学校"),
        (PARTY.TRAINEES_PARTY, "", "全体学员"),
    ]
    assert [(each.order, each.headcount) for each in sent.orders] == [("orders/7", 30), ("orders/8", 15)]
    assert (sent.hire_commitment, sent.wage_floor_fen, sent.fee_bearer) == (40, 450_050, pb.Agreement.SUBSIDY)
    assert sent.file_sha256 == hashlib.sha256(text.read_bytes()).hexdigest()
    assert json.loads(done.out)["valid_to"] == "2027-12-31"


def test_update_sends_a_mask_of_what_was_given(server: Any, liancai: Run) -> None:
    server.answers["UpdateAgreement"] = lambda request, _: request.agreement
    done = liancai("agreement", "update", "7", "--order", "9=5", "--penalty", "", "--sha256", "5a" * 32, "--etag", "3")
    assert done.code == 0, done.err
    (request,) = server.requests("UpdateAgreement")
    assert (request.agreement.name, request.agreement.etag) == ("agreements/7", '"3"')
    assert sorted(request.update_mask.paths) == ["file_sha256", "orders", "penalty"]
    assert liancai("agreement", "update", "7").code == 2


def test_sign_sends_who_and_when(server: Any, liancai: Run) -> None:
    server.answers["SignAgreement"] = lambda request, _: pb.Agreement(name=request.name, state=pb.Agreement.SIGNED)
    done = liancai(
        "agreement", "sign", "7", "--role", "bureau", "--code", "11371526004370009B", "--date", "2026-12-01",
        "--sha256", "5a" * 32, "--request-id", "again-0001",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "已签" in done.out
    (request,) = server.requests("SignAgreement")
    assert (request.name, request.role, request.credit_code, request.sign_date) == (
        *("agreements/7", PARTY.BUREAU_PARTY, "11371526004370009B", "2026-12-01"),
    )
    assert (request.file_sha256, request.request_id) == ("5a" * 32, "again-0001")


def test_coverage_is_shown_relation_by_relation(server: Any, liancai: Run) -> None:
    relation = pb.Coverage.Relation(
        roles=[PARTY.ENTERPRISE_PARTY, PARTY.INSTITUTION_PARTY], covered=30, agreements=["agreements/1"],
        source="职业教育法(2022)第40条", confidence="confirmed",
    )  # fmt: skip
    server.answers["ExplainCoverage"] = lambda request, _: pb.Coverage(
        order=request.order, headcount=45, covered=30, relations=[relation]
    )
    shown = liancai("agreement", "coverage", "7").out
    for words in ("orders/7", "45", "30", "企业, 培训机构", "agreements/1", "已确认"):
        assert words in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--party", "enterprise"], "enterprise 91371526MA3C000119"),
        (["--party", "mayor 91371526MA3C000119 市长"], "enterprise, institution, bureau, trainees"),
        (["--order", "7"], "20261100001=45"),
        (["--order", "7=many"], "many"),
        (["--order", "classes/7=5"], "orders/"),
        (["--fee-bearer", "nobody"], "subsidy, enterprise, trainee, shared"),
        (["--wage-floor", "4500.005"], "4500.005"),
        (["--valid-from", "2026-13-01"], "2026-13-01"),
        (["--file", __file__, "--sha256", "5a" * 32], "--sha256"),
        (["--file", "/no/such/file"], "/no/such/file"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_is_sent(
    server: Any, liancai: Run, words: list[str], said: str
) -> None:
    done = liancai("agreement", "create", *words)
    assert done.code == 2
    assert said in done.err
    assert not server.calls


def test_lists_of_agreements_and_institutions(server: Any, liancai: Run) -> None:
    server.answers["ListAgreements"] = lambda *_: pb.ListAgreementsResponse(
        agreements=[pb.Agreement(name="agreements/1", state=pb.Agreement.SIGNED, headcount=45)]
    )
    done = liancai("agreement", "list", "--state", "signed", "--order", "7", "--party-code", ENTERPRISE)
    assert done.code == 0, done.err
    wanted = server.requests("ListAgreements")[0].filter
    assert (list(wanted.states), wanted.order, wanted.credit_code) == ([pb.Agreement.SIGNED], "orders/7", ENTERPRISE)
    assert "agreements/1" in done.out
    listed = institutions_pb2.ListInstitutionsResponse(institutions=[institutions_pb2.Institution(division="370103")])
    server.answers["ListInstitutions"] = lambda *_: listed
    done = liancai("institution", "list", "--state", "suspended", "--division", "370100")
    assert "370103" in done.out
    assert server.requests("ListInstitutions")[0].filter.division == "370100"


def test_an_institution_is_registered_changed_and_suspended(server: Any, liancai: Run) -> None:
    for verb in ("Register", "Update"):
        server.answers[f"{verb}Institution"] = lambda request, _: request.institution
    for verb in ("Suspend", "Reinstate"):
        server.answers[f"{verb}Institution"] = lambda request, _: institutions_pb2.Institution(name=request.name)
    done = liancai(
        "institution", "register", "--institution-code", INSTITUTION, "--institution-name", "样例学校", "--division",
        "370103", "--licence", "L1", "--catalogue", "C1", "--occupation", "6-31-01-03", "--occupation", "6-18-02-04",
    )  # fmt: skip
    assert done.code == 0, done.err
    sent = server.requests("RegisterInstitution")[0].institution
    assert (sent.credit_code, sent.licence_number, sent.catalogue_number) == (INSTITUTION, "L1", "C1")
    assert list(sent.occupation_codes) == ["6-31-01-03", "6-18-02-04"]
    assert liancai("institution", "update", INSTITUTION, "--occupation", "", "--licence", "").code == 0
    (request,) = server.requests("UpdateInstitution")
    assert request.institution.name == f"institutions/{INSTITUTION}"
    assert sorted(request.update_mask.paths) == ["licence_number", "occupation_codes"]
    assert list(request.institution.occupation_codes) == []
    assert liancai("institution", "update", INSTITUTION).code == 2
    for verb in ("suspend", "reinstate"):
        assert liancai("institution", verb, INSTITUTION, "--reason", "年检").code == 0
        assert liancai("institution", verb, INSTITUTION).code == 2
        (request,) = server.requests(f"{verb.title()}Institution")
        assert (request.name, request.reason) == (f"institutions/{INSTITUTION}", "年检")


def test_a_teacher_s_number_is_read_from_standard_input(
    server: Any, liancai: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["AddTeacher"] = lambda *_: institutions_pb2.Teacher(masked_name="王**")
    monkeypatch.setattr(sys, "stdin", io.StringIO("110101199001010016\n"))
    done = liancai("teacher", "add", INSTITUTION, "--name", "王样例", "--id", "-", "--qualification", "电工高级技师")
    assert (done.code, "王**" in done.out) == (0, True), done.err
    (request,) = server.requests("AddTeacher")
    assert (request.institution, request.resident_id) == (f"institutions/{INSTITUTION}", "110101199001010016")
    assert (request.full_name, request.qualification) == ("王样例", "电工高级技师")
    teacher = institutions_pb2.Teacher(name="teachers/1", masked_resident_id="110101********0016")
    server.answers["ListTeachers"] = lambda *_: institutions_pb2.ListTeachersResponse(teachers=[teacher])
    assert "110101********0016" in liancai("teacher", "list", INSTITUTION).out


def test_the_headcount_of_an_order(server: Any, liancai: Run) -> None:
    server.answers["ChangeOrderHeadcount"] = lambda request, _: orders_pb2.Order(headcount=request.headcount)
    assert "30" in liancai("order", "headcount", "7", "30", "--reason", "减产", "--etag", "4").out
    (request,) = server.requests("ChangeOrderHeadcount")
    assert (request.name, request.headcount, request.reason, request.etag) == ("orders/7", 30, "减产", '"4"')
    assert liancai("order", "headcount", "7", "thirty", "--reason", "减产").code == 2
    assert liancai("order", "headcount", "7", "30").code == 2
