"""The people of a party (同行) from a small file or line by line: not from the command line, which shells keep."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from liancai.training.v1 import enrolments_pb2 as pb

from cli import show
from cli.grammar import Mistake
from cli.texts import t

MOST = 20  # people; one more is sent, for the server to say so
FIELDS = ("full_name", "resident_id", "phone", "category", "proof_kind", "proof_number")


def read(source: str) -> list[pb.Applicant]:
    """The people in a file (.xlsx or .csv), or from standard input when it is "-". Mistake for what is neither."""
    people = _typed() if source == "-" else _filed(Path(source))
    return list(islice(people, MOST + 1))


def _filed(path: Path) -> Iterator[pb.Applicant]:
    from cli.workbook import PARTY, open_table  # a spreadsheet's libraries cost time

    with open_table(path, PARTY) as table:
        if table.layout.unknown:
            show.note(t("party.unused", columns="、".join(table.layout.unknown)))
        for _, row in table.rows():
            yield pb.Applicant(**row)


def _typed() -> Iterator[pb.Applicant]:
    """A person a line, until an empty line or the end."""
    if sys.stdin.isatty():
        show.note(t("party.type"))
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            return
        [cells] = csv.reader([line.replace("，", ",").replace("\t", ",").strip()])
        if not 3 <= len(cells) <= len(FIELDS):
            raise Mistake(t("usage.person", line=number))
        yield pb.Applicant(**{field: cell.strip() for field, cell in zip(FIELDS, cells, strict=False)})
