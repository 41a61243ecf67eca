"""`python -m bench` measures, prints ratios, and ends with 1 if a gate fails or the books do not conserve."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from bench import sites, transaction
from bench.books import Auditor
from bench.figures import LOW, Ratio, Sample, Seconds, middle, table
from bench.people import People
from bench.rounds import NO_LANES, ROWS, Bench, Command, rounds
from bench.server import ENROL, NO_OP

BUDGET = 150.0  # seconds for the rounds
FEWEST, MOST = 5, 9  # rounds


def main() -> int:
    """Measures and tells."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="liancai-bench-")))
        cluster = stack.enter_context(sites.cluster(folder))
        database = cluster.create()
        postgresql = sites.on_postgresql(folder / "postgresql", database)
        embedded = sites.embedded(folder / "sqlite")
        benches = [
            stack.enter_context(_bench("SQLite", embedded, cluster)),
            stack.enter_context(_bench("PostgreSQL", postgresql, cluster)),
        ]
        command = Command(benches[0].site)
        on_postgresql = benches[-1]
        contended = on_postgresql.site.hot_class()
        script = transaction.watch(postgresql, contended, on_postgresql.people, folder)
        for each in benches:
            each.warm_up()
        count = 0
        for number in rounds(BUDGET, FEWEST, MOST):
            for each in benches:
                each.hot_class()
            on_postgresql.pgbench(contended, script)
            for each in benches:
                each.lone_caller()
            benches[number % len(benches)].roster()
            command.order_list()
            count = number + 1
            print(f"round {count}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        return report(benches, command, count)


@contextmanager
def _bench(name: str, environment: dict[str, str], cluster: sites.Cluster) -> Iterator[Bench]:
    with (
        sites.site(name, environment) as site,
        sites.site(f"{name}, no lanes", environment, LIANCAI_LANES="0") as other,
    ):
        auditor = Auditor(site.settings.database("training"))
        try:
            yield Bench(site, other, cluster, auditor, People())
        finally:
            auditor.close()


def figures(benches: Sequence[Bench], command: Command) -> list[Ratio | Seconds]:
    """Every figure, gated or not."""
    found: list[Ratio | Seconds] = []
    for each in benches:
        name = each.site.name
        enrol = _rates(each.samples[ENROL])
        found.append(Ratio(f"{name}: enrol / no-op, one hot class", enrol, _rates(each.samples[NO_OP]), 0.5))
        idle, busy = ([sample.server for sample in each.samples[path]] for path in (NO_OP, ENROL))
        found.append(Ratio(f"{name}: the same as the server's CPU tells it", idle, busy))
        if pgbench := each.samples.get("pgbench"):
            found.append(Ratio(f"{name}: enrol / pgbench, a transaction each", enrol, _rates(pgbench), 3.0))
        found.append(Ratio(f"{name}: enrol / the same without lanes", enrol, _rates(each.samples[NO_LANES])))
        lanes, alone = each.latencies["lanes"], each.latencies[NO_LANES]
        found.append(Ratio(f"{name}: a lone caller's wait, lanes / no lanes", lanes, alone, 1.25, LOW))
        rows, singles = zip(*each.imports, strict=True)
        found.append(Ratio(f"{name}: roster rows / single enrolments", rows, singles))
    found.append(Seconds("liancai order list", command.seconds, 0.6))
    found.append(Ratio("liancai order list / python -c pass", command.seconds, command.nothing))
    return found


def report(benches: Sequence[Bench], command: Command, count: int) -> int:
    """Prints the tables; the exit code."""
    told = figures(benches, command)
    print(f"\nratios of medians over {count} rounds, side by side in one run\n")
    print(table(["figure", "median", "rounds", "gate", ""], [each.row() for each in told]))
    print("\nwhat they rest on: this machine as busy as it was, no figure to quote\n")
    rows = []
    for each in benches:
        loads = {"no-op": NO_OP, "enrol": ENROL, NO_LANES: NO_LANES, "pgbench": "pgbench"}
        rows += [
            middle(each.samples[key]).row(f"{each.site.name}: {name}")
            for name, key in loads.items()
            if each.samples.get(key)
        ]
    print(table(["load", "a second", "p50 ms", "server us", "database us", "generator us"], rows))
    memory = ", ".join(
        f"{each.site.name} {each.peak_memory} MiB, {median(rate for rate, _ in each.imports):,.0f} rows a second"
        for each in benches
        if each.imports
    )
    print(f"\na roster of {ROWS:,} rows, server's peak memory: {memory}")
    faults = [fault for each in benches for fault in each.faults] + command.faults
    print(f"books checked {sum(each.checks for each in benches)} times: {'they conserve' if not faults else 'FAULTS'}")
    for fault in faults:
        print(f"  {fault}")
    return 0 if not faults and all(each.passed for each in told) else 1


def _rates(samples: Sequence[Sample]) -> list[float]:
    return [each.rate for each in samples]


if __name__ == "__main__":
    sys.exit(main())
