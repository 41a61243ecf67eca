"""The catalogue over the wire: linted, compared, tried out, published; running cases keep theirs."""

from __future__ import annotations

import re

import grpc
import pytest
from liancai.common.v1 import types_pb2
from liancai.talent.v1 import catalogue_pb2 as pb

from services.platform.database import Database
from services.talent.catalogue import document
from tests.office import request_id
from tests.statuses import info_of, violations_of
from tests.talent.desk import Desk, step_of

SHORTER = re.compile(r"(step: check\n(?:.*\n)*?  limit: {n: )3(, unit: working_days, basis: internal})")


def draft(desk: Desk, content: str) -> pb.Catalogue:
    request = pb.CreateCatalogueRequest(content=content, source="样例", request_id=request_id())
    made: pb.Catalogue = desk.catalogues.CreateCatalogue(request)
    return made


def publish(desk: Desk, name: str, day: str) -> pb.Catalogue:
    request = pb.PublishCatalogueRequest(name=name, valid_from=day, reason="新版", request_id=request_id())
    published: pb.Catalogue = desk.catalogues.PublishCatalogue(request)
    return published


def test_the_one_that_ships_is_in_force_and_may_be_read(desk: Desk) -> None:
    current = desk.catalogues.GetCatalogue(pb.GetCatalogueRequest(name="catalogues/current"))
    assert current.state == pb.Catalogue.PUBLISHED
    assert len(current.matters) == 11
    assert current.content == document()
    found = desk.catalogues.LintCatalogue(pb.LintCatalogueRequest(name="catalogues/current"))
    assert found.publishable
    assert {each.level for each in found.findings} == {types_pb2.Finding.WARNING}
    assert all("未知" in each.message or each.code != "CT-LIMIT-UNKNOWN" for each in found.findings)


def test_a_document_that_cannot_be_read_is_refused_with_every_fault_and_its_place(desk: Desk) -> None:
    broken = document().replace("applicant: guardian", "applicant: nobody", 1).replace("side: origin", "side: moon", 1)
    with pytest.raises(grpc.RpcError) as refused:
        draft(desk, broken)
    fields = [each.field for each in violations_of(refused.value)]
    assert len(fields) == 2
    assert all(re.fullmatch(r"content:\d+:\d+", field) for field in fields)


def test_what_the_linter_finds_keeps_it_from_being_published(desk: Desk) -> None:
    faulty = document().replace("after: [anchor_enrol]", "after: [no_such_matter]", 1)
    made = draft(desk, faulty)
    found = desk.catalogues.LintCatalogue(pb.LintCatalogueRequest(content=faulty))
    assert not found.publishable
    assert found.findings[0].code == "CT-MATTER-AFTER"
    with pytest.raises(grpc.RpcError) as refused:
        publish(desk, made.name, "2099-01-01")
    assert info_of(refused.value)[0] == "CATALOGUE_FAULTY"


def test_versions_differ_where_they_differ(desk: Desk) -> None:
    changed = SHORTER.sub(r"\g<1>2\g<2>", document(), count=1)
    found = desk.catalogues.DiffCatalogues(pb.DiffCataloguesRequest(base="catalogues/current", content=changed))
    assert [(each.path, each.before, each.after) for each in found.changes] == [
        ("matters.pension.steps.check.limit.n", "3", "2")
    ]
    same = pb.DiffCataloguesRequest(base="catalogues/current", content=document())
    assert not desk.catalogues.DiffCatalogues(same).changes


def test_a_plan_and_a_comparison_with_cases_that_were_opened(desk: Desk) -> None:
    desk.open("pension")
    changed = SHORTER.sub(r"\g<1>2\g<2>", document(), count=1)
    request = pb.SimulateCatalogueRequest(
        content=changed, start_date="2026-02-02", origin="370103", destination="371526", matters=["pension"],
        open_from="2026-11-01", open_to="2026-11-30",
    )  # fmt: skip
    found = desk.catalogues.SimulateCatalogue(request)
    assert [line.step for line in found.plan.steps] == ["check", "review", "out", "in"]
    assert found.plan.steps[0].end_date == "2026-02-04"
    assert found.plan.steps[-1].critical
    (line,) = (each for each in found.lines if each.matter == "pension")
    assert line.earlier >= 1
    assert line.matters == line.earlier + line.later + line.same + line.unknown + line.required_otherwise
    assert found.cases >= 1


def test_a_published_version_is_frozen_and_versions_never_overlap(desk: Desk, talent_database: Database) -> None:
    before = desk.open("pension")
    shorter = draft(desk, SHORTER.sub(r"\g<1>2\g<2>", document(), count=1))
    other = draft(desk, SHORTER.sub(r"\g<1>1\g<2>", document(), count=1))
    with pytest.raises(grpc.RpcError) as refused:
        publish(desk, shorter.name, "2020-06-01")
    assert {each.field for each in violations_of(refused.value)} == {"valid_from"}
    today = talent_database.clock().date().isoformat()
    published = publish(desk, shorter.name, today)
    assert (published.state, published.valid_from, published.valid_to) == (pb.Catalogue.PUBLISHED, today, "")
    with pytest.raises(grpc.RpcError) as refused:
        publish(desk, shorter.name, "2099-01-01")
    assert info_of(refused.value)[0] == "CATALOGUE_STATE"
    with pytest.raises(grpc.RpcError) as refused:
        publish(desk, other.name, today)
    assert info_of(refused.value)[0] == "CATALOGUE_OVERLAP"
    listed = desk.catalogues.ListCatalogues(pb.ListCataloguesRequest())
    retired = [each for each in listed.catalogues if each.state == pb.Catalogue.RETIRED]
    assert [each.valid_to < today for each in retired] == [True]
    # the case that was opened before keeps its version, a new one has the new one
    after = desk.open("pension")
    assert desk.case(before.name).catalogue == before.catalogue == retired[0].name
    assert after.catalogue == published.name
    limits = [step_of(case, f"{case.name}/matters/pension/steps/check").limit.n for case in (before, after)]
    assert limits == [3, 2]


def test_a_case_of_before_the_first_version_has_none(desk: Desk) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        desk.open("pension", at="2019-05-06")
    assert info_of(refused.value) == ("CATALOGUE_NONE", {"day": "2019-05-06"})


def test_one_of_name_and_content_is_given(desk: Desk) -> None:
    for request in (
        pb.LintCatalogueRequest(),
        pb.LintCatalogueRequest(name="catalogues/current", content="x"),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            desk.catalogues.LintCatalogue(request)
        assert violations_of(refused.value)[0].reason == "FIELD_EITHER"
