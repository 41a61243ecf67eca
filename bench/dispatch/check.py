"""Checks a solution file against its instance; shares no code with the planner.

`python -m bench.dispatch.check INSTANCE.json.gz solution.json`
"""

from __future__ import annotations

import gzip
import json
import math
import sys
from pathlib import Path
from typing import Any


def load(path: Path) -> Any:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def check(instance: dict[str, Any], solution: dict[str, Any]) -> tuple[list[str], float]:
    """What is wrong with it, and its objective counted anew."""
    people = {each["id"]: each for each in instance["commissioners"]}
    wanted = {each["id"]: each for each in instance["requests"]}
    rates, far = instance["objective"], instance.get("travel_day_km")
    bans = {tuple(pair) for pair in instance.get("bans", [])}
    faults: list[str] = []
    total = 0.0
    taken: set[tuple[str, int]] = set()
    seen: set[str] = set()
    used: dict[str, int] = {}
    for each in solution["assignments"]:
        request, person = wanted.get(each["request"]), people.get(each["commissioner"])
        if request is None or person is None:
            faults.append(f"{each}: no such request or commissioner")
            continue
        if request["id"] in seen:
            faults.append(f"{each}: served twice")
        seen.add(request["id"])
        if (request["id"], person["id"]) in bans or person["id"] in request.get("refused", []):
            faults.append(f"{each}: not to be sent there")
        if person["skills"].get(request["discipline"], 0) < request["level"]:
            faults.append(f"{each}: not qualified")
        if request.get("team") and not person.get("members"):
            faults.append(f"{each}: no team")
        days = each.get("on") or list(range(each["start"], each["start"] + request["days"]))
        if len(set(days)) != request["days"] or min(days) != each["start"]:
            faults.append(f"{each}: not {request['days']} days from {each['start']}")
        if not request.get("split") and max(days) - min(days) != request["days"] - 1:
            faults.append(f"{each}: not in a row")
        if min(days) < request["earliest"] or max(days) > request["latest"]:
            faults.append(f"{each}: outside the window")
        apart = math.hypot(person["home"][0] - request["place"][0], person["home"][1] - request["place"][1])
        bound = set(days)
        if far is not None and apart >= far:
            bound |= {day - 1 for day in days}
        for day in sorted(bound):
            here = 0 <= day < instance["days"]
            if not here or person["available"][day] != "1" or person.get("in_force", person["available"])[day] != "1":
                faults.append(f"{each}: not available on day {day}")
            going = {person["id"], *person.get("members", [])}
            if any((name, day) in taken for name in going):
                faults.append(f"{each}: in two places on day {day}")
            taken |= {(name, day) for name in going}
        used[person["id"]] = used.get(person["id"], 0) + len(bound)
        total += rates["per_priority"] * request["priority"] - math.floor(rates["per_km"] * apart)
        total += rates["continuity"] * (request["previous"] == person["id"])
    for name, count in used.items():
        person = people[name]
        most = person["capacity_days"]
        if count > min(most, person.get("year_days", most)):
            faults.append(f"{name}: {count} days of {min(most, person.get('year_days', most))}")
        total -= sum(weight * max(0, count - part * most) for part, weight in rates["load_steps"])
        total += rates.get("per_owed_day", 0) * min(count, person.get("owed_days", 0))
    planned = [{**each, "on": each.get("on", [])} for each in solution["assignments"]]
    faults += [f"{pin}: not in the plan" for pin in instance.get("pins", []) if {"on": [], **pin} not in planned]
    if abs(total - solution["objective"]) > 1e-6 * max(1.0, abs(total)):
        faults.append(f"the objective is {total}, not {solution['objective']}")
    if solution["bound"] is not None and solution["bound"] < total - 1e-6 * max(1.0, abs(total)):
        faults.append(f"the bound {solution['bound']} is below the objective {total}")
    return faults, total


def main() -> int:
    instance, solution = (load(Path(name)) for name in sys.argv[1:3])
    faults, total = check(instance, solution)
    print(f"{len(solution['assignments'])} visits, objective {total:,.1f}, {len(faults)} faults")
    for fault in faults[:20]:
        print(f"  {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
