"""Limits beside class and order: taken with every seat, given back, never overdrawn; on SQLite and PostgreSQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from liancai.training.v1 import enrolments_pb2 as pb
from liancai.training.v1 import quotas_pb2 as quota
from liancai.training.v1 import waitlist_pb2 as wait

from services import host
from services.platform.database import Database
from services.training.seats import enrolling, limits
from services.training.tables import QuotaRow
from tests.conftest import token_of
from tests.office import INSTITUTION, Office, request_id, somebody
from tests.statuses import info_of, refusal_of, violations_of
from tests.training.journal import prove, prove_quota

FEN = 120_000  # 1,200 yuan a head
_years: defaultdict[int, Iterator[int]] = defaultdict(lambda: iter(range(2027, 2044)))  # none in it is sixty yet


@pytest.fixture
def year(database: Database) -> int:
    """One nobody has set a limit for."""
    return next(_years[id(database)])


def subsidised(office: Office, database: Database, year: int, **fields: object) -> str:
    """An open class with public money in a year."""
    fields = {"start_date": f"{year}-03-01", "end_date": f"{year}-03-31", "capacity": 5, **fields}
    order = fields.pop("order", None) or office.contracted(start_date=f"{year}-06-01").name
    return office.paid_class(order, subsidy_fen=FEN, **fields).name


def jobless() -> pb.Applicant:
    """Somebody with a category and its proof."""
    return somebody(category="UNE", proof_kind="就业创业证", proof_number="3715260001")


def budget(office: Office, year: int, fen: int) -> quota.Quota:
    made: quota.Quota = office.quotas.SetQuota(
        quota.SetQuotaRequest(
            kind=quota.DIVISION_BUDGET,
            division="371526",
            year=year,
            fund=quota.EMPLOYMENT_SUBSIDY,
            granted=fen,
            source="样例文号",
            request_id=request_id(),
        )
    )
    return made


def heads(office: Office, year: int, persons: int) -> quota.Quota:
    made: quota.Quota = office.quotas.SetQuota(
        quota.SetQuotaRequest(
            kind=quota.INSTITUTION_HEADS,
            institution_credit_code=INSTITUTION,
            division="371526",
            year=year,
            granted=persons,
            source="样例文号",
            request_id=request_id(),
        )
    )
    return made


def lattice(office: Office, held: str) -> quota.SeatLattice:
    found: quota.SeatLattice = office.quotas.ExplainSeats(quota.ExplainSeatsRequest(class_name=held))
    return found


def test_a_refusal_names_the_budget_that_binds_and_what_is_left(office: Office, database: Database, year: int) -> None:
    name = budget(office, year, 2 * FEN + 50_000).name
    held = subsidised(office, database, year)
    seated = [office.enrol(held, jobless()) for _ in range(2)]
    reason, about = refusal_of(office.enrol, held, jobless())
    assert (reason, about) == ("QUOTA_BINDS", {"quota": name, "left": "500.00 元", "asked": "1,200.00 元"})
    assert prove_quota(database, name) == 2 * FEN
    office.withdraw(seated[0].name)
    assert prove_quota(database, name) == FEN
    assert office.enrol(held, jobless()).state == pb.Enrolment.ENROLLED


def test_an_institution_has_so_many_heads_a_year_over_all_its_classes(
    office: Office, database: Database, year: int
) -> None:
    name = heads(office, year, 3).name
    first, second = (
        subsidised(office, database, year),
        subsidised(office, database, year, start_date=f"{year}-05-01", end_date=f"{year}-05-31"),
    )
    for held in (first, first, second):
        office.enrol(held, jobless())
    reason, about = refusal_of(office.enrol, second, jobless())
    assert (reason, about["quota"], about["left"]) == ("QUOTA_BINDS", name, "0 人")
    elsewhere = subsidised(office, database, next(_years[id(database)]))
    assert office.enrol(elsewhere, jobless()).state == pb.Enrolment.ENROLLED
    assert prove_quota(database, name) == 3


def test_a_class_without_public_money_takes_of_no_limit(office: Office, year: int) -> None:
    heads(office, year, 0)
    order = office.contracted(start_date=f"{year}-06-01").name
    held = office.open_class(order, start_date=f"{year}-03-01", end_date=f"{year}-03-31").name
    assert office.enrol(held).state == pb.Enrolment.ENROLLED
    assert [each.name for each in lattice(office, held).limits] == [held, order]


def test_the_first_setting_counts_who_is_there_already(office: Office, database: Database, year: int) -> None:
    held = subsidised(office, database, year)
    seated = [office.enrol(held, jobless()) for _ in range(2)]
    made = budget(office, year, FEN)
    assert (made.taken, made.left) == (2 * FEN, 0)
    assert refusal_of(office.enrol, held, jobless())[0] == "QUOTA_BINDS"
    office.withdraw(seated[0].name)
    assert prove_quota(database, made.name) == FEN
    assert refusal_of(office.enrol, held, jobless())[0] == "QUOTA_BINDS"


def test_a_higher_limit_gives_free_seats_to_those_who_wait(office: Office, database: Database, year: int) -> None:
    name = heads(office, year, 2).name
    held = subsidised(office, database, year, capacity=2)
    seated = [office.enrol(held, jobless()) for _ in range(2)]
    first, second = (office.enrol(held, jobless()) for _ in range(2))
    heads(office, year, 1)
    assert not office.withdraw(seated[0].name).promoted.name  # a seat is free, the limit keeps it
    said = office.waitlist.ExplainPlace(wait.ExplainPlaceRequest(name=first.name))
    assert said.blocked_by == name
    assert lattice(office, held).binding == name
    heads(office, year, 2)
    states = [office.enrolments.GetEnrolment(pb.GetEnrolmentRequest(name=each.name)).state for each in (first, second)]
    assert states == [pb.Enrolment.ENROLLED, pb.Enrolment.WAITLISTED]
    assert prove_quota(database, name) == 2
    prove(database, office.the_class(held).order)


def test_a_party_takes_of_a_limit_together_or_not_at_all(office: Office, database: Database, year: int) -> None:
    name = heads(office, year, 1).name
    held = subsidised(office, database, year)
    request = pb.EnrolPartyRequest(class_name=held, applicants=[jobless(), jobless()], request_id=request_id())
    reason, about = refusal_of(office.enrolments.EnrolParty, request)
    assert (reason, about["quota"], about["left"], about["asked"]) == ("QUOTA_BINDS", name, "1 人", "2 人")
    assert prove_quota(database, name) == 0


def test_every_limit_of_a_class_and_the_one_that_binds(office: Office, database: Database, year: int) -> None:
    held = subsidised(office, database, year, capacity=4)
    found = lattice(office, held)
    assert [each.known for each in found.limits] == [True, True, False, False]
    assert (found.seats, found.binding) == (4, held)
    made = budget(office, year, 3 * FEN)
    office.enrol(held, jobless())
    found = lattice(office, held)
    assert (found.seats, found.binding) == (2, made.name)
    money = found.limits[-1]
    assert (money.granted, money.taken, money.left, money.per_seat, money.seats) == (3 * FEN, FEN, 2 * FEN, FEN, 2)
    assert "资金" in money.title


def test_thirty_two_callers_and_a_budget_for_five(office: Office, database: Database, year: int) -> None:
    name = budget(office, year, 5 * FEN + 1).name
    classes = [
        subsidised(
            office, database, year, capacity=20, start_date=f"{year}-0{month}-01", end_date=f"{year}-0{month}-20"
        )
        for month in (1, 2, 3, 4)
    ]

    def enrol(number: int) -> str:
        try:
            return str(office.enrol(classes[number % 4], jobless()).state)
        except grpc.RpcError as error:
            return info_of(error)[0]

    with ThreadPoolExecutor(16) as pool:
        assert Counter(pool.map(enrol, range(32))) == {str(pb.Enrolment.ENROLLED): 5, "QUOTA_BINDS": 27}
    assert prove_quota(database, name) == 5 * FEN


def test_without_its_guards_a_limit_is_overdrawn(
    office: Office, database: Database, year: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = heads(office, year, 1).name
    held = subsidised(office, database, year)
    monkeypatch.setattr(enrolling.limits, "binding", lambda *_: None)
    with pytest.raises(grpc.RpcError):
        office.enrol(held, jobless()), office.enrol(held, jobless())
    assert prove_quota(database, name) == 1  # the conditional update alone holds it
    unguarded = limits.Prepared(
        limits.update(QuotaRow)
        .where(QuotaRow.id == limits.bindparam("of"))
        .values(taken=QuotaRow.taken + limits.bindparam("amount"))
    )
    monkeypatch.setattr(limits, "TAKE", unguarded)
    office.enrol(held, jobless())
    assert prove_quota(database, name) == 2


def test_setting_a_limit_is_for_the_bureau_of_the_division(
    office: Office, grpc_channel: grpc.Channel, settings: host.Settings, year: int
) -> None:
    made = budget(office, year, FEN)
    partner = Office(grpc_channel, token_of(settings, division="370103", unit="370103-hrss"))
    assert refusal_of(budget, partner, year, FEN)[0] == "PERMISSION_DENIED"
    assert refusal_of(partner.quotas.GetQuota, quota.GetQuotaRequest(name=made.name))[0] == "NOT_FOUND"
    stale = quota.SetQuotaRequest(
        kind=quota.DIVISION_BUDGET,
        division="371526",
        year=year,
        fund=quota.EMPLOYMENT_SUBSIDY,
        granted=2 * FEN,
        source="样例文号",
        etag='"9"',
        request_id=request_id(),
    )
    assert refusal_of(office.quotas.SetQuota, stale)[0] == "STALE_ETAG"
    listed = office.quotas.ListQuotas(quota.ListQuotasRequest(filter=quota.ListQuotasRequest.Filter(year=year))).quotas
    assert [each.name for each in listed] == [made.name]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": quota.QUOTA_KIND_UNSPECIFIED}, "kind"),
        ({"division": "999999"}, "division"),
        ({"year": 1999}, "year"),
        ({"fund": quota.NONE}, "fund"),
        ({"granted": -1}, "granted"),
        ({"source": ""}, "source"),
        ({"institution_credit_code": INSTITUTION}, "institution_credit_code"),
        ({"request_id": "short"}, "request_id"),
    ],
)
def test_a_bad_limit_is_refused_by_field(office: Office, change: dict[str, object], field: str) -> None:
    values = {
        "kind": quota.DIVISION_BUDGET,
        "division": "371526",
        "year": 2029,
        "fund": quota.EMPLOYMENT_SUBSIDY,
        "granted": 1,
        "source": "样例文号",
        "request_id": request_id(),
        **change,
    }
    with pytest.raises(grpc.RpcError) as error:
        office.quotas.SetQuota(quota.SetQuotaRequest(**values))
    assert field in {each.field for each in violations_of(error.value)}
