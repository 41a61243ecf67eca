"""Technology transfers, inputs of yearly evaluations, grades and subsidies over the wire, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import grpc
import pytest
from liancai.placement.v1 import evaluations_pb2 as pb
from liancai.placement.v1 import technology_transfers_pb2 as transfers_pb2

from services.placement.visits import assigning
from services.placement.visits.assigning import Booking
from services.platform.boundary import Call
from services.platform.database import Database
from tests.office import MORNING, TODAY, request_id
from tests.placement.conftest import NewDesk
from tests.placement.desk import COUNTY, HOST, SERVED, Assignment, Desk, Visit, a_transfer, accepted, dispatchable, file
from tests.placement.test_commissioners import refused
from tests.statuses import info_of, violations_of

Transfer = transfers_pb2.TechnologyTransfer
Taken = Callable[..., str]


@pytest.fixture
def somebody_new(unit: Desk, county: Desk, city: Desk, served: Desk) -> str:
    """Somebody who may be sent to the cooperative, of whom nothing is known yet."""
    return dispatchable(unit, county, city, served)


@pytest.fixture
def taken(unit: Desk, served: Desk, somebody_new: str, placement_database: Database) -> Taken:
    """An accepted assignment of theirs, on days that may have passed."""

    def make(*days: date) -> str:
        booking = Booking(accepted(served).partition("/")[2], somebody_new.partition("/")[2], days)
        call = Call.by_system("placement", "placement.plan.publish", SERVED)
        (number,) = placement_database.write_again(call, lambda tx: assigning.create(tx, call, [booking]))
        return unit.answer("Accept", f"assignments/{number}").name

    return make


def record(desk: Desk, commissioner: str, **fields: Any) -> Transfer:
    """A transfer; `fields` change it."""
    found: Transfer = desk.transfers.RecordTechnologyTransfer(a_transfer(commissioner, **fields))
    return found


def landed(**fields: Any) -> dict[str, Any]:
    return {
        "stage": Transfer.LANDED,
        "contract_number": "样合〔2026〕1号",
        "amount_fen": 5_000_000,
        **fields,
    }


def listed(desk: Desk, commissioner: str, **fields: Any) -> list[Transfer]:
    wanted = transfers_pb2.ListTechnologyTransfersRequest.Filter(commissioner=commissioner, **fields)
    return list(
        desk.transfers.ListTechnologyTransfers(
            transfers_pb2.ListTechnologyTransfersRequest(filter=wanted)
        ).technology_transfers
    )


def inputs(desk: Desk, commissioner: str, year: int = 2026) -> pb.EvaluationInputs:
    found: pb.EvaluationInputs = desk.evaluations.GetEvaluationInputs(
        pb.GetEvaluationInputsRequest(commissioner=commissioner, year=year)
    )
    return found


def grade(desk: Desk, commissioner: str, year: int = 2026, **fields: Any) -> pb.Evaluation:
    values = {"grade": pb.Evaluation.QUALIFIED, "reason": "服务天数与成效达到要求", **fields}
    found: pb.Evaluation = desk.evaluations.RecordEvaluation(
        pb.RecordEvaluationRequest(commissioner=commissioner, year=year, request_id=request_id(), **values)
    )
    return found


def pay(desk: Desk, commissioner: str, **fields: Any) -> pb.Subsidy:
    values = {"amount_fen": 200_000, "pay_date": TODAY.isoformat(), "basis": "样科字〔2026〕3号", **fields}
    found: pb.Subsidy = desk.evaluations.RecordSubsidy(
        pb.RecordSubsidyRequest(subsidy=pb.Subsidy(commissioner=commissioner, **values), request_id=request_id())
    )
    return found


def test_a_transfer_goes_on_and_counts_once(unit: Desk, served: Desk, host_desk: Desk, somebody_new: str) -> None:
    first = record(unit, somebody_new)
    assert (first.division, first.partner_division, first.amount_fen) == (SERVED, COUNTY, 0)
    last = record(
        served,
        somebody_new,
        **landed(continues=first.name, registration_number="2026370100000001", site="样例协同创新中心"),
    )
    assert last.continues == first.name
    again = host_desk.transfers.GetTechnologyTransfer(transfers_pb2.GetTechnologyTransferRequest(name=first.name))
    assert again.continued_by == last.name
    assert [each.name for each in listed(unit, somebody_new)] == [last.name, first.name]
    assert [each.name for each in listed(unit, somebody_new, current=True)] == [last.name]
    assert [each.name for each in listed(unit, somebody_new, stages=[Transfer.MATCHED])] == [first.name]
    found = inputs(unit, somebody_new)
    assert (found.transfers, found.transfer_amount_fen) == (1, 5_000_000)
    twice = (grpc.StatusCode.ALREADY_EXISTS, "TRANSFER_EXISTS")
    assert refused(record, unit, somebody_new, continues=first.name) == twice
    assert refused(record, unit, somebody_new, **landed(registration_number="2026370100000001")) == twice
    further = record(unit, somebody_new, **landed(continues=last.name, registration_number="2026370100000001"))
    assert further.registration_number == last.registration_number  # the same transfer


def test_a_transfer_in_an_assignment_has_its_host(unit: Desk, served: Desk, host_desk: Desk, taken: Taken) -> None:
    name = taken(TODAY)
    who = unit.log(name).commissioner
    transfer = record(unit, who, assignment=name)
    assert (transfer.assignment, transfer.host_credit_code, transfer.division) == (name, HOST, SERVED)
    assert refused(record, host_desk, who)[0] is grpc.StatusCode.NOT_FOUND  # hosts do not read the register


def test_a_transfer_is_of_one_pair(unit: Desk, county: Desk, city: Desk, served: Desk, somebody_new: str) -> None:
    other = dispatchable(unit, county, city, served)
    first = record(unit, somebody_new)
    with pytest.raises(grpc.RpcError) as error:
        record(unit, other, continues=first.name)
    assert [each.reason for each in violations_of(error.value)] == ["FIELD_SAME_PARTIES"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"stage": Transfer.LANDED}, {"contract_number": "FIELD_REQUIRED"}),
        ({"amount_fen": 1}, {"contract_number": "FIELD_REQUIRED"}),
        ({"amount_fen": -1, "contract_number": "1"}, {"amount_fen": "FIELD_RANGE"}),
        ({"stage": 0}, {"stage": "FIELD_CHOICE"}),
        ({"stage_date": (TODAY + timedelta(1)).isoformat()}, {"stage_date": "FIELD_FUTURE"}),
        ({"title": "联系13957246813"}, {"title": "FIELD_PERSONAL"}),
        ({"host_credit_code": "1"}, {"host_credit_code": "TR-USCC-LENGTH"}),
        ({"division": "371500"}, {"division": "FIELD_DIVISION"}),
    ],
)
def test_every_wrong_field_of_a_transfer_is_told(unit: Desk, fields: dict[str, Any], wrong: dict[str, str]) -> None:
    with pytest.raises(grpc.RpcError) as error:
        record(unit, "commissioners/1", **fields)
    told = {each.field.removeprefix("technology_transfer."): each.reason for each in violations_of(error.value)}
    assert told == wrong


def test_a_year_is_counted(
    unit: Desk, host_desk: Desk, served: Desk, county: Desk, somebody_new: str, taken: Taken
) -> None:
    served_twice, idle = taken(TODAY), taken(date(2026, 12, 1), date(2026, 12, 2))
    for fields in ({"start": "09:00", "end": "11:00"}, {"start": "14:00", "end": "16:00", "category": Visit.TRAINING}):
        host_desk.see("Confirm", unit.log(served_twice, beneficiaries=20, **fields).name)
    host_desk.answer("Rate", served_twice, rating=Assignment.FAIR)
    served.answer("Cancel", idle, reason="暴雪")
    unit.log(taken(TODAY - timedelta(40)), day=(TODAY - timedelta(40)).isoformat(), late_reason="补录")
    declined = served.assign(accepted(served), somebody_new)
    unit.answer("Decline", declined.name)
    pay(county, somebody_new)
    found = inputs(county, somebody_new)
    # the agreement begins today, and with it the year of service
    assert (found.first_day, found.last_day) == ("2026-11-23", "2027-11-22")
    assert (found.days, found.remote_days, found.days_least, found.days_missing) == (1, 0, 30, 29)
    assert (found.visits, found.visits_unconfirmed, found.trainings, found.beneficiaries) == (2, 0, 1, 40)
    assert (found.declined, found.disrupted, found.subsidy_fen) == (1, 1, 200_000)
    assert [(each.level, each.count) for each in found.ratings] == [(3, 1)]
    assert found.last_visit_day == TODAY.isoformat()
    assert list(found.suggestions) == []
    assert "service.days_least" in found.unconfirmed
    assert found.rule_pack.startswith("placement@")
    before = inputs(county, somebody_new, 2025)  # before the first agreement: the year of the calendar
    assert (before.first_day, before.last_day, before.visits, before.late_entries) == ("2025-01-01", "2025-12-31", 0, 0)


def test_what_is_late_is_counted_in_its_year(
    unit: Desk, county: Desk, city: Desk, served: Desk, placement_database: Database
) -> None:
    who = file(unit, county, city).name  # without an agreement the year is that of the calendar
    booking = Booking(accepted(served).partition("/")[2], who.partition("/")[2], (TODAY - timedelta(40),))
    call = Call.by_system("placement", "placement.plan.publish", SERVED)
    (number,) = placement_database.write_again(call, lambda tx: assigning.create(tx, call, [booking]))
    name = unit.answer("Accept", f"assignments/{number}").name
    unit.log(name, day=(TODAY - timedelta(40)).isoformat(), late_reason="补录")
    found = inputs(county, who)
    assert (found.first_day, found.last_day) == ("2026-01-01", "2026-12-31")
    assert (found.days, found.visits_unconfirmed, found.late_entries) == (0, 1, 1)


def test_a_grade_is_given_once_and_only_suggests(
    county: Desk, city: Desk, unit: Desk, served: Desk, somebody_new: str
) -> None:
    bad = {"grade": pb.Evaluation.UNQUALIFIED, "reason": "服务天数不足"}
    assert grade(county, somebody_new, 2024, **bad).recorded_by == COUNTY
    assert list(inputs(county, somebody_new).suggestions) == []
    given = grade(city, somebody_new, 2025, **bad)  # a city covers its counties
    assert (given.year, given.grade, given.reason) == (2025, pb.Evaluation.UNQUALIFIED, "服务天数不足")
    assert list(inputs(county, somebody_new).suggestions) == [pb.EvaluationInputs.UNQUALIFIED_YEARS]
    assert county.get(somebody_new).state == county.get(somebody_new).FILED  # nobody is taken off the register
    assert refused(grade, county, somebody_new, 2025) == (grpc.StatusCode.ALREADY_EXISTS, "EVALUATION_EXISTS")
    assert refused(grade, served, somebody_new, 2026)[0] is grpc.StatusCode.PERMISSION_DENIED
    assert refused(grade, unit, somebody_new, 2026)[0] is grpc.StatusCode.PERMISSION_DENIED
    for desk in (county, unit, served):
        wanted = pb.ListEvaluationsRequest(commissioner=somebody_new)
        assert [each.year for each in desk.evaluations.ListEvaluations(wanted).evaluations] == [2025, 2024]


def test_a_commissioner_without_a_log_may_be_asked_to_go(
    county: Desk, somebody_new: str, placement_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placement_database, "clock", lambda: MORNING + timedelta(181))  # 23 May 2027
    assert list(inputs(county, somebody_new).suggestions) == []
    monkeypatch.setattr(placement_database, "clock", lambda: MORNING + timedelta(182))
    assert list(inputs(county, somebody_new).suggestions) == [pb.EvaluationInputs.NO_LOG]


def test_a_grade_is_one_of_those_there_are(county: Desk, somebody_new: str) -> None:
    with pytest.raises(grpc.RpcError) as error:
        grade(county, somebody_new, grade=pb.Evaluation.BASICALLY_QUALIFIED)
    (wrong,) = violations_of(error.value)
    assert (wrong.field, wrong.reason) == ("grade", "FIELD_CHOICE")
    assert "EXCELLENT, QUALIFIED, UNQUALIFIED" in wrong.description
    for fields in ({"year": 2027}, {"reason": ""}, {"grade": 0}):
        assert refused(grade, county, somebody_new, **fields)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_subsidies_are_recorded_and_never_worked_out(county: Desk, unit: Desk, served: Desk, somebody_new: str) -> None:
    paid = pay(county, somebody_new, pay_date="2026-03-02")
    later = pay(county, somebody_new, amount_fen=1)
    assert (paid.amount_fen, paid.basis, paid.recorded_by) == (200_000, "样科字〔2026〕3号", COUNTY)
    for desk in (county, unit):
        found = desk.evaluations.ListSubsidies(pb.ListSubsidiesRequest(commissioner=somebody_new, year=2026))
        assert [each.name for each in found.subsidies] == [later.name, paid.name]
    page = county.evaluations.ListSubsidies(pb.ListSubsidiesRequest(commissioner=somebody_new, page_size=1))
    rest = county.evaluations.ListSubsidies(
        pb.ListSubsidiesRequest(commissioner=somebody_new, page_size=1, page_token=page.next_page_token)
    )
    assert [each.name for each in rest.subsidies] == [paid.name]
    assert refused(pay, served, somebody_new)[0] is grpc.StatusCode.PERMISSION_DENIED
    for fields in ({"amount_fen": 0}, {"basis": ""}, {"pay_date": (TODAY + timedelta(1)).isoformat()}):
        with pytest.raises(grpc.RpcError) as error:
            pay(county, somebody_new, **fields)
        assert [each.field for each in violations_of(error.value)] == [f"subsidy.{next(iter(fields))}"]


def test_a_stranger_sees_nothing(somebody_new: str, new_desk: NewDesk) -> None:
    stranger = new_desk("371525", "science_officer")
    with pytest.raises(grpc.RpcError) as error:
        inputs(stranger, somebody_new)
    assert info_of(error.value)[0] == "NOT_FOUND"
    assert refused(grade, stranger, somebody_new)[0] is grpc.StatusCode.NOT_FOUND
    assert not stranger.evaluations.ListEvaluations(pb.ListEvaluationsRequest(commissioner=somebody_new)).evaluations
