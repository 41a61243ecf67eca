"""The day it is in China: dates of the law are Asia/Shanghai dates, instants are UTC."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

# eight hours ahead all year: there has been no summer time since 1991 (国务院 1992 年起停止夏时制)
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


def day_of(instant: datetime) -> date:
    """The Asia/Shanghai date of an aware instant."""
    return instant.astimezone(SHANGHAI).date()
