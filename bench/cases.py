"""`python -m bench.cases [--cases N] [--data FOLDER]`: a caseworker's day with a million cases, over the wire.

It makes the cases on SQLite and on PostgreSQL, checks that what it made is what the service would have written, and
measures as an ordinary caseworker of one county: one caller's wait for a case, for the first page of today, for
searches, counts and pages of a list near and deep; and steps brought along by 64 callers. Beside each figure stands a
no-op of the same run, and the server's CPU a reply, which a busy machine changes less than a wait. It ends with 1 if a
gate fails or a copy is not as the service would have it.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import cast

import grpc
from google.protobuf.message import Message
from liancai.talent.v1 import cases_pb2, steps_pb2

from bench import casereads, load, sites
from bench.casereads import SOME, STRANGER, Reads
from bench.caseserver import NO_OP
from bench.casework import PAIRS, Maker, plain
from bench.figures import LOW, Ratio, Seconds, table
from services import host
from services.platform.boundary import Call, Method
from services.platform.database import Database
from services.platform.identity import Caller, issue
from services.platform.pages import Pages
from services.platform.policy import Policy
from services.platform.texts import Texts
from services.reference.clock import day_of
from services.talent.service import PART
from tests.talent.desk import Desk

COUNT = 1_000_000
NAMES = ("SQLite", "PostgreSQL")
GET_WITHIN, TODAY_WITHIN = 0.003, 0.010  # seconds, p50
CALLERS = 64
ROUNDS = 7
FEWER_CALLERS = 16
ELSEWHERE = "371502"  # a county without a part in any case
ADVANCES = 1_500  # steps in a round
DEEP = (0.5, 0.9)  # of a list: in its middle, near its end
LIST = "/liancai.talent.v1.Cases/ListCases"
START, COMPLETE = "/liancai.talent.v1.Steps/StartStep", "/liancai.talent.v1.Steps/CompleteStep"


@dataclass(slots=True)
class Measured:
    """What was measured of one kind of request: seconds of each reply, and the processes' CPU a reply, by round."""

    waits: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)

    def row(self, name: str, idle: float) -> list[str]:
        """Its line in the table; `idle` is the wait for a no-op."""
        p95 = quantiles(self.waits, n=20)[-1]
        cpu = (1e6 * median(each) for each in (self.server, self.database))
        rate = f"{median(self.rates):.0f}"
        wait = median(self.waits)
        told = (f"{1e3 * wait:.2f}", f"{1e3 * p95:.2f}", f"{wait / idle:.2f}", *(f"{each:.0f}" for each in cpu))
        return [name, rate, *told]


@dataclass(slots=True)
class Bench:
    """A database with many cases, and its server."""

    name: str
    site: sites.Site
    cluster: sites.Cluster | None
    token: str
    stranger: str  # the token of a caseworker of another county
    tokens: dict[float, str] = field(default_factory=dict)  # of pages, by how deep they are
    reads: list[Reads] = field(default_factory=list)
    found: dict[str, Measured] = field(default_factory=dict)

    def ask(self, what: str, path: str, requests: Sequence[bytes], callers: int = 1, *, stranger: bool = False) -> None:
        """One load."""
        begun = self.site.cpu(), self.cluster.cpu() if self.cluster else 0.0
        token = self.stranger if stranger else self.token
        outcome = load.call(self.site.address, path, token, requests, callers).check()
        known = self.found.setdefault(what, Measured())
        known.waits += outcome.latencies
        known.rates.append(outcome.rate)
        known.server.append((self.site.cpu() - begun[0]) / len(requests))
        known.database.append(((self.cluster.cpu() - begun[1]) if self.cluster else 0.0) / len(requests))


def main() -> int:
    """Makes, measures, tells."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    asked = _asked()
    faults: list[str] = []
    with ExitStack() as stack:
        folder = asked.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="liancai-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        benches = []
        for name in asked.only or NAMES:
            cluster = None
            if name == "SQLite":
                environment = sites.embedded(folder / "sqlite", PART)
            else:
                cluster = stack.enter_context(sites.cluster(folder, keep=asked.data is not None))
                environment = sites.on_postgresql(folder / "postgresql", cluster.create("cases"), PART)
            # every copy is due to be reminded of: that would go on for as long as anything is measured
            server = sites.site(name, environment, module="bench.caseserver", LIANCAI_UPKEEP="0")
            site = stack.enter_context(server)
            bench = Bench(name, site, cluster, _token(site, CASEWORKER), _token(site, _caller(ELSEWHERE, "stranger")))
            with _database(site) as database:
                benches.append((bench, _fill(bench, database, asked.cases, faults)))
        for number in range(asked.rounds):
            for bench, names in benches:
                _round(bench, names, number, asked.rounds)
            print(f"round {number + 1} of {asked.rounds}", file=sys.stderr, flush=True)
        return _report([bench for bench, _ in benches], asked, faults) if asked.rounds else len(faults)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.cases", description="A caseworker's day with many cases.")
    parser.add_argument("--cases", type=int, default=COUNT, help=f"how many ({COUNT:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of every kind of request ({ROUNDS}); 0 only makes")
    parser.add_argument("--only", action="append", choices=NAMES, help="one database; both unless given")
    parser.add_argument("--data", type=Path, help="where what is made is kept, and found again by the next run")
    return parser.parse_args()


def _fill(bench: Bench, database: Database, count: int, faults: list[str]) -> dict[str, list[str]]:
    """Makes the cases that are lacking and checks them; the names of those that are open and of those that can be
    begun.
    """
    with database.reading() as session:
        there: int = session.connection().exec_driver_sql("SELECT count(*) FROM cases").scalar_one()
    tokens = [_token(bench.site, _caller(pair[1], "maker")) for pair in PAIRS]
    with grpc.insecure_channel(bench.site.target) as channel:
        if there < count:
            began = time.monotonic()
            maker = Maker(database, day_of(database.clock()))
            maker.bring_along(channel, tokens)
            brought = time.monotonic()
            samples = maker.fill(count - there)
            print(
                f"{bench.name}: {len(maker.patterns)} patterns in {brought - began:.0f} s, {count - there:,} cases in "
                f"{time.monotonic() - brought:.0f} s",
                file=sys.stderr, flush=True,
            )  # fmt: skip
            desks = {pair: Desk(channel, token) for pair, token in zip(PAIRS, tokens, strict=True)}
            faults += [f"{bench.name}: {fault}" for fault in _differences(maker, desks, samples)]
        names = _names(database)
        bench.reads = casereads.of(database, names["every"], day_of(database.clock()))
        bench.tokens = _tokens(database, names["every"])
    return names


def _differences(maker: Maker, desks: dict[tuple[str, str], Desk], samples: Sequence[str]) -> Iterator[str]:
    """Where a copy is not what the service writes: its rows against those of the pattern, and as its reader sees it."""
    patterns = {(each.pair, each.day, str(each.plain())): each for each in maker.patterns}
    for name in samples:
        rows = maker.rows_of(name)
        case = rows["cases"][0]
        pattern = patterns.get(((case["origin"], case["destination"]), case["day"], str(plain(rows))))
        if pattern is None:
            yield f"{name} is like no case that was made over the wire"
            continue
        seen, like = (_seen(desks[pattern.pair].case(each)) for each in (name, pattern.name))
        if seen != like:
            yield f"{name} is not read as {pattern.name} is"


def _seen(case: cases_pb2.Case) -> bytes:
    """A case as its reader sees it, without what is its own."""
    text = case.SerializeToString(deterministic=True).replace(case.name.encode(), b"cases/" + b"0" * 28)
    plain = cases_pb2.Case.FromString(text)
    for own in ("masked_name", "masked_resident_id", "masked_phone", "owner", "findings"):
        plain.ClearField(own)
    for stamped in ("open_time", "close_time", "create_time", "update_time"):
        plain.ClearField(stamped)
    for matter in plain.matters:
        for step in matter.steps:
            step.assignee = ""
            for stamped in ("start_time", "finish_time"):
                step.ClearField(stamped)  # type: ignore[arg-type]
        for stamped in ("start_time", "finish_time"):
            matter.ClearField(stamped)  # type: ignore[arg-type]
    return plain.SerializeToString(deterministic=True)


def _names(database: Database) -> dict[str, list[str]]:
    """Cases of the caseworker's county: some at random, and those whose first step can be begun."""
    with database.reading() as session:
        rows = session.connection().exec_driver_sql(
            f"SELECT id FROM cases WHERE division = '{PAIRS[0][1]}' ORDER BY id"
        )
        every = [row[0] for row in rows]
        ready = [
            row[0]
            for row in session.connection().exec_driver_sql(
                "SELECT case_id FROM steps WHERE key = 'check' AND state = 'READY' "
                f"AND division = '{PAIRS[0][1]}' ORDER BY id"
            )
        ]
    random.Random(1).shuffle(ready)
    return {"every": every, "ready": ready}


def _round(bench: Bench, names: dict[str, list[str]], number: int, rounds: int) -> None:
    """Every kind of request once, and a no-op before each."""
    draw = random.Random(number)
    idle = _serialised(_starts(names["ready"][:SOME]))
    for reads in bench.reads:
        bench.ask("no-op", NO_OP, idle)
        bench.ask(reads.name, reads.path, reads.requests(draw), stranger=reads.who == STRANGER)
    for depth, token in bench.tokens.items():
        page = cases_pb2.ListCasesRequest(page_token=token).SerializeToString()
        bench.ask(f"list of cases, {depth:.0%} deep", LIST, [page] * SOME)
    steps = _starts(_next(names["ready"], min(ADVANCES, len(names["ready"]) // (rounds - number))))
    bench.ask("no-op, 64 callers", NO_OP, _serialised(steps), CALLERS)
    bench.ask("start a step, 64 callers", START, _serialised(steps), CALLERS)
    done = [
        steps_pb2.CompleteStepRequest(
            name=step.name, outcome="needed", result={"evidence": "J-1"}, request_id=uuid.uuid4().hex
        )
        for step in steps
    ]
    bench.ask("complete a step, 64 callers", COMPLETE, _serialised(done), CALLERS)
    gets = bench.reads[0]
    bench.ask(
        "get a case, 16 callers", gets.path, [each for _ in range(10) for each in gets.requests(draw)], FEWER_CALLERS
    )


def _starts(cases: Sequence[str]) -> list[steps_pb2.StartStepRequest]:
    """Requests to begin the first step of cases."""
    return [
        steps_pb2.StartStepRequest(name=f"cases/{name}/matters/pension/steps/check", request_id=uuid.uuid4().hex)
        for name in cases
    ]


def _serialised(requests: Sequence[Message]) -> list[bytes]:
    return [request.SerializeToString() for request in requests]


def _next(ready: list[str], count: int) -> list[str]:
    """Takes some away: a step begins once."""
    taken = ready[-count:]
    del ready[-count:]
    return taken


def _tokens(database: Database, every: Sequence[str]) -> dict[float, str]:
    """Tokens of pages near and deep in the list of a county's cases, as the server would have given them."""
    method = Method(LIST, PART.name, "", cases_pb2.ListCasesResponse)
    call = Call(method, CASEWORKER, "zh", Policy(""), Texts({}), cast(grpc.ServicerContext, None))
    pages, asked = Pages(database.vault), cases_pb2.ListCasesRequest()
    return {0.0: "", **{depth: pages.token(call, asked, [every[-int(depth * len(every))]]) for depth in DEEP}}


@contextmanager
def _database(site: sites.Site) -> Iterator[Database]:
    """The server's database, opened beside it."""
    vault = host.open_vault(site.settings)
    database = Database(site.settings.database(PART.name), PART.name, PART.books, vault, lanes=0)
    try:
        yield database
    finally:
        database.close()


def _caller(division: str, subject: str) -> Caller:
    return Caller(subject, f"{division}-tf", division, frozenset({"caseworker"}))


CASEWORKER = _caller(PAIRS[0][1], "caseworker-7")


def _token(site: sites.Site, caller: Caller) -> str:
    return issue(host.local_key(site.settings), caller, valid_for=timedelta(hours=4))


def _report(benches: Sequence[Bench], asked: argparse.Namespace, faults: Sequence[str]) -> int:
    """Prints the tables; the exit code."""
    gates: list[Ratio | Seconds] = []
    rows = []
    for bench in benches:
        found, name = bench.found, bench.name
        gates.append(Seconds(f"{name}: get a case", found["get a case"].waits, GET_WITHIN))
        gates.append(Seconds(f"{name}: today, first page", found["today, first page"].waits, TODAY_WITHIN))
        first, *deeper = (found[each] for each in found if each.startswith("list"))
        for each, depth in zip(deeper, DEEP, strict=True):
            gates.append(Ratio(f"{name}: list of cases, {depth:.0%} deep / first", each.waits, first.waits, 2.0, LOW))
        idle = found["no-op, 64 callers"]
        for verb in ("start", "complete"):
            act = found[f"{verb} a step, 64 callers"]
            gates.append(Ratio(f"{name}: {verb} a step / no-op", act.rates, idle.rates))
            gates.append(Ratio(f"{name}: the same as the server's CPU tells it", idle.server, act.server))
        rows += [each.row(f"{name}: {what}", median(found["no-op"].waits)) for what, each in found.items()]
    busy = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"\n{asked.cases:,} cases; medians over {asked.rounds} rounds\n")
    print(table(["figure", "median", "rounds", "gate", ""], [each.row() for each in gates]))
    print(f"\nwhat they rest on: this machine as busy as it was (load average {busy})\n")
    head = ["request", "a second", "p50 ms", "p95 ms", "p50 / no-op", "server us", "database us"]
    print(table(head, rows))
    for fault in faults[:20]:
        print(f"  {fault}")
    print(f"\nfaults in what was made: {len(faults)}")
    return 0 if not faults and all(each.passed for each in gates) else 1


if __name__ == "__main__":
    sys.exit(main())
