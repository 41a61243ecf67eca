"""Plans one instance with the product's own planner, greedy beside it, and CP-SAT if an interpreter has it."""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from bench.dispatch.absences import again
from bench.dispatch.check import check, load
from bench.dispatch.shapes import SHAPES, draw
from bench.figures import table
from services.placement.planning.draft import ByRequest
from services.placement.planning.greedy import plain
from services.placement.planning.layout import lay_out
from services.placement.planning.search import Limits, Progress, solve
from services.placement.rules.checker import violations
from services.placement.rules.dispatch import Dispatch
from services.placement.rules.instance import read, written

GAPS = (2.0, 1.5, 1.0, 0.75, 0.5)
AGAIN = Limits(rounds=40, steps=160)  # of what is planned again


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.dispatch", description=__doc__)
    parser.add_argument("instance", type=Path, nargs="?")
    parser.add_argument("--shape", choices=SHAPES, help="an instance that is drawn, in place of a file")
    parser.add_argument("--draw", type=int, default=0, help="the seed it is drawn with")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=Path("build/solution.json"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, help="no clock: this many rounds and --steps, the same plan each time")
    parser.add_argument("--steps", type=int, default=640)
    parser.add_argument("--absences", type=int, default=0, help="then plan again with so many people ill")
    parser.add_argument("--cpsat", help="a Python that has OR-Tools, to run CP-SAT as well")
    asked = parser.parse_args()
    if asked.rounds is None:
        limits = Limits(seconds=asked.seconds, seed=asked.seed)
    else:
        limits = Limits(rounds=asked.rounds, steps=asked.steps, seed=asked.seed)
    if (asked.instance is None) == (asked.shape is None):
        parser.error("either an instance or a --shape")
    with tempfile.TemporaryDirectory() as folder:
        if asked.shape:
            asked.instance = Path(folder) / f"{asked.shape}.json"
            asked.instance.write_text(json.dumps(draw(SHAPES[asked.shape], asked.draw)), encoding="utf-8")
        try:
            return _measure(load(asked.instance), limits, asked)
        # what is no gzip file to its end, or nested beyond reading, is as little an instance as what is no JSON
        except (OSError, EOFError, zlib.error, RecursionError, ValueError) as refused:
            print(f"{asked.instance}: {refused}", file=sys.stderr)
            return 2


def _measure(instance: object, limits: Limits, asked: argparse.Namespace) -> int:
    began = time.monotonic()
    dispatch = read(instance)
    layout = lay_out(dispatch)
    built = time.monotonic() - began
    greedy = plain(layout.problem, ByRequest(layout.problem))
    greedily = time.monotonic() - began - built
    # building counts: what a user waits for is the whole
    budget = limits if limits.seconds is None else Limits(seconds=limits.seconds - built, seed=limits.seed)
    reached: dict[float, tuple[float, float]] = {}

    def told(progress: Progress) -> None:
        for gap in GAPS:
            if 100 * progress.gap <= gap and gap not in reached:
                reached[gap] = (progress.seconds + built, _cpu())

    solution = solve(layout, budget, told=told)
    last = solution.last
    told_of = {
        "assignments": [written(each) for each in solution.assignments],
        "objective": last.objective,
        "bound": last.bound if math.isfinite(last.bound) else None,
    }
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(told_of), encoding="utf-8")
    assert isinstance(instance, dict)
    faults, _ = check(instance, told_of)
    faults += [f"{each.code} {each.request} {each.commissioner}" for each in violations(dispatch, solution.assignments)]
    rows = [
        ("greedy", greedy.value + layout.fixed, greedy.served, greedily),
        ("planner", last.objective, last.served, last.seconds + built),
    ]
    if asked.cpsat and not _plain(dispatch):
        print("CP-SAT is not run: its model knows of no split visits, teams, ways, days owed, pins or bans\n")
    elif asked.cpsat:
        rows.append(_cpsat(asked, instance, faults))
    sides = [
        [name, f"{value:,.0f}", _below(last.bound, value), f"{served:,}", f"{seconds:.1f}"]
        for name, value, served, seconds in rows
    ]
    print(table(["", "objective", "below the bound", "served", "seconds"], sides))
    print(f"\nbound {last.bound:,.1f}; built in {built:.1f} s; {_cpu():.1f} CPU seconds, {_memory():,} MiB at most\n")
    nothing = ("-", "-")
    marks = [
        [f"{gap} %", *(f"{each:.1f}" for each in reached[gap])] if gap in reached else [f"{gap} %", *nothing]
        for gap in GAPS
    ]
    print(table(["gap", "after seconds", "CPU seconds of the search"], marks))
    if asked.absences:
        print(f"\n{again(dispatch, solution.assignments, asked.absences, asked.seed, AGAIN)}")
    for fault in faults[:20]:
        print(f"FAULT {fault}")
    return 1 if faults else 0


def _plain(dispatch: Dispatch) -> bool:
    """Whether the model of CP-SAT knows all that there is in it."""
    every = frozenset(range(dispatch.days))
    people, wanted = dispatch.commissioners.values(), dispatch.requests.values()
    return (
        dispatch.travel_day_km is None
        and not (dispatch.pins or dispatch.bans or dispatch.worth.per_owed_day)
        and not any(each.members or each.year_days < each.quarter_days or each.in_force < every for each in people)
        and not any(each.split or each.team or each.refused for each in wanted)
    )


def _cpsat(asked: argparse.Namespace, instance: dict[str, object], faults: list[str]) -> tuple[str, float, int, float]:
    script = Path(__file__).with_name("cpsat.py")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        command = [asked.cpsat, str(script), str(asked.instance), str(asked.seconds), str(out)]
        subprocess.run(command, check=True)
        told = load(out)
    name = f"CP-SAT ({told['status'].lower()})"
    if told["objective"] is None:
        return name, 0.0, 0, told["seconds"]
    _, told["objective"] = check(instance, told)
    faults += [f"CP-SAT: {each}" for each in check(instance, told)[0]]
    return name, told["objective"], len(told["assignments"]), told["seconds"]


def _below(bound: float, value: float) -> str:
    return f"{100 * (bound - value) / bound:.3f} %" if math.isfinite(bound) and bound > 0 else "no bound yet"


def _cpu() -> float:
    """Of this process; what the bound's process took is known once it has ended."""
    return sum(
        each.ru_utime + each.ru_stime
        for each in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def _memory() -> int:
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (own + children) // 1024
