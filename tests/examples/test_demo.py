"""What `make demo` shows: its roster is answered as intended, and it runs to its end."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from icalendar import Calendar
from liancai.training.v1 import rosters_pb2
from openpyxl import load_workbook

from cli.texts import words
from cli.workbook import ROSTER, open_table
from examples import demo, make_roster, papers
from tests.office import Office, request_id


def test_the_roster_is_what_its_maker_makes(tmp_path: Path) -> None:
    make_roster.save(make_roster.workbook(make_roster.lines()), tmp_path / "roster.xlsx")
    made, committed = (
        [list(sheet.iter_rows(values_only=True)) for sheet in load_workbook(path)]
        for path in (tmp_path / "roster.xlsx", make_roster.TARGET)
    )
    assert committed == made


def test_every_fault_of_the_roster_is_found_and_no_other(office: Office) -> None:
    order = office.contracted(headcount=45)
    held = office.open_class(order.name, capacity=40, start_date="2026-12-21", end_date="2027-01-08")
    verdicts = {row.row_number - make_roster.HEADER_ROW: row for row in _checked(office, held.name)}
    assert sorted(verdicts) == list(range(1, 61))
    found = {
        serial: tuple(finding.code for finding in row.findings if finding.code != "TR-WAITLISTED")
        for serial, row in verdicts.items()
    }
    assert {serial: codes for serial, codes in found.items() if codes} == make_roster.FAULTS
    results = [row.result for row in verdicts.values()]
    assert results.count(rosters_pb2.RowVerdict.ENROLLED) == 40
    assert results.count(rosters_pb2.RowVerdict.WAITLISTED) == 6
    warned = {serial for serial, row in verdicts.items() if row.result == rosters_pb2.RowVerdict.NEEDS_REASON}
    assert warned == set(make_roster.SHARING)
    refused = {serial for serial, row in verdicts.items() if row.result == rosters_pb2.RowVerdict.REFUSED}
    assert refused == make_roster.FAULTS.keys() - {*make_roster.NOTED, *make_roster.SHARING}


def _checked(office: Office, held: str) -> Iterator[rosters_pb2.RowVerdict]:
    def parts() -> Iterator[rosters_pb2.ImportRosterRequest]:
        header = rosters_pb2.ImportRosterRequest.Header(
            class_name=held,
            mode=rosters_pb2.ImportRosterRequest.Header.CHECK_ONLY,
            file_sha256="0" * 64,
            request_id=request_id(),
        )
        yield rosters_pb2.ImportRosterRequest(header=header)
        with open_table(make_roster.TARGET, ROSTER) as table:
            rows = [rosters_pb2.RosterRow(row_number=number, **cells) for number, cells in table.rows()]
        yield rosters_pb2.ImportRosterRequest(chunk=rosters_pb2.ImportRosterRequest.Chunk(rows=rows))
        yield rosters_pb2.ImportRosterRequest(end=rosters_pb2.ImportRosterRequest.End())

    for answer in office.rosters.ImportRoster(parts()):
        yield from answer.verdicts.rows


# what the story has to come to, in this order; what begins with "value." is a word of the client
SAID = (
    *("institution register", "teacher add", "teachers/", "order create", "value.Order.State.SUBMITTED"),
    *("value.Order.State.VERIFIED", "value.Order.State.MATCHED", "value.Agreement.State.DRAFT"),
    *("value.Agreement.State.DRAFT", "value.Agreement.State.SIGNED", "value.Order.State.CONTRACTED"),
    *("class return", "TF-OFFICER", "TF-SITE", "TF-DOC-TEACHERS", "TF-DOC-TEXTBOOKS", "TF-SESSION-TEACHER"),
    *("class update", "value.Class.State.FILED", "value.Class.State.REVIEWED", "SAME_OFFICER", "--token-file"),
    *("value.Class.State.APPROVED", "value.Class.State.OPEN", "register import", "roster check", "TR-PHONE-SHARED"),
    *("TR-PENSIONER", "roster import", "TR-PHONE-SHARED=", "quota set budget", "QUOTA_BINDS", "quotas/budget-371526-"),
    *("1,200.00", "quota seats", "quotas/budget-371526-", "value.Enrolment.State.ENROLLED"),
    *("value.Enrolment.State.WAITLISTED", "value.Enrolment.State.WAITLISTED", "waitlist why", "RUR"),
    *("enrolment withdraw", "value.Enrolment.State.ENROLLED", "order ledger"),
)  # fmt: skip
MOVED = (
    *("case open", "handover offer", "handover show", "NOT_FOUND", "handover accept", "case receive", "STEP_DOCUMENTS"),
    *("TD-MISSING", "document upload", "value.Step.State.RUNNING", "case explain", "2026-02-14", "2026-03-10"),
    *("case relay", "case progress"),
)
SENT = (
    *("commissioner list", "value.Commissioner.Kind.LEGAL_PERSON", "request list", "value.Request.State.ACCEPTED"),
    *("plan create", "plan solve", "field.summary", "plan unserved", "value.PlanUnserved.Cause.OUTWEIGHED"),
    *("value.PlanUnserved.Cause.QUALIFICATION", "value.PlanUnserved.Cause.WINDOW", "plan explain", "word.yes"),
    *("plan why-not", "2026-12-14..2026-12-17", "plan review", "SAME_PLANNER", "--token-file"),
    *("value.Plan.State.REVIEWED", "plan publish", "value.Plan.State.PUBLISHED", "commissioner availability"),
    *("plan replan", "plan promises", "value.ReplanPromise.Fate.SHIFTED", "plan compare", "plan publish"),
    *("value.Plan.State.PUBLISHED", "visit log", "value.Visit.State.LOGGED", "assignment rate"),
    *("value.Assignment.State.RATED", "assignment gantt", "assignment ics", "assignment calendar", "■a"),
)


@pytest.mark.parametrize(("setting", "language"), [("", "zh"), ("en", "en")])  # without a language it speaks Chinese
def test_the_demo_runs_to_its_end(tmp_path: Path, setting: str, language: str) -> None:
    ended = _demo(tmp_path / "demo", LIANCAI_LANG=setting)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    known, at = words(language), 0
    for each in SAID:
        at = ended.stdout.find(known.get(each, each), at) + 1
        assert at, each
    assert _numbers(r" classes/\S+ +(\d+) +(\d+) +(\d+) +(\d+)\n", ended.stdout) == (0, 10, 0, 1)
    assert _numbers(rf" {known['field.headcount']} +(\d+)\n \S+ +(\d+)\n", ended.stdout[at:]) == (12, 2)
    for each in (*MOVED, *SENT):
        at = ended.stdout.find(known.get(each, each), at) + 1
        assert at, each
    _sent(ended.stdout, known, tmp_path / "demo")
    assert len(ended.stdout.splitlines()) < 480
    sheet = load_workbook(tmp_path / "demo" / "roster-verdicts.xlsx").worksheets[0]
    results = [str(row[-2]) for row in sheet.iter_rows(min_row=3, values_only=True)]
    assert [number for number, result in enumerate(results, start=1) if result != results[0]] == [papers.PENSIONER]
    # its server has ended with it
    address = re.search(r"127\.0\.0\.1:(\d+)", ended.stdout)
    assert address is not None
    with socket.socket() as gone:
        assert gone.connect_ex(("127.0.0.1", int(address[1]))) != 0


def _sent(output: str, known: Mapping[str, str], folder: Path) -> None:
    """What the plans came to: all but four of sixty are served, near the best; somebody's illness changes few."""
    figures = [known[f"field.{name}"] for name in ("requests", "commissioners", "served", "objective", "bound", "gap")]
    plans = re.findall("".join(rf" {name} +([\d.]+)(?: %)?\n" for name in figures), output)
    assert len(plans) == 2
    (requests, commissioners, served, objective, bound, gap), again = plans
    assert (requests, commissioners, served) == ("60", "20", "56")
    assert float(objective) <= float(bound)
    assert float(gap) < 0.5
    assert 54 <= int(again[2]) <= 56
    compared = re.search(known["plan_words.compared"].partition("；")[0].partition(";")[0].format(
        moved=r"(\d+)", shifted=r"(\d+)", dropped=r"(\d+)", added=r"(\d+)"
    ), output)  # fmt: skip
    assert compared is not None
    assert 1 <= sum(map(int, compared.groups())) <= 10
    chart = (folder / "dispatch.html").read_text(encoding="utf-8")
    assert chart.count('<div class="line">') == 20
    assert len(re.findall(r'class="bar rated"', chart)) == 2, "the bar and the legend"
    for name in ("host.ics", "commissioner.ics"):
        assert list(Calendar.from_ical((folder / name).read_bytes()).walk("VEVENT"))


def test_the_demo_stops_where_it_fails(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file where the folder should be")
    ended = _demo(tmp_path / "demo")
    assert ended.returncode == 1
    assert "demo" in ended.stderr


def test_the_demo_says_the_same_in_both_languages() -> None:
    for chinese, english in demo.TEXTS.values():
        assert re.findall(r"{(\w+)", chinese) == re.findall(r"{(\w+)", english)


def _demo(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **settings}
    command = [sys.executable, "-m", "examples.demo", str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False)


def _numbers(pattern: str, output: str) -> tuple[int, ...]:
    found = re.search(pattern, output)
    assert found is not None
    return tuple(map(int, found.groups()))
