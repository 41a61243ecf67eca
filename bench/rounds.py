"""What one round measures: every load once, one after the other, and whether the books hold after each."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from liancai.training.v1 import rosters_pb2

from bench import load, sites, transaction
from bench.books import Auditor
from bench.figures import Sample, middle
from bench.people import People
from bench.server import ENROL, NO_OP

CALLERS = 64
LOAD = 0.4  # seconds that a load should take
TURNS = 4  # of no-op and enrol in a round
FEWEST, MOST = 300, 5_000  # requests of a load
NO_LANES = "no lanes"  # the same load where each request commits by itself
BURST, BURSTS = (
    12,
    10,
)  # requests of a lone caller in a row, and how often a round; the first two of a burst do not count
ROWS, CHUNK = 100_000, 1_000  # of a roster
PGBENCH_SECONDS = 2
COMMAND_TIMEOUT = 30


@dataclass(slots=True)
class Bench:
    """One database under test: two servers on it, one with writer lanes and one without, and everything measured."""

    site: sites.Site
    without_lanes: sites.Site
    cluster: sites.Cluster
    auditor: Auditor
    people: People
    requests: dict[str, int] = field(default_factory=dict)  # of a load, by path
    samples: defaultdict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    latencies: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    imports: list[tuple[float, float]] = field(default_factory=list)  # rows, and single enrolments, a second
    peak_memory: int = 0  # MiB
    checks: int = 0
    faults: list[str] = field(default_factory=list)

    def warm_up(self) -> None:
        """Lets every path run, and sizes the loads to the machine."""
        self.site.furnish()
        class_name = self.site.hot_class()
        for path in (NO_OP, ENROL, NO_OP, ENROL):
            rate = self._load(path, self.people.requests(class_name, FEWEST)).rate
            self.requests[path] = max(FEWEST, min(MOST, int(rate * LOAD)))
        requests = self.people.requests(class_name, FEWEST)
        load.call(self.without_lanes.address, ENROL, self.without_lanes.token, requests, 1).check()

    def hot_class(self) -> None:
        """Many callers, one class; the no-op and Enrol in turns, with requests that Enrol has not seen before."""
        class_name = self.site.hot_class()
        before = self.auditor.books()
        found: dict[str, list[Sample]] = {NO_OP: [], ENROL: []}
        for _ in range(TURNS):
            requests = self.people.requests(class_name, max(self.requests.values()))
            for path, samples in found.items():
                samples.append(self._load(path, requests[: self.requests[path]]))
        for path, samples in found.items():
            self.samples[path].append(middle(samples))
        self._note("hot class", self.auditor.faults(class_name, TURNS * self.requests[ENROL], before))
        before = self.auditor.books()
        self.samples[NO_LANES].append(self._load(ENROL, self.people.requests(class_name, FEWEST), self.without_lanes))
        self._note(NO_LANES, self.auditor.faults(class_name, FEWEST, before))

    def lone_caller(self) -> None:
        """One caller, in short bursts that go to the server with lanes and to the one without in turns."""
        class_name = self.site.hot_class()
        before = self.auditor.books()
        found: dict[str, list[float]] = {"lanes": [], NO_LANES: []}
        for _ in range(BURSTS):
            for site, latencies in zip((self.site, self.without_lanes), found.values(), strict=True):
                requests = self.people.requests(class_name, BURST)
                latencies += load.call(site.address, ENROL, site.token, requests, 1).check().latencies[2:]
        for name, latencies in found.items():
            self.latencies[name].append(median(latencies))
        self._note("lone caller", self.auditor.faults(class_name, 2 * BURSTS * BURST, before))

    def roster(self) -> None:
        """One roster of many rows."""
        class_name = self.site.hot_class()
        parts = self._parts(class_name)
        before = self.auditor.books()
        self.site.forget_peak()
        with self.site.office() as office:
            began = time.perf_counter()
            replies = list(office.rosters.ImportRoster(iter(parts), timeout=120))
            rate = ROWS / (time.perf_counter() - began)
        self.imports.append((rate, self.samples[ENROL][-1].rate))
        self.peak_memory = max(self.peak_memory, self.site.peak_memory())
        enrolled = replies[-1].summary.enrolled
        self._note("roster", [] if enrolled == ROWS else [f"{enrolled} of {ROWS} rows were enrolled"])
        self._note("roster", self.auditor.faults(class_name, ROWS, before, replies=False))

    def pgbench(self, class_name: str, script: Path) -> None:
        """The same statements by pgbench, one transaction an enrolment."""
        before, cpu = self.auditor.books(), self.cluster.cpu()
        ran = transaction.run(self.cluster, self.site.settings.environment["LIANCAI_DATABASE"], script, PGBENCH_SECONDS)
        used = (self.cluster.cpu() - cpu) / ran.transactions
        self.samples["pgbench"].append(Sample(ran.rate, 1e3 * transaction.CLIENTS / ran.rate, 0, used * 1e6, 0))
        self._note("pgbench", self.auditor.faults(class_name, ran.transactions, before))

    def _load(self, path: str, requests: list[bytes], site: sites.Site | None = None) -> Sample:
        site = site or self.site
        server, database = site.cpu(), self.cluster.cpu()
        outcome = load.call(site.address, path, site.token, requests, CALLERS).check()
        used = (site.cpu() - server, self.cluster.cpu() - database, outcome.cpu)
        share = (1e6 * each / len(requests) for each in used)
        return Sample(outcome.rate, 1e3 * median(outcome.latencies), *share)

    def _parts(self, class_name: str) -> list[rosters_pb2.ImportRosterRequest]:
        header = rosters_pb2.ImportRosterRequest.Header(
            class_name=class_name,
            mode=rosters_pb2.ImportRosterRequest.Header.VALID_ROWS,
            file_sha256=uuid.uuid4().hex * 2,
            request_id=uuid.uuid4().hex,
        )
        return [
            rosters_pb2.ImportRosterRequest(header=header),
            *self.people.roster(ROWS, CHUNK),
            rosters_pb2.ImportRosterRequest(end=rosters_pb2.ImportRosterRequest.End()),
        ]

    def _note(self, what: str, faults: list[str]) -> None:
        self.checks += 1
        self.faults += [f"{self.site.name}, {what}: {each}" for each in faults]


@dataclass(slots=True)
class Command:
    """The command-line client as a whole process."""

    site: sites.Site
    seconds: list[float] = field(default_factory=list)
    nothing: list[float] = field(default_factory=list)  # seconds that Python takes to do nothing
    faults: list[str] = field(default_factory=list)

    def order_list(self) -> None:
        """`liancai order list`, and `python -c pass`."""
        for arguments, found in ((("-c", "pass"), self.nothing), (("-m", "cli", "order", "list"), self.seconds)):
            began = time.perf_counter()
            done = subprocess.run(
                [sys.executable, *arguments],
                cwd=sites.ROOT,
                env={**sites.surroundings(), "LIANCAI_TARGET": self.site.target, "LIANCAI_TOKEN": self.site.token},
                capture_output=True,
                text=True,
                timeout=COMMAND_TIMEOUT,
                check=False,
            )
            found.append(time.perf_counter() - began)
            if done.returncode:
                self.faults.append(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()[-300:]}")


def rounds(budget: float, fewest: int, most: int) -> Iterator[int]:
    """Numbers rounds from 0: at least `fewest`, then as many up to `most` as `budget` seconds have room for."""
    began = time.monotonic()
    for number in range(most):
        used = time.monotonic() - began
        if number >= fewest and used + used / number > budget:
            return
        yield number
