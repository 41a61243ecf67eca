"""Makes examples/case_log/events.csv: `python -m examples.make_case_log`. The same file every time.

An event log of 48 invented cases of a pension's transfer, as another system might hand it over: case, activity, time,
resource and deadline, in order of time. Nobody is in it. The faults that such logs have:

    case    what is wrong                                        verdict, or note
    P-005   the old place begins after the case was closed       LOG-AFTER-CLOSURE
    P-008   the old place ends before it starts                  LOG-END-BEFORE-START, and what came after it cannot be
    P-011   days before months, as elsewhere                     LOG-TIME-MIXED (notes)
    P-014   a company that the mapping does not know             LOG-GROUP-UNKNOWN (notes)
    P-017   a call, which the mapping does not know              LOG-ACTIVITY-UNKNOWN
    P-020   a time in words                                      LOG-TIME-UNREADABLE
    P-023   a time that has not come                             LOG-TIME-FUTURE
    P-026   one line twice                                       LOG-DUPLICATE
    P-029   its number left out of one line                      LOG-NO-CASE, and what came after it cannot be
    P-032   a receipt before the case came in                    LOG-NOT-OPENED, and what came after it cannot be
    P-035   it comes in twice                                    LOG-OPENED-ALREADY
    P-038   a deadline counted from Monday to Friday             LOG-DEADLINE-DIFFERS (a note)
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

from services.reference.workdays import published

FILE = Path(__file__).parent / "case_log" / "events.csv"
TITLES = ("个案号", "活动", "时间", "经办", "期限")
CASES = 48
HERE = ("高唐社保一组", "高唐社保二组")
OLD, TASK_FORCE = "济南社保", "专班"

Row = list[str]


def rows() -> list[Row]:
    """The lines in order of their times, as far as those can be read."""
    found = [line for number in range(1, CASES + 1) for line in _case(number)]
    found.sort(key=lambda line: line[0])
    return [row for _, row in found]


def _case(number: int) -> Iterator[tuple[datetime, Row]]:
    """The lines of one case, each with the time it is sorted by."""
    dice, key = random.Random(number), f"P-{number:03}"  # noqa: S311  a story, not a secret
    day = date(2025, 3, 3) + timedelta(days=11 * number)
    if number == 38:
        day = date(2026, 1, 30)  # its limit runs over the Spring Festival
    at = datetime.combine(day, time(9, number % 60))
    here = HERE[number % 2]

    def after(least: int, most: int) -> datetime:
        nonlocal at
        at += timedelta(days=dice.randint(least, most), minutes=dice.randint(1, 300))
        return at

    plan: list[tuple[str, datetime, str, str]] = [("登记", at, TASK_FORCE, "")]
    if number % 12 == 1:
        plan += [("核对免转", after(1, 2), here, ""), ("结案", after(1, 3), TASK_FORCE, "")]
    else:
        plan += [("核对需转", after(1, 2), here, ""), ("审核收件", after(0, 1), here, "")]
        accepted = after(1, 2)
        due = published().add(accepted.date(), 15)
        if number == 38:
            due = accepted.date() + timedelta(days=21)
        plan += [("审核受理", accepted, here, due.isoformat()), ("审核办结", after(8, 18), here, "")]
        plan += [("转出开始", after(1, 3), OLD, ""), ("转出办结", after(5, 25), OLD, "")]
        plan += [("转入办结", after(3, 12), here, ""), ("结案", after(0, 2), TASK_FORCE, "")]
        if number % 7 == 3:
            plan = plan[: 3 + number % 5]  # not finished yet
    yield from _spoilt(
        number, [(moment, [key, word, moment.isoformat(" "), who, due]) for word, moment, who, due in plan]
    )


def _spoilt(number: int, lines: list[tuple[datetime, Row]]) -> Iterator[tuple[datetime, Row]]:
    """The lines with the fault that this case has."""
    last, later = lines[-1][0], timedelta(days=1)
    for place, (at, row) in enumerate(lines):
        if number == 8 and row[1] == "转出办结":
            at = lines[place - 1][0] - later
            row[2] = at.isoformat(" ")
        elif number == 11:
            row[2] = at.strftime("%d/%m/%Y %H:%M")
        elif number == 14 and row[1].startswith("审核"):
            row[3] = "外包公司"
        elif number == 20 and row[1] == "结案":
            row[2] = "三月五日上午"
        elif number == 23 and row[1] == "结案":
            row[2] = "2099-01-05 10:00:00"
        elif number == 29 and row[1] == "审核收件":
            row[0] = ""
        elif number == 32 and row[1] == "审核收件":
            at = lines[0][0] - later
            row[2] = at.isoformat(" ")
        yield at, row
        if number == 26 and row[1] == "审核受理":
            yield at, list(row)
    if number == 5:
        yield last + later, ["P-005", "转出开始", (last + later).isoformat(" "), OLD, ""]
    if number == 17:
        yield lines[2][0] + later / 2, ["P-017", "电话回访", (lines[2][0] + later / 2).isoformat(" "), TASK_FORCE, ""]
    if number == 35:
        yield lines[1][0] + later / 2, ["P-035", "登记", (lines[1][0] + later / 2).isoformat(" "), TASK_FORCE, ""]


def main() -> None:
    """Writes the file."""
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(TITLES)
        writer.writerows(rows())


if __name__ == "__main__":
    main()
