"""Figures, gates and the tables they are printed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from statistics import median

HIGH, LOW = "at least", "at most"


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median of `above` by the median of `below`, of the same rounds; without a gate it only informs."""

    name: str
    above: Sequence[float]
    below: Sequence[float]
    gate: float | None = None
    sense: str = HIGH

    @property
    def value(self) -> float:
        """The ratio of the medians."""
        return median(self.above) / median(self.below)

    @property
    def passed(self) -> bool:
        """Whether the gate holds."""
        return self.gate is None or (self.value >= self.gate if self.sense == HIGH else self.value <= self.gate)

    def row(self) -> list[str]:
        """Its line in the table, with the lowest and the highest ratio of one round."""
        rounds = [above / below for above, below in zip(self.above, self.below, strict=True)]
        return [
            self.name,
            f"{self.value:.2f}",
            f"{min(rounds):.2f} .. {max(rounds):.2f}",
            "" if self.gate is None else f"{self.sense} {self.gate:.2f}",
            "" if self.gate is None else "pass" if self.passed else "FAIL",
        ]


@dataclass(frozen=True, slots=True)
class Seconds:
    """A median that a requirement states in seconds."""

    name: str
    seconds: Sequence[float]
    gate: float

    @property
    def passed(self) -> bool:
        """Whether it is below the gate."""
        return median(self.seconds) < self.gate

    def row(self) -> list[str]:
        """Its line in the table."""
        unit, scale = ("s", 1) if self.gate >= 0.1 else ("ms", 1000)
        low, middle, high, gate = (
            f"{scale * each:.2f}" for each in (min(self.seconds), median(self.seconds), max(self.seconds), self.gate)
        )
        return [self.name, f"{middle} {unit}", f"{low} .. {high} {unit}", f"below {gate} {unit}", _verdict(self)]


@dataclass(frozen=True, slots=True)
class Sample:
    """One load: replies a second, milliseconds to the median reply, and microseconds of CPU a reply, by process."""

    rate: float
    latency: float
    server: float
    database: float
    client: float

    def row(self, name: str) -> list[str]:
        """Its line in the table."""
        return [name, f"{self.rate:.0f}", f"{self.latency:.1f}", *(f"{each:.0f}" for each in astuple(self)[2:])]


def _verdict(figure: Seconds) -> str:
    return "pass" if figure.passed else "FAIL"


def middle(samples: Sequence[Sample]) -> Sample:
    """The median of each."""
    return Sample(*(median(column) for column in zip(*map(astuple, samples), strict=True)))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns in line: the first to the left, the others to the right."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in [head, *rows]
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
