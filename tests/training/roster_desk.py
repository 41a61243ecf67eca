"""Imports rosters as a client does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liancai.training.v1 import enrolments_pb2
from liancai.training.v1 import rosters_pb2 as pb

from tests.office import Office, request_id

Header = pb.ImportRosterRequest.Header
Result = pb.RowVerdict


@dataclass
class Imported:
    """What an import answered."""

    verdicts: list[pb.RowVerdict]
    summary: pb.RosterSummary
    progress: list[pb.ImportRosterResponse.Progress]

    @property
    def results(self) -> list[int]:
        return [verdict.result for verdict in self.verdicts]

    def codes(self, row_number: int) -> list[str]:
        (verdict,) = (each for each in self.verdicts if each.row_number == row_number)
        return [finding.code for finding in verdict.findings]

    @property
    def said(self) -> set[str]:
        """Every code of the answer, of rows and of the file."""
        found = [*self.summary.findings, *(each for verdict in self.verdicts for each in verdict.findings)]
        return {finding.code for finding in found}


def rows_of(people: Sequence[enrolments_pb2.Applicant], first: int = 4) -> list[pb.RosterRow]:
    """A clean roster."""
    return [
        pb.RosterRow(row_number=number, full_name=each.full_name, resident_id=each.resident_id, phone=each.phone)
        for number, each in enumerate(people, start=first)
    ]


def bring(
    office: Office,
    class_name: str,
    rows: Sequence[pb.RosterRow],
    mode: int = Header.VALID_ROWS,
    chunk: int = 7,
    accept: Mapping[str, str] | None = None,
    **fields: Any,
) -> Imported:
    """Imports rows as a client does; `fields` are others of the header."""
    digest = hashlib.sha256(b"".join(row.SerializeToString() for row in rows)).hexdigest()
    header = Header(class_name=class_name, mode=mode, file_sha256=digest, request_id=request_id(), **fields)
    for code, reason in (accept or {}).items():
        header.accepted.add(code=code, reason=reason)

    def parts() -> Iterator[pb.ImportRosterRequest]:
        yield pb.ImportRosterRequest(header=header)
        for start in range(0, len(rows), chunk):
            yield pb.ImportRosterRequest(chunk=pb.ImportRosterRequest.Chunk(rows=rows[start : start + chunk]))
        yield pb.ImportRosterRequest(end=pb.ImportRosterRequest.End())

    verdicts: list[pb.RowVerdict] = []
    progress: list[pb.ImportRosterResponse.Progress] = []
    summary = None
    for answer in office.rosters.ImportRoster(parts()):
        kind = answer.WhichOneof("part")
        if kind == "verdicts":
            verdicts += answer.verdicts.rows
        elif kind == "progress":
            progress.append(answer.progress)
        else:
            summary = answer.summary
    assert summary is not None
    return Imported(verdicts, summary, progress)
