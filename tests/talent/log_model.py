"""What must come of the sample log, worked out in memory without any of the services' code.

The transfer of a pension is four steps in a row; each activity of the mapping does something to one of them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "examples" / "case_log"
ORDER = ("check", "review", "out", "in")
NOW = datetime(2026, 11, 23, 9)  # noqa: DTZ001  all of the log is of one zone
KNOWN = {"高唐社保一组", "高唐社保二组", "济南社保", "专班"}
# activity: what it does, and to which step
DOES = {
    "登记": ("open", ""),
    "核对需转": ("do", "check"),
    "核对免转": ("waive", "check"),
    "审核收件": ("receive", "review"),
    "审核受理": ("accept", "review"),
    "审核办结": ("end", "review"),
    "转出开始": ("begin", "out"),
    "转出办结": ("end", "out"),
    "转入办结": ("do", "in"),
    "结案": ("close", ""),
}


@dataclass
class Case:
    opened: bool = False
    closed: bool = False
    over: bool = False  # nothing had to be transferred
    received: bool = False
    steps: dict[str, str] = field(default_factory=lambda: dict.fromkeys(ORDER, "PENDING") | {"check": "READY"})

    @property
    def done(self) -> bool:
        return self.over or all(state == "DONE" for state in self.steps.values())

    def does(self, what: str, step: str) -> str:
        """The code of a line."""
        if what == "open":
            first, self.opened = not self.opened, True
            return "LOG-APPLIED" if first else "LOG-OPENED-ALREADY"
        if self.closed or (what != "close" and self.done):
            return "LOG-AFTER-CLOSURE"
        if what == "close":
            self.closed = self.done
            return "LOG-APPLIED" if self.closed else "LOG-RULE"
        return self._step(what, step)

    def _step(self, what: str, step: str) -> str:
        state = self.steps[step]
        if what == "receive" and state == "READY":
            self.received = True
            return "LOG-APPLIED"
        if what == "accept" and state == "READY":
            if not self.received:
                return "LOG-RULE"
            self.steps[step] = "RUNNING"
            return "LOG-APPLIED"
        if what == "begin" and state == "READY":
            self.steps[step] = "RUNNING"
            return "LOG-APPLIED"
        if (what == "end" and state == "RUNNING") or (what in ("do", "waive") and state in ("READY", "RUNNING")):
            self.steps[step] = "DONE"
            following = ORDER[ORDER.index(step) + 1 :]
            if what == "waive":
                self.over = True
                self.steps.update(dict.fromkeys(following, "SKIPPED"))
            elif following:
                self.steps[following[0]] = "READY"
            return "LOG-APPLIED"
        return "LOG-STEP-STATE"


@dataclass
class Expected:
    """Codes by row of the file, how many notes there are of each kind, and the cases."""

    codes: dict[int, str] = field(default_factory=dict)
    mixed: int = 0
    unknown: int = 0
    cases: dict[str, Case] = field(default_factory=dict)


def expected(path: Path = FOLDER / "events.csv") -> Expected:
    """What must come of a log."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(enumerate(csv.reader(file), start=1))[1:]
    found, seen, timed = Expected(), set[tuple[str, ...]](), []
    for number, row in rows:
        key, activity, written, who, _ = row
        at, usual = _read(written)
        if not key:
            code = "LOG-NO-CASE"
        elif tuple(row) in seen:
            code = "LOG-DUPLICATE"
        elif activity not in DOES:
            code = "LOG-ACTIVITY-UNKNOWN"
        elif at is None:
            code = "LOG-TIME-UNREADABLE"
        elif at > NOW:
            code = "LOG-TIME-FUTURE"
        else:
            code = ""
            timed.append((at, number, key, activity, who, usual))
        seen.add(tuple(row))
        if code:
            found.codes[number] = code
    for at, number, key, activity, who, usual in sorted(timed):
        case, (what, step) = found.cases.setdefault(key, Case()), DOES[activity]
        begins = [each[0] for each in timed if each[2] == key and DOES[each[3]] in (("begin", step), ("accept", step))]
        if not case.opened and what != "open":
            code = "LOG-NOT-OPENED"
        elif what == "end" and begins and min(begins) > at:
            code = "LOG-END-BEFORE-START"
        else:
            code = case.does(what, step)
        found.codes[number] = code
        if code == "LOG-APPLIED":
            found.mixed += not usual
            found.unknown += bool(who) and who not in KNOWN
    return found


def _read(written: str) -> tuple[datetime | None, bool]:
    for form in ("%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M"):
        try:
            return datetime.strptime(written, form), form.startswith("%Y")  # noqa: DTZ007
        except ValueError:
            continue
    return None, True
