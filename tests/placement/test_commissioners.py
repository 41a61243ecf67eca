"""The register of commissioners over the wire, on both databases."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.placement.v1 import audit_pb2
from liancai.placement.v1 import commissioners_pb2 as pb
from sqlalchemy import select

from services.placement.tables import Base
from services.platform.database import Database
from services.reference import credit_code
from tests.office import request_id, somebody
from tests.placement.conftest import NewDesk
from tests.placement.desk import COUNTY, OTHER_UNIT, SERVED, VEGETABLES, Desk, Kind, a_commissioner, file
from tests.statuses import info_of, violations_of

State = pb.Commissioner


def refused(call: Any, *arguments: Any, **fields: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as error:
        call(*arguments, **fields)
    return error.value.code(), info_of(error.value)[0]  # type: ignore[attr-defined]


def update(desk: Desk, commissioner: pb.Commissioner, *paths: str) -> pb.Commissioner:
    request = pb.UpdateCommissionerRequest(
        commissioner=commissioner, update_mask=FieldMask(paths=paths), request_id=request_id()
    )
    found: pb.Commissioner = desk.commissioners.UpdateCommissioner(request)
    return found


def test_the_way_onto_the_register(unit: Desk, county: Desk, city: Desk) -> None:
    applied = unit.apply()
    assert applied.state == State.APPLIED
    recommended = unit.step("Recommend", applied.name, etag=applied.etag)
    assert recommended.state == State.RECOMMENDED
    assert recommended.rule_pack.startswith("placement@")
    assert county.step("Vet", applied.name).state == State.VETTED
    assert city.step("Endorse", applied.name).state == State.ENDORSED
    filed = city.step("File", applied.name)
    assert (filed.state, filed.certificate_number) == (State.FILED, "鲁科特-1")
    assert (filed.term_start, filed.term_end) == ("2026-11-23", "2029-11-22")
    assert county.get(applied.name) == filed


def test_what_is_shown_of_a_person_is_masked(unit: Desk) -> None:
    person = somebody()
    shown = unit.apply(full_name="张三丰", resident_id=person.resident_id, phone=person.phone)
    assert (shown.masked_name, shown.full_name, shown.resident_id, shown.phone) == ("张**", "", "", "")
    assert shown.masked_resident_id == person.resident_id[:6] + "********" + person.resident_id[-4:]
    assert shown.masked_phone == f"{person.phone[:3]}****{person.phone[-4:]}"


def test_every_wrong_field_is_told_at_once(unit: Desk) -> None:
    with pytest.raises(grpc.RpcError) as error:
        unit.apply(
            direction=0, full_name="张", resident_id="1", phone="2", group_name="甲", leader="commissioners/1",
            home_unit_credit_code="3", home_place="371526999", days_a_year=367, partner_division=COUNTY,
            disciplines=[pb.Discipline(code="21", level=4), pb.Discipline(code="210", level=1)] * 2,
        )  # fmt: skip
    at = {each.field.removeprefix("commissioner.") for each in violations_of(error.value)}
    assert at == {
        *("direction", "full_name", "resident_id", "phone", "group_name", "leader", "home_unit_credit_code"),
        *("home_place", "days_a_year", "partner_division", "disciplines[0].code", "disciplines[0].level"),
        *("disciplines[2].code", "disciplines[2].level", "disciplines[3].code"),
    }


@pytest.mark.parametrize(
    ("place", "good"),
    [
        ("371526001", True),
        ("371526", True),
        ("370102001", True),
        ("371526999", False),
        ("370100", False),
        ("999999", False),
    ],
)
def test_a_home_place_is_a_town_or_a_county(unit: Desk, place: str, good: bool) -> None:
    if good:
        assert unit.apply(home_place=place).home_place == place
    else:
        assert refused(unit.apply, home_place=place) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")


def test_one_person_is_on_the_register_once_at_a_time(unit: Desk) -> None:
    person = somebody()
    number = {"resident_id": person.resident_id}
    first = unit.apply(**number)
    exists = (grpc.StatusCode.ALREADY_EXISTS, "COMMISSIONER_EXISTS")
    assert refused(unit.apply, **number) == exists
    other = unit.apply()
    asked = pb.Commissioner(name=other.name, **number)
    assert refused(update, unit, asked, "resident_id") == exists
    unit.step("Withdraw", first.name)
    assert unit.apply(**number).state == State.APPLIED


def test_the_same_request_is_done_once(unit: Desk) -> None:
    request = pb.ApplyCommissionerRequest(commissioner=a_commissioner(), request_id=request_id())
    first = unit.commissioners.ApplyCommissioner(request)
    assert unit.commissioners.ApplyCommissioner(request) == first
    request.commissioner.days_a_year = 41
    assert refused(unit.commissioners.ApplyCommissioner, request)[1] == "REQUEST_ID_REUSED"


@pytest.mark.parametrize("verb", ["Recommend", "Vet", "Endorse", "File", "Renew"])
def test_no_step_is_skipped_or_taken_twice(unit: Desk, county: Desk, city: Desk, verb: str) -> None:
    before = {"Recommend": "FILED", "Renew": "APPLIED"}.get(verb, "APPLIED")
    name = (file(unit, county, city) if before == "FILED" else unit.apply()).name
    desk = unit if verb == "Recommend" else city
    assert refused(desk.step, verb, name) == (grpc.StatusCode.FAILED_PRECONDITION, "COMMISSIONER_STATE")
    assert county.get(name).state == State.State.Value(before)


def test_a_stale_etag_is_told_the_current_one(unit: Desk) -> None:
    applied = unit.apply()
    now = unit.step("Recommend", applied.name)
    with pytest.raises(grpc.RpcError) as error:
        unit.step("Withdraw", applied.name, etag=applied.etag)
    assert error.value.code() is grpc.StatusCode.ABORTED  # type: ignore[attr-defined]
    assert info_of(error.value) == ("STALE_ETAG", {"resource": applied.name, "etag": now.etag})


def test_neither_title_nor_degree_is_not_recommended_until_corrected(unit: Desk) -> None:
    applied = unit.apply(title=Kind.JUNIOR, education=Kind.COLLEGE)
    expected = (grpc.StatusCode.FAILED_PRECONDITION, "COMMISSIONER_NOT_QUALIFIED")
    assert refused(unit.step, "Recommend", applied.name) == expected
    corrected = pb.Commissioner(name=applied.name, etag=applied.etag, title=Kind.INTERMEDIATE)
    assert update(unit, corrected, "title").title == Kind.INTERMEDIATE
    assert unit.step("Recommend", applied.name).state == State.RECOMMENDED


def test_the_city_looks_with_other_eyes(unit: Desk, county: Desk, city: Desk, new_desk: NewDesk) -> None:
    name = unit.apply().name
    unit.step("Recommend", name)
    city.step("Vet", name)  # a city's officer covers the county
    assert refused(city.step, "Endorse", name) == (grpc.StatusCode.FAILED_PRECONDITION, "SAME_VETTER")
    assert refused(county.step, "Endorse", name) == (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")
    second = new_desk("370100", "science_officer", subject="second")
    assert second.step("Endorse", name).state == State.ENDORSED


def test_who_is_refused_has_a_reason_and_goes_no_further(unit: Desk, county: Desk) -> None:
    name = unit.apply().name
    assert county.step("Refuse", name, reason="材料不实").reason == "材料不实"
    for desk, verb in ((unit, "Recommend"), (unit, "Withdraw"), (county, "Refuse")):
        assert refused(desk.step, verb, name)[1] == "COMMISSIONER_STATE"


def test_a_team_is_as_good_as_its_members(unit: Desk, county: Desk, city: Desk) -> None:
    leader, member, late = file(unit, county, city).name, file(unit, county, city).name, unit.apply().name
    team = unit.apply(kind=Kind.TEAM, group_name="设施蔬菜团队", leader=leader, members=[late, member])
    assert (team.leader, list(team.members), team.masked_phone) == (leader, sorted([late, member]), "")
    with pytest.raises(grpc.RpcError) as error:
        unit.step("Recommend", team.name)
    assert info_of(error.value) == ("TEAM_NOT_FILED", {"commissioner": team.name, "members": late})
    update(unit, pb.Commissioner(name=team.name, members=[member]), "members")
    assert unit.step("Recommend", team.name).state == State.RECOMMENDED
    county.step("Withdraw", member)
    assert refused(county.step, "Vet", team.name)[1] == "TEAM_NOT_FILED"


@pytest.mark.parametrize("members", [[], ["leader"], ["other", "other"], ["team"], ["commissioners/9"]])
def test_a_team_that_cannot_be(unit: Desk, members: list[str]) -> None:
    leader, other = unit.apply().name, unit.apply().name
    team = unit.apply(kind=Kind.TEAM, group_name="甲乙团队", leader=leader, members=[other]).name
    names = {"leader": leader, "other": other, "team": team}
    wrong = [names.get(each, each) for each in members]
    code, _ = refused(unit.apply, kind=Kind.TEAM, group_name="丙丁团队", leader=leader, members=wrong)
    expected = grpc.StatusCode.NOT_FOUND if members == ["commissioners/9"] else grpc.StatusCode.INVALID_ARGUMENT
    assert code is expected


def test_a_unit_as_a_whole_has_a_name_and_a_phone(unit: Desk) -> None:
    legal = unit.apply(kind=Kind.LEGAL_PERSON, group_name="样例农科院", phone="13800001111")
    assert (legal.group_name, legal.masked_name, legal.masked_phone) == ("样例农科院", "", "138****1111")
    assert unit.step("Recommend", legal.name).state == State.RECOMMENDED


def test_what_was_vetted_does_not_change_afterwards(unit: Desk, county: Desk, city: Desk) -> None:
    filed = file(unit, county, city)
    asked = pb.Commissioner(name=filed.name, phone="13899990000", days_a_year=60, home_place="371526001", title=4)
    changed = update(unit, asked, "phone", "days_a_year", "home_place")
    assert (changed.masked_phone, changed.days_a_year, changed.home_place) == ("138****0000", 60, "371526001")
    assert (changed.state, changed.masked_name, changed.title) == (State.FILED, filed.masked_name, filed.title)
    assert refused(update, unit, asked, "title")[1] == "COMMISSIONER_STATE"
    assert refused(update, unit, asked, "state") == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert refused(update, unit, asked)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_days_on_which_one_cannot_serve(unit: Desk, county: Desk, city: Desk) -> None:
    filed = file(unit, county, city)
    days = [("2026-12-10", "2026-12-12"), ("2026-12-01", "2026-12-05"), ("2026-12-06", "2026-12-08")]
    request = pb.SetAvailabilityRequest(
        name=filed.name,
        unavailable_weekdays=[5, 1],
        absences=[pb.Absence(first_day=first, last_day=last) for first, last in days],
        request_id=request_id(),
        etag=filed.etag,
    )
    changed = unit.commissioners.SetAvailability(request)
    assert list(changed.unavailable_weekdays) == [1, 5]
    assert [(each.first_day, each.last_day) for each in changed.absences] == [
        ("2026-12-01", "2026-12-08"),
        ("2026-12-10", "2026-12-12"),
    ]
    cleared = pb.SetAvailabilityRequest(name=filed.name, request_id=request_id(), etag=changed.etag)
    assert not unit.commissioners.SetAvailability(cleared).absences


@pytest.mark.parametrize(
    ("weekdays", "absences"),
    [([0], []), ([8], []), ([1, 1], []), ([*range(1, 8)], []), ([], [("2026-12-02", "2026-12-01")]), ([], [("", "x")])],
)
def test_days_that_cannot_be(unit: Desk, weekdays: list[int], absences: list[tuple[str, str]]) -> None:
    request = pb.SetAvailabilityRequest(
        name=unit.apply().name,
        unavailable_weekdays=weekdays,
        absences=[pb.Absence(first_day=first, last_day=last) for first, last in absences],
        request_id=request_id(),
    )
    assert refused(unit.commissioners.SetAvailability, request)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_another_term_follows_the_last_one(unit: Desk, county: Desk, city: Desk) -> None:
    filed = file(unit, county, city)
    renewed = city.step("Renew", filed.name)
    assert (renewed.state, renewed.term_start, renewed.term_end) == (State.FILED, "2026-11-23", "2032-11-22")


def test_a_term_that_has_passed_is_renewed_from_today(unit: Desk, county: Desk, city: Desk) -> None:
    name = unit.apply().name
    unit.step("Recommend", name)
    county.step("Vet", name)
    city.step("Endorse", name)
    assert city.step("File", name, term_start="2022-05-01").term_end == "2025-04-30"
    assert city.step("Renew", name).term_end == "2029-11-22"
    assert refused(city.step, "File", unit.apply().name, term_start="2026-11-24")[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_lists_hold_what_is_within_reach_and_asked_for(unit: Desk, county: Desk, new_desk: NewDesk) -> None:
    rare = [pb.Discipline(code=VEGETABLES, level=3)]
    mine = [unit.apply(disciplines=rare).name for _ in range(3)]
    alone = unit.apply(disciplines=rare, partner_division="").name

    def names(desk: Desk, size: int = 0, **filters: Any) -> list[str]:
        request = pb.ListCommissionersRequest(filter=pb.ListCommissionersRequest.Filter(**filters), page_size=size)
        found: list[str] = []
        while True:
            page = desk.commissioners.ListCommissioners(request)
            found += [each.name for each in page.commissioners]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    everybody = [alone, *reversed(mine)]
    assert names(county, discipline=VEGETABLES) == names(county, 1, discipline="21030") == everybody
    assert names(new_desk(SERVED, "science_officer"), discipline=VEGETABLES) == everybody[1:]
    assert names(unit, discipline=VEGETABLES, states=[State.FILED]) == []
    assert names(new_desk(COUNTY, "institution", unit=OTHER_UNIT)) == []
    assert names(new_desk("410102", "science_officer")) == []
    assert set(everybody) < set(names(county, discipline="210")) | set(everybody)
    assert names(county, division="371500", discipline=VEGETABLES) == []


def test_people_are_found_by_name_pinyin_initials_and_number(unit: Desk, county: Desk, new_desk: NewDesk) -> None:
    person = somebody()
    found = unit.apply(full_name="单雄信", resident_id=person.resident_id, phone="13711112222").name
    legal = unit.apply(kind=Kind.LEGAL_PERSON, group_name="单县样例所").name

    def search(desk: Desk, query: str) -> list[str]:
        answer = desk.commissioners.SearchCommissioners(pb.SearchCommissionersRequest(query=query))
        return [each.name for each in answer.commissioners]

    assert search(county, "单雄") == search(county, "shanxiong") == search(county, "sxx") == [found]
    assert set(search(county, "单")) == {found, legal}
    assert search(county, person.resident_id) == search(county, "137 1111 2222") == [found]
    assert search(new_desk("410102", "science_officer"), "单雄信") == []
    assert refused(search, county, person.resident_id[:-1])[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_a_search_goes_on_page_by_page(unit: Desk, county: Desk) -> None:
    wanted = {unit.apply(full_name=name).name for name in ("欧阳一", "欧阳二", "欧阳三")}
    request, seen = pb.SearchCommissionersRequest(query="ouyang", page_size=1), []
    while True:
        page = county.commissioners.SearchCommissioners(request)
        seen += [each.name for each in page.commissioners]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert sorted(seen) == sorted(wanted)


def test_a_person_in_full_wants_a_purpose_that_is_kept(unit: Desk, county: Desk, served: Desk) -> None:
    person = somebody()
    name = unit.apply(full_name=person.full_name, resident_id=person.resident_id, phone=person.phone).name
    request = pb.RevealCommissionerRequest(name=name, purpose="核对身份", request_id=request_id())
    full = county.commissioners.RevealCommissioner(request)
    assert (full.full_name, full.resident_id, full.phone) == (person.full_name, person.resident_id, person.phone)
    entries = county.trail.ListPlacementTrail(audit_pb2.ListPlacementTrailRequest(resource=name)).entries
    assert (entries[-1].action, entries[-1].reason) == ("placement.commissioner.reveal", "核对身份")
    denied = (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")
    assert refused(unit.commissioners.RevealCommissioner, request) == denied
    assert refused(served.commissioners.RevealCommissioner, request) == denied
    request.purpose = "看"
    assert refused(county.commissioners.RevealCommissioner, request)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_a_unit_applies_for_nobody_elses_people(unit: Desk, county: Desk, new_desk: NewDesk) -> None:
    stranger = new_desk(COUNTY, "institution", unit=OTHER_UNIT)
    assert refused(stranger.apply)[0] is grpc.StatusCode.PERMISSION_DENIED
    mine = unit.apply()
    taken = pb.Commissioner(name=mine.name, home_unit_credit_code=OTHER_UNIT)
    assert refused(update, unit, taken, "home_unit_credit_code")[0] is grpc.StatusCode.PERMISSION_DENIED
    assert refused(stranger.get, mine.name)[0] is grpc.StatusCode.NOT_FOUND
    assert update(county, taken, "home_unit_credit_code").home_unit_credit_code == OTHER_UNIT
    firm = credit_code.make("91", SERVED, "MA3C0001")
    reverse = new_desk(SERVED, "enterprise", unit=firm)
    engineer = {"direction": Kind.REVERSE, "division": SERVED, "partner_division": COUNTY}
    assert reverse.apply(home_unit_credit_code=firm, home_place=SERVED, **engineer).direction == Kind.REVERSE


def test_every_act_leaves_an_audit_entry_and_an_event(
    unit: Desk, county: Desk, city: Desk, placement_database: Database
) -> None:
    name = file(unit, county, city).name
    county.step("Withdraw", name, reason="调离")
    entries = county.trail.ListPlacementTrail(audit_pb2.ListPlacementTrailRequest(resource=name)).entries
    acts = ["apply", "recommend", "vet", "endorse", "endorse", "withdraw"]
    # those of the city are told to the city
    assert [each.action.rpartition(".")[2] for each in entries] == [each for each in acts if each != "endorse"]
    table = Base.metadata.tables["outbox_event"]
    with placement_database.reading() as session:
        kinds = session.execute(
            select(table.c.type).where(table.c.subject == name).order_by(table.c.sequence)
        ).scalars()
        assert [each.rpartition(".")[2] for each in kinds] == [
            *("applied", "recommended", "vetted", "endorsed", "filed", "withdrawn"),
        ]
