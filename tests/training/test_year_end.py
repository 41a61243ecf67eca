"""A class over the end of the last year whose holidays are published: nothing stops, and what is not known is said."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from liancai.common.v1 import types_pb2
from liancai.training.v1 import classes_pb2 as pb

from services.platform.database import Database
from services.reference.clock import SHANGHAI
from services.reference.workdays import published
from tests.office import Office
from tests.training.days import clock_at, with_days_left
from tests.training.test_filing import check, create, lesson

LAST = published().last
NEXT = LAST + timedelta(days=1)
NOT_PUBLISHED = f"{NEXT.year} 年放假安排未公布"
BEGINS = {"start_date": f"{NEXT + timedelta(days=10)}", "end_date": f"{NEXT + timedelta(days=20)}"}


def at(day: date, hour: time = time(9)) -> datetime:
    """An hour of a day in Shanghai, nine in the morning if nothing is said."""
    return datetime.combine(day, hour, SHANGHAI)


def test_the_month_of_a_number_is_that_of_shanghai(office: Office, database: Database) -> None:
    order = office.contracted(headcount=30).name
    for now, month in ((at(LAST, time(23, 59, 59)), f"{LAST.year}12"), (at(NEXT, time(0)), f"{NEXT.year}01")):
        with clock_at(database, now):
            assert create(office, order, **BEGINS).name.startswith(f"classes/{month}")


@pytest.mark.parametrize("today", [with_days_left(4), NEXT])
def test_a_class_is_filed_and_opened_without_next_years_holidays(
    office: Office, database: Database, today: date
) -> None:
    with clock_at(database, at(today)):
        made = create(office, office.contracted(headcount=30).name, capacity=10, **BEGINS)
        gap = check(office, made.name)["TF-CALENDAR"]
        assert gap.level == types_pb2.Finding.NOTE
        assert NOT_PUBLISHED in gap.message
        assert [remark for remark in office.bring(made.name, "File").remarks if NOT_PUBLISHED in remark]
        assert office.bring(made.name, "Review", "Approve", "Open").state == pb.Class.OPEN
        assert office.enrol(made.name).class_name == made.name


def test_a_lead_that_is_kept_this_year_needs_no_holidays_of_the_next(office: Office, database: Database) -> None:
    with clock_at(database, at(with_days_left(5))):
        made = create(office, office.contracted(headcount=30).name, capacity=10, **BEGINS)
        assert "TF-CALENDAR" not in check(office, made.name)
        assert not [remark for remark in office.bring(made.name, "File").remarks if NOT_PUBLISHED in remark]
        hours = [lesson(date=BEGINS["start_date"])]
        timetabled = create(office, made.order, capacity=10, **BEGINS, sessions=hours)
        assert "TF-CALENDAR" in check(office, timetabled.name)  # nobody knows whether that is a working day
