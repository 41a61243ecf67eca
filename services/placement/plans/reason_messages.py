"""What a plan's reasons say: candidates, remedies and violations as messages, in the caller's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from liancai.placement.v1 import reasons_pb2 as pb

from services.placement.plans.planned import Planned
from services.placement.rules.checker import Violation
from services.placement.rules.dispatch import Assignment, Dispatch
from services.placement.rules.explain import NEW, Candidate, Change, Choice
from services.placement.rules.unserved import Cause
from services.platform.boundary import Call

# rules whose detail has days by number
DAYS_BY_NUMBER = frozenset({"PD-AGREEMENT", "PD-AVAILABILITY", "PD-TRAVEL-DAY"})


class Words:
    """Says what was found of a plan, of `request` if it is about one; `names` are masked names by commissioner."""

    def __init__(self, call: Call, found: Planned, request: str, names: Mapping[str, str]) -> None:
        self._call = call
        self._found = found
        self._request = request
        self._names = names

    def candidate(self, each: Candidate, *, chosen: bool = False) -> pb.Candidate:
        """A candidate; what keeps them from it, or what they bring."""
        load = 0.0 if each.excluded else each.net - each.points.total
        return pb.Candidate(
            commissioner=each.commissioner,
            masked_name=self._names.get(each.commissioner, ""),
            chosen=chosen,
            rule=each.excluded,
            busy_with=each.busy_with,
            days=self._days_of(each),
            priority_points=each.points.priority,
            continuity_points=each.points.continuity,
            travel_points=each.points.travel,
            load_points=load,
            total_points=0.0 if each.excluded else each.net,
            text=self._excluded(each) if each.excluded else self._brings(each, load),
        )

    def exclusions(self, counted: Mapping[str, int]) -> list[pb.Exclusion]:
        """What keeps how many from it, most first."""
        ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
        return [
            pb.Exclusion(rule=rule, count=count, text=self._call.say(f"KEPT-{rule}", {})) for rule, count in ordered
        ]

    def choice(self, choice: Choice) -> str:
        """The choice in a sentence."""
        chosen, second = choice.chosen, choice.second
        assert chosen is not None  # it is asked of requests that are served
        values = {"who": self._who(chosen.commissioner), "points": f"{chosen.net:.0f}"}
        if second is None:
            return self._call.say("CHOICE_ALONE", values)
        values |= {"second": self._who(second.commissioner), "second_points": f"{second.net:.0f}"}
        return self._call.say("CHOICE_BEST" if second.net <= chosen.net else "CHOICE_TOGETHER", values)

    def cause(self, cause: Cause) -> str:
        """Why nobody goes, in a sentence."""
        wanted = self._found.inputs.dispatch.requests[self._request]
        values = {"discipline": wanted.discipline, "level": str(wanted.level), "days": str(wanted.days)}
        return self._call.say(f"CAUSE_{cause}", values)

    def remedy(self, change: Change, relaxed: Dispatch) -> pb.Remedy:
        """A change that gets the request served; `relaxed` is the dispatch after it."""
        new = change.visit.commissioner.endswith(NEW)
        days = self._dates(relaxed.days_of(change.visit))
        wanted = self._found.inputs.dispatch.requests[self._request]
        values = {
            "amount": str(change.amount),
            "who": "" if new else self._who(change.visit.commissioner),
            "days": _span(days),
            "visits": ", ".join(change.giving_way),
            "discipline": wanted.discipline,
            "points": f"{change.net:+.0f}",
        }
        return pb.Remedy(
            kind=pb.Remedy.Kind.Value(change.remedy),
            amount=change.amount,
            commissioner="" if new else change.visit.commissioner,
            days=days,
            giving_way=change.giving_way,
            points=change.net,
            text=self._call.say(f"REMEDY_{change.remedy}", values),
        )

    def violation(self, each: Violation) -> pb.Violation:
        """A rule that a visit drawn up by hand breaks."""
        values = {"days": "", "others": "", **each.detail}
        if each.code in DAYS_BY_NUMBER:
            values["days"] = ", ".join(self._date(int(day)) for day in each.detail["days"].split(", "))
        if each.code == "PD-WINDOW":
            values["window"] = f"{self._date(int(values['earliest']))}/{self._date(int(values['latest']))}"
        text = self._call.say(each.code, values)
        return pb.Violation(rule=each.code, request=each.request, commissioner=each.commissioner, text=text)

    def _excluded(self, each: Candidate) -> str:
        values = {"who": self._who(each.commissioner), "visits": ", ".join(each.busy_with)}
        rule = self._call.say(f"KEPT-{each.excluded}", {})
        return self._call.say("CANDIDATE_BUSY" if each.busy_with else "CANDIDATE_KEPT", {**values, "rule": rule})

    def _brings(self, each: Candidate, load: float) -> str:
        values = {
            "who": self._who(each.commissioner),
            "points": f"{each.net:.0f}",
            "priority": str(each.points.priority),
            "continuity": str(each.points.continuity),
            "travel": str(each.points.travel),
            "load": f"{load:.0f}",
        }
        return self._call.say("CANDIDATE_BRINGS", values)

    def _who(self, commissioner: str) -> str:
        name = self._names.get(commissioner, "")
        return f"{name} ({commissioner})" if name else commissioner

    def _days_of(self, each: Candidate) -> list[str]:
        if each.excluded:
            return []
        visit = Assignment(self._request, each.commissioner, each.start, each.on)
        return self._dates(self._found.inputs.dispatch.days_of(visit))

    def _dates(self, days: Iterable[int]) -> list[str]:
        """Those that lie in the plan."""
        dates = self._found.inputs.dates
        return [dates[day].isoformat() for day in days if 0 <= day < len(dates)]

    def _date(self, day: int) -> str:
        dates = self._found.inputs.dates
        return f"< {dates[0]}" if day < 0 else f"> {dates[-1]}" if day >= len(dates) else dates[day].isoformat()


def _span(days: list[str]) -> str:
    return "" if not days else days[0] if len(days) == 1 else f"{days[0]}..{days[-1]}"
