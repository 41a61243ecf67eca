"""One enrolment as the server executes it in a transaction of its own, written as a script for pgbench.

Two enrolments are watched. What differs between them is what each enrolment brings: ids and hashes become random
numbers, the place in the class is read from the locked row as the server does it, and all the rest (sealed fields,
facts, times) is as the server wrote it, for it costs the database the same.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from bench import load, sites
from bench.people import People
from bench.server import ENROL

CLIENTS = 64  # as many as our callers
INTEGER = re.compile(r"-?[0-9]+")
WORDS = re.compile(r"([0-9A-Za-z_]+)")
FRESH = re.compile(r"(x(?=[0-9a-f]{64}$)|)([0-9A-Za-z]{20,64})")  # an id or the hex of a hash; sealed fields are longer
# an even count of digits is hexadecimal too
RANDOM = "random(100000000000000000, 999999999999999999)"

Statement = tuple[list[str], list[str]]


@dataclass(frozen=True, slots=True)
class Ran:
    """What pgbench did."""

    transactions: int
    rate: float


def watch(environment: dict[str, str], class_name: str, people: People, folder: Path) -> Path:
    """Enrols a few people, a transaction each, and writes the script of one enrolment; its path."""
    seen = folder / "statements.jsonl"
    with sites.site("watched", environment, LIANCAI_LANES="0", BENCH_STATEMENTS=str(seen)) as server:
        load.call(server.address, ENROL, server.token, people.requests(class_name, 8), 1).check()
    one, other = (json.loads(line) for line in seen.read_text().splitlines()[-2:])
    path = folder / "enrolment.sql"
    path.write_text(script(one, other))
    return path


def script(one: Sequence[Statement], other: Sequence[Statement]) -> str:
    """The pgbench script of two enrolments that executed the same statements. ValueError if they did not."""
    if [statement for statement, _ in one] != [statement for statement, _ in other]:
        raise ValueError("two enrolments of new people in one class differ in their statements")
    fresh: dict[str, str] = {}
    lines = ["BEGIN;"]
    for (parts, values), (_, others) in zip(one, other, strict=True):
        texts = [_spliced(value, theirs, fresh) for value, theirs in zip(values, others, strict=True)]
        line = " ".join("".join(chain.from_iterable(zip_longest(parts, texts, fillvalue=""))).split())
        if "arrivals" in line and ("FOR UPDATE" in line or "RETURNING" in line):
            lines += [f"{line} \\gset held_", "\\set place :held_arrivals + 1"]
        else:
            lines.append(f"{line};")
    lines.append("COMMIT;")
    if "\\set place :held_arrivals + 1" not in lines or ":place" not in "".join(lines):
        raise ValueError("the place in the class is not where it was expected")
    return "\n".join([*(f"\\set {name} {RANDOM}" for name in fresh.values()), *lines, ""])


def _spliced(value: str, other: str, fresh: dict[str, str]) -> str:
    """The SQL of one parameter: its literal, with variables in place of what is another enrolment's own in `other`."""
    if INTEGER.fullmatch(value):
        return value if value == other else ":place"
    begin, end = value.find("'") + 1, value.rfind("'")
    ours, theirs = WORDS.split(value[begin:end]), WORDS.split(other[other.find("'") + 1 : other.rfind("'")])
    if len(ours) != len(theirs):
        return value
    opening = value[:begin]
    words: list[str] = []
    for at, (word, their) in enumerate(zip(ours, theirs, strict=True)):
        before = "".join(ours[max(0, at - 3) : at])
        if word != their and (own := FRESH.fullmatch(word)):
            name = fresh.setdefault(own[2], f"fresh{len(fresh)}")
            words.append(f"{own[1]}' || :{name}::text || {opening}")
        elif word != their and before.endswith('"place": '):
            words.append(f"' || :place::text || {opening}")
        elif before.endswith(":") and word[:1].isalpha():
            words.append(f"' || {opening}{word}")  # pgbench would take it for a variable
        else:
            words.append(word)
    text = "".join(words)
    return f"({opening}{text}'){value[end + 1 :]}" if words != ours else value


def run(cluster: sites.Cluster, database: str, path: Path, seconds: int) -> Ran:
    """Runs the script for some seconds. RuntimeError if any transaction fails."""
    done = subprocess.run(
        [
            str(cluster.binaries / "pgbench"),
            *("--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", "--jobs=1"),
            *(f"--time={seconds}", f"--file={path}", database),
        ],
        env={**sites.surroundings(), "PGOPTIONS": "-c search_path=training"},
        capture_output=True,
        text=True,
        check=False,
    )
    count = re.search(r"actually processed: (\d+)", done.stdout)
    failed = re.search(r"failed transactions: (\d+)", done.stdout)
    rate = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode or not (count and rate) or (failed and failed[1] != "0"):
        raise RuntimeError(f"pgbench: {done.stderr[-2000:]}")
    return Ran(int(count[1]), float(rate[1]))
