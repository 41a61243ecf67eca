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
    rates, faults, total = instance["objective"], [], 0.0
    taken: set[tuple[str, int]] = set()
    seen: set[str] = set()
    days: dict[str, int] = {}
    for each in solution["assignments"]:
        request, person, start = wanted.get(each["request"]), people.get(each["commissioner"]), each["start"]
        if request is None or person is None:
            faults.append(f"{each}: no such request or commissioner")
            continue
        if request["id"] in seen:
            faults.append(f"{each}: served twice")
        seen.add(request["id"])
        if person["skills"].get(request["discipline"], 0) < request["level"]:
            faults.append(f"{each}: not qualified")
        if start < request["earliest"] or start + request["days"] - 1 > request["latest"]:
            faults.append(f"{each}: outside the window")
        for day in range(start, start + request["days"]):
            if not 0 <= day < instance["days"] or person["available"][day] != "1":
                faults.append(f"{each}: not available on day {day}")
            if (person["id"], day) in taken:
                faults.append(f"{each}: in two places on day {day}")
            taken.add((person["id"], day))
        days[person["id"]] = days.get(person["id"], 0) + request["days"]
        apart = math.hypot(person["home"][0] - request["place"][0], person["home"][1] - request["place"][1])
        total += rates["per_priority"] * request["priority"] - math.floor(rates["per_km"] * apart)
        total += rates["continuity"] * (request["previous"] == person["id"])
    for name, used in days.items():
        most = people[name]["capacity_days"]
        if used > most:
            faults.append(f"{name}: {used} days of {most}")
        total -= sum(weight * max(0, used - part * most) for part, weight in rates["load_steps"])
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
