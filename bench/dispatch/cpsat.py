"""OR-Tools CP-SAT on an instance, to compare with: a script for an interpreter of its own.

OR-Tools 9.15 wants protobuf < 6.34 and the services want >= 7.35, so that no environment holds both:

    python3 -m venv build/cpsat && build/cpsat/bin/pip install ortools
    python -m bench.dispatch INSTANCE.json.gz --cpsat build/cpsat/bin/python

A boolean for each visit that could be up to MOST of them, optional intervals beyond. Writes {"objective", "bound",
"assignments", "status", "seconds"}, the objective null when it found nothing; it may
count the load of an unproven plan too high, so that the caller counts anew.
"""

import gzip
import json
import math
import sys
import time
from collections.abc import Iterator
from typing import Any

from ortools.sat.python import cp_model

MOST = 400_000


def main() -> None:
    name, seconds, out = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    began = time.monotonic()
    opener = gzip.open if name.endswith(".gz") else open
    with opener(name, "rt", encoding="utf-8") as file:
        instance = json.load(file)
    model = cp_model.CpModel()
    visits: list[Any] = []
    rates, people = instance["objective"], instance["commissioners"]
    gains: list[Any] = []
    used: list[list[Any]] = [[] for _ in people]
    calendars: list[list[Any]] = [[] for _ in people]
    slots = sum(len(list(_starts(instance, request))) for request in instance["requests"])
    for request in instance["requests"]:
        chosen = []
        of: dict[int, list[int]] = {}
        for number, start in _starts(instance, request):
            of.setdefault(number, []).append(start)
        for number, starts in of.items():
            person = people[number]
            worth = rates["per_priority"] * request["priority"] + rates["continuity"] * (
                request["previous"] == person["id"]
            )
            worth -= math.floor(rates["per_km"] * math.dist(person["home"], request["place"]))
            if slots <= MOST:
                options = [(model.new_bool_var(""), start) for start in starts]
                for literal, start in options:
                    calendars[number].append(
                        model.new_optional_fixed_size_interval_var(start, request["days"], literal, "")
                    )
                    visits.append((literal, request, person, start))
            else:
                literal = model.new_bool_var("")
                start = model.new_int_var_from_domain(cp_model.Domain.from_values(starts), "")
                calendars[number].append(
                    model.new_optional_fixed_size_interval_var(start, request["days"], literal, "")
                )
                visits.append((literal, request, person, start))
                options = [(literal, start)]
            for literal, _ in options:
                chosen.append(literal)
                gains.append((worth, literal))
                used[number].append((request["days"], literal))
        model.add_at_most_one(chosen)
    costs, scale = [], 10
    for number, person in enumerate(people):
        if not used[number]:
            continue
        model.add_no_overlap(calendars[number])
        days = sum(length * literal for length, literal in used[number])
        model.add(days <= person["capacity_days"])
        for part, weight in rates["load_steps"]:
            above = model.new_int_var(0, scale * person["capacity_days"], "")
            model.add(above >= scale * days - round(scale * part * person["capacity_days"]))
            costs.append((weight, above))
    model.maximize(
        sum(scale * gain * literal for gain, literal in gains) - sum(weight * above for weight, above in costs)
    )
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.max_time_in_seconds = max(1.0, seconds - (time.monotonic() - began))
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    taken = [each for each in visits if solver.boolean_value(each[0])] if found else []
    told = {
        "objective": solver.objective_value / scale if found else None,
        "bound": solver.best_objective_bound / scale,
        "assignments": [
            {"request": request["id"], "commissioner": person["id"], "start": solver.value(start)}
            for _, request, person, start in taken
        ],
        "status": solver.status_name(status),
        "seconds": time.monotonic() - began,
    }
    with open(out, "w", encoding="utf-8") as file:
        json.dump(told, file)


def _starts(instance: dict[str, Any], request: dict[str, Any]) -> Iterator[tuple[int, int]]:
    for number, person in enumerate(instance["commissioners"]):
        if person["skills"].get(request["discipline"], 0) >= request["level"]:
            last = min(request["latest"], instance["days"] - 1) - request["days"] + 1
            for start in range(max(0, request["earliest"]), last + 1):
                if "0" not in person["available"][start : start + request["days"]]:
                    yield number, start


if __name__ == "__main__":
    main()
