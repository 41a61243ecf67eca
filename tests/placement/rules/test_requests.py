"""Whether what is asked for can be done in the time that is given."""

from __future__ import annotations

from datetime import date

import pytest

from services.placement.rules.requests import fits
from services.reference.workdays import published


@pytest.mark.parametrize(
    ("first", "last", "days", "today", "expected"),
    [
        ("2026-12-01", "2026-12-02", 2, "2026-11-23", True),
        ("2026-12-01", "2026-12-02", 3, "2026-11-23", False),
        ("2026-12-05", "2026-12-06", 1, "2026-11-23", False),  # a weekend
        ("2026-12-01", "2026-12-04", 4, "2026-12-01", True),  # today may be one of them
        ("2026-12-01", "2026-12-04", 4, "2026-12-02", False),
        ("2026-11-02", "2026-11-20", 1, "2026-11-23", False),  # over
        ("2026-10-01", "2026-10-07", 1, "2026-09-01", False),  # a holiday
        ("2026-12-31", "2027-01-31", 1, "2026-11-23", True),  # enough before the calendar ends
        ("2027-02-01", "2027-02-05", 5, "2026-11-23", True),  # nobody knows yet
        ("2027-02-01", "2027-02-05", 6, "2026-11-23", False),
    ],
)
def test_a_window_holds_working_days_from_today_on(
    first: str, last: str, days: int, today: str, expected: bool
) -> None:
    window = date.fromisoformat(first), date.fromisoformat(last)
    assert fits(published(), *window, days, date.fromisoformat(today)) is expected
