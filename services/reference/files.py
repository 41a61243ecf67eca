"""Reading the data files that ship beside the code (随包数据)."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

DATA = Path(__file__).parent / "data"


def rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of ``data/<name>`` as column -> text."""
    return rows_of(DATA / name)


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file as column -> text. UTF-8 with a header line."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def digest(content: str) -> str:
    """First 12 hex digits of the SHA-256 of `content`, the same whatever the line ends of the checkout."""
    return hashlib.sha256(content.replace("\r\n", "\n").encode()).hexdigest()[:12]
