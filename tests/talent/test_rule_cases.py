"""The labelled cases over the wire: each row of `rules/cases.csv` is told to the running service, on both databases.

And what is stored of a ledger is what the ledger comes to, whatever officers do in whatever order.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from liancai.talent.v1 import clock_pb2, steps_pb2

from services import host
from services.platform.database import Database
from services.reference import workdays
from services.talent import catalogue
from services.talent.rules import clock
from services.talent.rules.days import Days
from services.talent.rules.ledger import Entry, EntryKind, SuspensionKind
from services.talent.rules.limits import Span, Unit
from tests.conftest import token_of
from tests.talent.desk import Desk
from tests.talent.rules.labelled import CATALOGUE, DIVISION, HERE, Case, cases
from tests.talent.rules.ledgers import ledger
from tests.talent.ruling import Telling

CASES = cases()
AFTERWARDS = datetime(2027, 6, 1, tzinfo=UTC)  # every labelled case is over by then
THREADS = 8
# what no officer can tell the service, which is stricter than the rules: such a ledger is never made
NOT_TOLD = {
    "277": "whoever begins a step that nobody has accepted accepts it by that",
    "278": "whoever begins a step that nobody has accepted accepts it by that",
    "337": "a step whose clock stands still is resumed before it is finished",
    "400": "a step that is finished is not finished again",
}
TOLD = [case for case in CASES if case.case not in NOT_TOLD]


@pytest.fixture(scope="module")
def grpc_servicer(settings: host.Settings) -> Iterator[tuple[dict[str, Database], host.Settings]]:
    """A server whose catalogue is that of the labelled cases, in the year after them."""
    with (
        pytest.MonkeyPatch.context() as patch,
        host.opened(host.parts(), settings, host.open_vault(settings)) as databases,
    ):
        patch.setattr(catalogue, "document", lambda: (HERE / "cases.yaml").read_text(encoding="utf-8"))
        for each in databases.values():
            each.clock = lambda: AFTERWARDS
        yield databases, settings


@pytest.fixture(scope="module")
def desk(grpc_channel: grpc.Channel, settings: host.Settings) -> Desk:
    """A caseworker of the division whose promises the labels are by."""
    return Desk(grpc_channel, token_of(settings, division=DIVISION, roles=("caseworker",), subject="caseworker"))


@pytest.fixture(scope="module")
def told(desk: Desk) -> dict[str, tuple[Telling, steps_pb2.DeadlineExplanation]]:
    """Every labelled case, told to the service, some at a time; and what it answers."""

    def tell(case: Case) -> tuple[str, tuple[Telling, steps_pb2.DeadlineExplanation]]:
        telling = Telling(desk, case.step, case.ledger, checks=case.terms.checks)
        return case.case, (telling, telling.tell())

    with ThreadPoolExecutor(THREADS) as pool:
        return dict(pool.map(tell, TOLD))


def differences(case: Case, found: steps_pb2.DeadlineExplanation) -> list[str]:
    """Where an answer is not as the case is labelled."""
    dates = found.deadline
    wrong = []
    for name, expected in (
        # the service plans what nobody knows the limit of by a parameter
        ("planned", case.planned if case.terms.limit.n is not None else dates.planned_date),
        ("promised", case.promised),
        ("statutory", case.statutory),
    ):
        if (answered := getattr(dates, f"{name}_date")) != expected:
            wrong.append(f"{name} is {answered}, not {expected}")
    if found.base_date != case.start:
        wrong.append(f"it began on {found.base_date}, not {case.start}")
    if case.planned and dates.provisional is not bool(case.assumes):
        wrong.append(f"provisional is {dates.provisional}")
    return wrong


@pytest.mark.parametrize("case", TOLD, ids=lambda case: case.case)
def test_the_service_answers_as_the_case_is_labelled(
    case: Case, told: dict[str, tuple[Telling, steps_pb2.DeadlineExplanation]]
) -> None:
    telling, found = told[case.case]
    assert differences(case, found) == []
    assert found.stored.statutory_date == found.deadline.statutory_date
    # what the service would not take has no effect in the labelled case either, or is corrected there
    void = {int(each.partition(":")[0]) for each in case.void.split()} | {entry.target for entry in case.ledger}
    assert {entry.number for entry in telling.refused} <= void


def test_a_server_with_another_rule_would_not_pass(
    told: dict[str, tuple[Telling, steps_pb2.DeadlineExplanation]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the same ledgers, asked of a server that counts Monday to Friday."""
    monkeypatch.setattr(Days, "works", lambda _, day: day.weekday() < 5)
    wrong = [case for case in TOLD if differences(case, told[case.case][0].explained())]
    assert len(wrong) > 60


# ---- replay = stored

VERBS = st.sampled_from(("StartStep", "ReturnStep", "SkipStep", ""))


@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    matter=st.sampled_from(sorted(each.key for each in CATALOGUE.matters)),
    entries=ledger(),
    between=st.lists(VERBS, min_size=12, max_size=12),
    shuffled=st.randoms(use_true_random=False),
)
def test_what_is_stored_is_what_the_ledger_comes_to(
    matter: str, entries: list[Entry], between: list[str], shuffled: Any, desk: Desk
) -> None:
    """Whatever is told, and taken or refused: the rules make the stored dates of the entries alone, in any order."""
    kind = CATALOGUE.matter(matter).steps[0]
    begins = Entry(1, EntryKind.RECEIVED, min(entry.at for entry in entries) - timedelta(days=1)) if entries else None
    telling = Telling(desk, matter, [begins, *entries] if begins else START, checks=kind.checks)
    for entry, verb in zip(telling.ledger[1:], between, strict=False):
        telling._enter(entry)
        if verb:
            more = {"reason": "x"} if verb != "StartStep" else {}
            telling._act(verb, entry, **more)
    answer = telling.explained()
    read = [entry_of(each) for each in answer.entries]
    shuffled.shuffle(read)
    plan = Span(10, Unit.WORKING_DAYS)
    found = clock.deadline(kind.terms(DIVISION, plan=plan), read, workdays.published())
    stored = answer.stored
    assert [stored.planned_date, stored.promised_date, stored.statutory_date] == [
        str(due.day or "") for due in (found.planned, found.promised, found.statutory)
    ]
    assert answer.base_date == str(found.started or "")
    assert [each.number for each in answer.entries] == list(range(1, len(answer.entries) + 1))


START = [Entry(1, EntryKind.RECEIVED, datetime(2025, 3, 3, 4, tzinfo=UTC))]


def entry_of(told: clock_pb2.ClockEntry) -> Entry:
    """An entry as the rules read it, from the wire alone."""
    unit = clock_pb2.Limit.Unit.Name(told.maximum.unit)
    return Entry(
        number=told.number,
        kind=EntryKind(clock_pb2.ClockEntry.Kind.Name(told.kind)),
        at=told.occur_time.ToDatetime(tzinfo=UTC),
        suspension=SuspensionKind(clock_pb2.ClockEntry.Suspension.Name(told.suspension)) if told.suspension else None,
        basis=told.legal_basis,
        notice=told.evidence,
        approver=told.approver,
        maximum=Span(told.maximum.n, Unit(unit)) if told.HasField("maximum") else None,
        items=tuple(told.items),
        n=told.extension or None,
        target=told.corrects or None,
    )
