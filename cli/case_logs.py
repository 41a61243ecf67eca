"""`liancai case import-log`: an event log of another system, replayed line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from liancai.talent.v1 import clock_pb2
from liancai.talent.v1 import logs_pb2 as pb
from liancai.talent.v1.logs_pb2_grpc import CaseLogsStub

from cli import show, wire
from cli.case_stats import app
from cli.grammar import Format, Mistake, Output, RequestId, argument, one_of, option
from cli.texts import t

CHUNK = 1_000
COLUMNS = ("row_number", "result", "code", "message", "case_name", "notes")
FIELDS = {"case": "case_key", "activity": "activity", "time": "time", "resource": "resource", "deadline": "deadline"}
NEEDED = ("case", "activity", "time")


@app.verb("import-log")
def import_log(
    ctx: typer.Context,
    file: Annotated[Path, argument("log_file", metavar="FILE.csv")],
    mapping: Annotated[Path, option("log_mapping", "--mapping", metavar="MAP.yaml")],
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Imports a log; on a terminal shows the lines that were not simply replayed."""
    known = _known(mapping)
    header = pb.ImportCaseLogRequest.Header(log=str(known.get("log", "")), request_id=request_id, mapping=_map(known))
    lines = list(_lines(file, _mapping(known, "columns")))
    verdicts: list[pb.LineVerdict] = []
    summary = pb.LogSummary()
    link = wire.of(ctx)
    for answer in link.stream(link.stub(CaseLogsStub).ImportCaseLog, _parts(header, lines), request_id):
        verdicts += answer.verdicts.lines
        if answer.HasField("summary"):
            summary = answer.summary
    if output is Format.table:
        plain = (pb.LineVerdict.APPLIED, pb.LineVerdict.UNCHANGED)
        show.rows((each for each in verdicts if each.result not in plain or each.notes), COLUMNS, output)
        show.one(summary, output)
    else:
        show.rows(verdicts, COLUMNS, output)
    show.note(
        t(
            "case.log_done", rows=summary.rows, applied=summary.applied, unchanged=summary.unchanged,
            refused=summary.refused,
        )
    )  # fmt: skip


def _parts(header: pb.ImportCaseLogRequest.Header, lines: list[pb.LogLine]) -> Iterator[pb.ImportCaseLogRequest]:
    yield pb.ImportCaseLogRequest(header=header)
    for start in range(0, len(lines), CHUNK):
        yield pb.ImportCaseLogRequest(chunk=pb.ImportCaseLogRequest.Chunk(lines=lines[start : start + CHUNK]))
    yield pb.ImportCaseLogRequest(end=pb.ImportCaseLogRequest.End())


def _known(path: Path) -> Mapping[str, Any]:
    """The mapping as it is written: texts, lists and tables of them."""
    import yaml

    try:
        given = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  it makes texts only
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        mark = getattr(fault, "problem_mark", None)
        raise Mistake(t("usage.log_mapping", path=path.name, line=mark.line + 1 if mark else "-")) from None
    if not isinstance(given, Mapping):
        raise Mistake(t("usage.log_mapping", path=path.name, line=1))
    return given


def _mapping(known: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = known.get(name) or {}
    if not isinstance(found, Mapping):
        raise Mistake(t("usage.log_table", name=name))
    return found


def _list(known: Mapping[str, Any], name: str) -> list[str]:
    found = known.get(name) or []
    return [found] if isinstance(found, str) else list(found)


def _map(known: Mapping[str, Any]) -> pb.LogMapping:
    """The mapping as the contract has it."""
    found = pb.LogMapping(
        origin=known.get("origin", ""),
        destination=known.get("destination", ""),
        matters=_list(known, "matters"),
        time_formats=_list(known, "time_formats"),
    )
    activities = _mapping(known, "activities")
    for word in activities:
        each = _mapping(activities, word)
        activity = found.activities.add(
            activity=word,
            verb=one_of(pb.LogMapping.Verb)(each.get("verb", "")),
            matter=each.get("matter", ""),
            step=each.get("step", ""),
            outcome=each.get("outcome", ""),
            result=_mapping(each, "result"),
            legal_basis=each.get("legal_basis", ""),
        )
        if "suspension" in each:
            activity.suspension = one_of(clock_pb2.ClockEntry.Suspension)(each["suspension"])  # type: ignore[assignment]
    groups = _mapping(known, "groups")
    for word in groups:
        each = _mapping(groups, word)
        found.groups.add(resource=word, unit=each.get("unit", ""), assignee=each.get("assignee", ""))
    return found


def _lines(path: Path, columns: Mapping[str, Any]) -> Iterator[pb.LogLine]:
    """The lines of a file, by the columns that the mapping names; rows are counted as a spreadsheet does."""
    reader = csv.DictReader(io.StringIO(_text(path)))
    titles = {name: str(columns.get(name, name)) for name in FIELDS}
    missing = [titles[name] for name in NEEDED if titles[name] not in (reader.fieldnames or ())]
    if missing:
        raise Mistake(t("usage.log_columns", path=path.name, columns=", ".join(missing)))
    for number, row in enumerate(reader, start=2):
        cells = {field: row.get(titles[name]) or "" for name, field in FIELDS.items()}
        yield pb.LogLine(row_number=number, **cells)


def _text(path: Path) -> str:
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Mistake(t("file.encoding", path=path.name))
