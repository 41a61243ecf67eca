"""What rules find in a placement, over the wire: gaps, warnings, and another placement at the same time."""

from __future__ import annotations

import grpc
import pytest
from liancai.common.v1 import types_pb2
from liancai.placement.v1 import placements_pb2 as pb

from services import host
from services.placement.service import OTHERS_SHIPPED
from tests.conftest import fresh_settings, token_of
from tests.office import somebody
from tests.placement.desk import COUNTY, SENDER, Desk
from tests.placement.placing import INTERNSHIP, SECONDMENT, approved, explain, findings_of, outcome, update
from tests.placement.test_commissioners import refused
from tests.races.servers import replica
from tests.statuses import info_of

Post = pb.Placement


def test_every_gap_is_told_at_once_with_its_source(sender: Desk) -> None:
    name = sender.place(agreement=None, pay_bearer=0, injury_bearer=Post.HOST_UNIT).name
    with pytest.raises(grpc.RpcError) as error:
        sender.act("Submit", name)
    reason, about = info_of(error.value)
    assert (reason, about["placement"], about["codes"]) == ("PLACEMENT_GAPS", name, "PL-BEARERS, PL-INJURY-HOME")
    found = findings_of(error.value)
    assert found.keys() == {"PL-BEARERS", "PL-INJURY-HOME", "PL-AGREEMENT-USUAL"}
    assert found["PL-INJURY-HOME"].level == types_pb2.Finding.ERROR
    assert "工伤保险条例第43条" in found["PL-INJURY-HOME"].message
    assert found["PL-AGREEMENT-USUAL"].level == types_pb2.Finding.WARNING
    bearers = Post(name=name, pay_bearer=Post.BOTH_UNITS, injury_bearer=Post.HOME_UNIT)
    update(sender, bearers, "pay_bearer", "injury_bearer")
    assert sender.act("Submit", name).state == Post.SUBMITTED


def test_warnings_want_a_reason_of_whoever_approves(sender: Desk, county: Desk) -> None:
    name = sender.place(agreement=None).name
    sender.act("Submit", name)
    said = explain(county, name)
    assert (said.blocked, list(said.open_codes)) == (False, ["PL-AGREEMENT-USUAL", "PL-HOST-CONSENT"])
    with pytest.raises(grpc.RpcError) as error:
        county.act("Approve", name)
    assert info_of(error.value)[0] == "PLACEMENT_OPEN"
    assert findings_of(error.value).keys() == {"PL-AGREEMENT-USUAL", "PL-HOST-CONSENT"}
    assert county.act("Approve", name, reason="协议次月补签，接收方书面同意").reason.startswith("协议次月")


def test_an_explanation_has_each_rule_with_facts_numbers_and_source(
    sender: Desk, grpc_channel: grpc.Channel, settings: host.Settings
) -> None:
    said = explain(sender, sender.place().name)
    by_code = {each.code: each for each in said.verdicts}
    injury, term = by_code["PL-INJURY-HOME"], by_code["PL-TERM"]
    assert (injury.outcome, injury.source, injury.confidence) == (1, "工伤保险条例第43条第3款", "confirmed")
    assert dict(injury.inputs) == {"kind": "EXCHANGE", "injury_bearer": "HOME_UNIT"}
    assert outcome(said, "PL-TERM") == "NOT_CHECKED"
    assert (dict(term.parameters), term.confidence) == ({"term.months.exchange": "unknown"}, "unconfirmed")
    assert not any(code.startswith(("PL-INTERN", "PL-TVP")) for code in by_code)
    token = token_of(settings, division=COUNTY, roles=("enterprise",), unit=SENDER)
    english = explain(Desk(grpc_channel, token, "en"), sender.place().name)
    assert "The home employer bears injuries at work" in {each.title for each in english.verdicts}


def test_an_internship_has_its_caps(unit: Desk) -> None:
    name = unit.place(**{**INTERNSHIP, "host_interns": 31, "study_months": 19}).name
    with pytest.raises(grpc.RpcError) as error:
        unit.act("Submit", name)
    assert info_of(error.value)[1]["codes"] == "PL-INTERN-TIME, PL-INTERN-STAFF"
    update(unit, Post(name=name, host_interns=30, study_months=20), "host_interns", "study_months")
    assert unit.act("Submit", name).state == Post.SUBMITTED


def test_what_could_not_be_checked_is_not_passed(unit: Desk, receiver: Desk, county: Desk) -> None:
    name = unit.place(**{**INTERNSHIP, "study_months": 0}).name
    unit.act("Submit", name)
    receiver.act("Consent", name)
    assert outcome(explain(county, name), "PL-INTERN-TIME") == "NOT_CHECKED"
    assert refused(county.act, "Approve", name)[1] == "PLACEMENT_OPEN"
    assert county.act("Approve", name, reason="学制由学校书面说明").state == Post.APPROVED


def test_a_technology_vice_president_has_a_doctorate_or_a_title(unit: Desk) -> None:
    tvp = {
        **INTERNSHIP,
        "kind": Post.TECHNOLOGY_VICE_PRESIDENT,
        "school": 0,
        "study_months": 0,
        "host_staff": 0,
        "host_interns": 0,
    }
    degree, title = pb.Placement.DESCRIPTOR.fields_by_name["education"], pb.Placement.DESCRIPTOR.fields_by_name["title"]
    doctor, senior = (each.enum_type.values_by_name for each in (degree, title))
    name = unit.place(**tvp, education=doctor["MASTER"].number, title=senior["INTERMEDIATE"].number).name
    assert refused(unit.act, "Submit", name)[1] == "PLACEMENT_GAPS"
    update(unit, Post(name=name, education=doctor["DOCTOR"].number), "education")
    assert outcome(explain(unit, name), "PL-TVP-QUALIFIED") == "PASSED"
    assert unit.act("Submit", name).state == Post.SUBMITTED


def test_another_placement_at_the_same_time_is_named_to_whom_may_see_it(
    sender: Desk, receiver: Desk, county: Desk, served: Desk, home_org: Desk, host_org: Desk
) -> None:
    person = {"resident_id": somebody().resident_id}
    first = approved(sender, receiver, county, **person).name
    second = sender.place(**person).name
    sender.act("Submit", second)
    receiver.act("Consent", second)
    said = {each.code: each for each in explain(county, second).verdicts}
    assert said["PL-OVERLAP"].inputs["overlapping"] == first
    with pytest.raises(grpc.RpcError) as error:
        county.act("Approve", second)
    assert info_of(error.value)[1]["codes"] == "PL-OVERLAP, PL-FULL-TIME-TWICE"
    # the organisation department is told that there is one, and not where
    third = home_org.place(**SECONDMENT, **person).name
    assert {each.code: each for each in explain(home_org, third).verdicts}["PL-OVERLAP"].inputs["overlapping"] == "+1"
    # whoever does not decide is told nothing of what they may not see
    for desk in (host_org, served):
        name = third if desk is host_org else second
        verdict = {each.code: each for each in explain(desk, name).verdicts}["PL-OVERLAP"]
        assert verdict.outcome == (
            types_pb2.RuleVerdict.NOT_CHECKED if desk is host_org else types_pb2.RuleVerdict.WARNED
        )
    sender.act("Begin", first, begun_on="2026-11-20")
    sender.act("End", first, ended_on="2026-11-20", reason="另有任务")
    later = update_period(sender, county, second, "2026-11-21")
    assert outcome(explain(county, later), "PL-OVERLAP") == "PASSED"  # what ended earlier holds no days


def update_period(home: Desk, officer: Desk, name: str, first: str) -> str:
    officer.act("Return", name)
    update(home, Post(name=name, start_date=first), "start_date")
    return name


def test_an_extension_is_decided_by_the_same_rules(sender: Desk, receiver: Desk, county: Desk) -> None:
    person = {"resident_id": somebody().resident_id}
    first = approved(sender, receiver, county, **person).name
    approved(sender, receiver, county, **person, start_date="2027-11-20", end_date="2028-11-19")
    extended = county.act("Extend", first, end_date="2027-11-20", reason="交接一日")
    assert (extended.end_date, extended.reason) == ("2027-11-20", "交接一日")
    assert {each.code: each for each in explain(county, first).verdicts}["PL-OVERLAP"].outcome == 3


def test_a_pack_that_says_so_keeps_two_full_time_placements_apart(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whether it blocks is data: with a confirmed rule no reason lets it pass."""
    pack = OTHERS_SHIPPED.read_text(encoding="utf-8")
    strict = pack.replace("code: PL-FULL-TIME-TWICE, effect: warn", "code: PL-FULL-TIME-TWICE, effect: block")
    strict = strict.replace("建议值(未见规定), confidence: unconfirmed", "本市规定, confidence: confirmed")
    strict = strict.replace("source: 建议值, confidence: unconfirmed", "source: 本市规定, confidence: confirmed")
    file = tmp_path_factory.mktemp("pack") / "other_placements.yaml"
    file.write_text(strict, encoding="utf-8")
    settings = fresh_settings(request, tmp_path_factory, "sqlite", LIANCAI_OTHER_PLACEMENTS=str(file))
    folder, person = tmp_path_factory.mktemp("r"), {"resident_id": somebody().resident_id}
    with replica(settings, folder), grpc.insecure_channel(f"unix:{folder}/s") as channel:
        token = token_of(settings, division=COUNTY, roles=("science_officer",), unit="370103-sci")
        desk = Desk(channel, token)
        names = [desk.place(**person).name for _ in range(2)]
        for name in names:
            desk.act("Submit", name)
        desk.act("Approve", names[0], reason="接收方书面同意")
        with pytest.raises(grpc.RpcError) as error:
            desk.act("Approve", names[1], reason="接收方书面同意")
        reason, about = info_of(error.value)
        assert (reason, about["codes"]) == ("PLACEMENT_GAPS", "PL-FULL-TIME-TWICE")
