"""Each check of a request, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from liancai.training.v1 import orders_pb2

from services.platform.errors import Invalid, Stale
from services.platform.requests import CLOCKS_DIFFER, Reading, check_etag, etag_of, stamp
from tests.platform.conftest import NewCall

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def rules(check: Callable[[Reading], Any]) -> list[str]:
    reading = Reading()
    check(reading)
    return [violation.rule for violation in reading.violations]


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("高唐", []),
        ("  高唐 ", []),
        ("", ["FIELD_REQUIRED"]),
        ("   ", ["FIELD_REQUIRED"]),
        ("高", ["FIELD_LENGTH"]),
        ("高" * 6, ["FIELD_LENGTH"]),
        ("高\n唐", []),
        ("高\x00唐", ["FIELD_CONTROL"]),
        ("高\r\x1b[31m", ["FIELD_CONTROL"]),
        ("高\u202e唐", ["FIELD_CONTROL"]),
        ("高\u2028唐", ["FIELD_CONTROL"]),
        ("高\x85唐", ["FIELD_CONTROL"]),
    ],
)
def test_text(value: str, wrong: list[str]) -> None:
    assert rules(lambda reading: reading.text("f", value, 2, 5)) == wrong


def test_text_is_trimmed() -> None:
    assert Reading().text("f", "  高唐 ", 2, 5) == "高唐"


@pytest.mark.parametrize(("value", "wrong"), [(1, []), (5, []), (0, ["FIELD_RANGE"]), (6, ["FIELD_RANGE"])])
def test_number(value: int, wrong: list[str]) -> None:
    assert rules(lambda reading: reading.number("f", value, 1, 5)) == wrong


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("2026-12-01", []),
        ("2028-02-29", []),
        ("", ["FIELD_REQUIRED"]),
        ("2026-02-29", ["FIELD_DATE"]),
        ("20261201", ["FIELD_DATE"]),
        ("2026-W49-2", ["FIELD_DATE"]),
        ("2026-12-1", ["FIELD_DATE"]),
        ("2026-12-01T00:00", ["FIELD_DATE"]),
        ("２０２６-12-01", ["FIELD_DATE"]),
        ("0000-00-00", ["FIELD_DATE"]),
    ],
)
def test_day(value: str, wrong: list[str]) -> None:
    assert rules(lambda reading: reading.day("f", value)) == wrong
    assert (Reading().day("f", value) == date.min) is bool(wrong)


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("orders/20261100001", []),
        ("orders/01JAB-x", []),
        ("", ["FIELD_REQUIRED"]),
        ("orders/", ["FIELD_NAME"]),
        ("orders", ["FIELD_NAME"]),
        ("classes/1", ["FIELD_NAME"]),
        ("orders/1/classes/2", ["FIELD_NAME"]),
        ("orders/1\n", ["FIELD_NAME"]),
        ("orders/１", ["FIELD_NAME"]),
        ("orders/" + "1" * 41, ["FIELD_NAME"]),
        ("orders/%", ["FIELD_NAME"]),
    ],
)
def test_name(value: str, wrong: list[str]) -> None:
    assert rules(lambda reading: reading.name("f", value, "orders")) == wrong


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("a" * 8, True),
        ("A0._:-zz", True),
        ("a" * 64, True),
        ("", False),
        ("a" * 7, False),
        ("a" * 65, False),
        ("with space", False),
        ("newline\n\n", False),
        ("请求请求请求请求", False),
    ],
)
def test_request_id(value: str, good: bool) -> None:
    assert rules(lambda reading: reading.request_id(value)) == ([] if good else ["FIELD_REQUEST_ID"])


def test_choices() -> None:
    states = orders_pb2.Order.State
    assert Reading().choices("f", [1, 2], states) == ["DRAFT", "SUBMITTED"]
    for unknown in ([0], [99], [1, -1]):
        assert rules(lambda reading, unknown=unknown: reading.choices("f", unknown, states)) == ["FIELD_CHOICE"]  # type: ignore[misc]


MOMENTS = [
    (timedelta(0), "", True, []),
    (-CLOCKS_DIFFER, "", False, []),  # clocks differ: no right is needed
    (CLOCKS_DIFFER, "", False, []),
    (CLOCKS_DIFFER + timedelta(seconds=1), "", True, ["FIELD_FUTURE"]),
    (-timedelta(days=1), "停电", True, []),
    (-timedelta(days=1), "", True, ["FIELD_REQUIRED"]),
    (-timedelta(days=1), "停电", False, ["FIELD_BACKDATE"]),
    (-timedelta(days=1), "", False, ["FIELD_BACKDATE", "FIELD_REQUIRED"]),
    (-timedelta(days=1), "停" * 201, True, ["FIELD_LENGTH"]),
]


@pytest.mark.parametrize(("shift", "reason", "may", "wrong"), MOMENTS)
def test_occurred(new_call: NewCall, shift: timedelta, reason: str, may: bool, wrong: list[str]) -> None:
    call = new_call(roles=("hr_officer",) if may else ("visitor",))
    request = orders_pb2.CreateOrderRequest(occur_time=stamp(NOW + shift), late_reason=reason)
    assert rules(lambda reading: reading.occurred(call, request, NOW)) == wrong
    at, late = Reading().occurred(call, request, NOW)
    assert at <= NOW
    # a reason stands only with what is entered late
    assert not late or at < NOW - CLOCKS_DIFFER


def test_what_happened_happened_now_when_no_time_is_given_and_never_when_it_is_no_time(new_call: NewCall) -> None:
    request = orders_pb2.CreateOrderRequest(late_reason="停电")
    assert Reading().occurred(new_call(), request, NOW) == (NOW, "")
    for nonsense in (Timestamp(seconds=10**15), Timestamp(seconds=-(10**15)), Timestamp(nanos=-1)):
        request.occur_time.CopyFrom(nonsense)
        assert rules(lambda reading: reading.occurred(new_call(), request, NOW))


@pytest.mark.parametrize("reason", ["停" * 201, "x\x00", "x\r\ny"])
def test_a_reason_for_being_late_is_checked_even_when_nothing_is(new_call: NewCall, reason: str) -> None:
    request = orders_pb2.CreateOrderRequest(late_reason=reason)
    assert rules(lambda reading: reading.occurred(new_call(), request, NOW))


def test_a_mask_names_fields_that_may_be_changed() -> None:
    assert rules(lambda reading: reading.mask(["title", "place"], {"title", "place"})) == []
    assert rules(lambda reading: reading.mask([], {"title"})) == ["FIELD_REQUIRED"]
    reading = Reading()
    assert reading.mask(["title", "x" * 50, "state"], {"title"}) == ["title", "x" * 50, "state"]
    assert [each.values for each in reading.violations] == [{"path": "x" * 40}, {"path": "state"}]


def test_every_violation_is_told_at_once() -> None:
    reading = Reading()
    reading.text("order.place", "", 1, 5)
    reading.number("order.headcount", 0, 1, 9)
    reading.day("order.start_date", "x")
    with pytest.raises(Invalid) as refused:
        reading.done()
    assert [(each.field, each.rule) for each in refused.value.violations] == [
        ("order.place", "FIELD_REQUIRED"),
        ("order.headcount", "FIELD_RANGE"),
        ("order.start_date", "FIELD_DATE"),
    ]
    Reading().done()


def test_an_etag_is_compared_only_if_given() -> None:
    check_etag("", "orders/1", 3)
    check_etag(etag_of(3), "orders/1", 3)
    for other in ('"2"', "3", '"3', "*", " "):
        with pytest.raises(Stale) as stale:
            check_etag(other, "orders/1", 3)
        assert stale.value.metadata == {"resource": "orders/1", "etag": '"3"'}
