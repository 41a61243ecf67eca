"""The page docs/green-channel.md: the numbered rules, the catalogue that ships, its findings and its parameters."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from services.reference.parameters import Pack
from services.talent import catalogue
from services.talent.rules.catalogue import Matter, Step
from services.talent.rules.limits import Basis, Unit
from services.talent.rules.lint import CODES
from services.talent.rules.numbered import RULES

ROOT = Path(__file__).parent.parent
CASES = ROOT / "tests/talent/rules/cases.csv"
PARAMETERS = ROOT / "services/talent/parameters/talent.yaml"
UNITS = {Unit.WORKING_DAYS: "working days", Unit.DAYS: "days", Unit.MONTHS: "months"}


def page(said: Mapping[str, Mapping[str, str]]) -> str:
    """The whole page; `said` are the sentences of the server."""
    with CASES.open(encoding="utf-8", newline="") as file:
        cases = Counter(row["rule"] for row in csv.DictReader(file))
    own = sum(rule.own for rule in RULES)
    lines = [
        "# The green channel by number",
        "",
        "Worked out from the rules themselves; [talent-clock.md](talent-clock.md) tells how the clock works.",
        "",
        "## Rules",
        "",
        f"{len(RULES)} rules; {own} of them no text states: they are our reading or our design, marked *own*, for the",
        "bureaus to confirm. 行政许可法 binds licences; for most matters here, public services, it is a guide (参照).",
        f"The last column counts the labelled cases of `{CASES.relative_to(ROOT).as_posix()}`, {cases.total()} in all.",
        "",
        *table("number", "中文", "English", "source", "own", "cases"),
    ]
    for rule in RULES:
        mark = "own" if rule.own else ""
        lines.append(row(rule.number, rule.title.zh, rule.title.en, rule.source, mark, str(cases[rule.number] or "")))
    lines += [
        "",
        "## Matters that ship",
        "",
        "A limit that nobody has found is *unknown*: the bureaus have still to say.",
        "",
    ]
    for matter in catalogue.shipped().matters:
        lines += [f"### {matter.title.zh} `{matter.key}`", "", about(matter), ""]
        lines += table("step", "中文", "English", "side", "bureau", "after", "limit", "basis", "source")
        lines += [step_row(step) for step in matter.steps]
        lines.append("")
    lines += [
        "## Findings of a catalogue",
        "",
        "An error keeps a catalogue from being published; a warning says what is still unknown.",
        "",
        *table("code", "level", "中文", "English"),
    ]
    lines += [row(f"`{code}`", level.lower(), said[code]["zh"], said[code]["en"]) for code, level in CODES.items()]
    pack = Pack.load(PARAMETERS)
    lines += ["", "## Parameters", "", f"`{pack.name}@{pack.version}`", ""]
    lines += table("parameter", "value", "unit", "division", "source", "confidence")
    for number in pack.parameters:
        value = ", ".join(map(str, number.value)) if isinstance(number.value, tuple) else str(number.value)
        lines.append(row(f"`{number.key}`", value, number.unit, number.division, number.source, number.confidence))
    return "\n".join(lines) + "\n"


def table(*heads: str) -> list[str]:
    """The two lines that a table begins with."""
    return [row(*heads), row(*["---"] * len(heads))]


def row(*cells: str) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


def about(matter: Matter) -> str:
    """What is said of a matter as a whole."""
    said = [f"{matter.title.en}; applied for by {matter.applicant.lower().replace('_', ' ')}."]
    if matter.optional:
        said.append("Voluntary.")
    if matter.after:
        said.append(f"After {names(matter.after)}.")
    if matter.pool:
        said.append(f"Pooled by {matter.pool.lower()}.")
    for scope, branch in matter.scopes.items():
        what = f"without {names(branch.skips)}" if branch.skips else "all steps" if branch.required else "not required"
        said.append(f"{scope.replace('_', ' ').capitalize()}: {what}.")
    if matter.total and matter.total.n:
        said.append(f"End to end: {amount(matter.total.n, matter.total.unit)} ({matter.total.source}).")
    said += [f"Window: {w.usual.en if w.usual else 'unknown'}, dates {w.confidence}." for w in matter.windows]
    return " ".join(said)


def step_row(step: Step) -> str:
    """One step as a line of the table."""
    limit = "unknown" if step.limit.n is None else amount(step.limit.n, step.limit.unit)
    for when, n in step.limit.variants.items():
        limit += f", {when} {n}"
    if step.limit.extension:
        limit += f", +{step.limit.extension.n} once"
    if step.starts_on:
        limit += f" from: {step.starts_on.en[0].lower()}{step.starts_on.en[1:]}"
    basis = "" if step.limit.basis is Basis.UNKNOWN else step.limit.basis.lower()
    side, bureau = step.side.lower(), f"`{step.bureau}`" if step.bureau else ""
    after = names(step.after)
    return row(f"`{step.key}`", step.title.zh, step.title.en, side, bureau, after, limit, basis, step.limit.source)


def amount(n: int, unit: Unit) -> str:
    """A number of units in words."""
    return f"{n} {UNITS[unit]}" if n > 1 else f"1 {UNITS[unit].removesuffix('s')}"


def names(keys: Iterable[str]) -> str:
    """Keys as code."""
    return ", ".join(f"`{key}`" for key in keys)
