"""The sample log through the command line and a running server, held against a model that knows nothing of either."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from liancai.talent.v1 import cases_pb2, matters_pb2
from liancai.talent.v1 import logs_pb2 as pb
from sqlalchemy import func, select

from cli import case_logs
from cli.app import main
from examples import make_case_log
from services import host
from services.platform.database import Database
from services.talent.tables import CaseRow, LogCaseRow, LogLineRow
from tests.conftest import token_of
from tests.office import request_id
from tests.statuses import info_of, violations_of
from tests.talent.desk import Desk, states_of
from tests.talent.log_model import FOLDER, Expected, expected

ENOUGH = 300  # seconds: other things run on the machine
EVENTS, MAPPING = FOLDER / "events.csv", FOLDER / "mapping.yaml"


@pytest.fixture(scope="module")
def model() -> Expected:
    return expected()


@pytest.fixture(scope="module")
def imported(desk: Desk) -> tuple[list[pb.LineVerdict], pb.LogSummary]:
    """The sample log, imported once."""
    return send(desk, parts())


def parts(log: str = "sample-pension", path: Path = EVENTS, **changes: Any) -> list[pb.ImportCaseLogRequest]:
    known = case_logs._known(MAPPING)
    mapping = case_logs._map(known)
    for name, value in changes.items():
        mapping.ClearField(name)
        if isinstance(value, list):
            getattr(mapping, name).extend(value)
        else:
            setattr(mapping, name, value)
    header = pb.ImportCaseLogRequest.Header(log=log, mapping=mapping, request_id=request_id())
    return list(case_logs._parts(header, list(case_logs._lines(path, known["columns"]))))


def send(desk: Desk, sent: list[pb.ImportCaseLogRequest]) -> tuple[list[pb.LineVerdict], pb.LogSummary]:
    verdicts: list[pb.LineVerdict] = []
    summary = pb.LogSummary()
    for answer in desk.logs.ImportCaseLog(iter(sent), timeout=ENOUGH):
        verdicts += answer.verdicts.lines
        if answer.HasField("summary"):
            summary = answer.summary
    return verdicts, summary


def a_file(folder: Path, *rows: str) -> Path:
    path = folder / "log.csv"
    path.write_text("\n".join(["个案号,活动,时间,经办,期限", *rows]), encoding="utf-8")
    return path


def counts(summary: pb.LogSummary) -> dict[str, int]:
    return {each.code: each.lines for each in (*summary.codes, *summary.notes)}


def test_the_file_is_the_one_that_is_made() -> None:
    with EVENTS.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [list(make_case_log.TITLES), *make_case_log.rows()]


def test_every_line_has_the_verdict_that_the_model_gives(
    model: Expected, imported: tuple[list[pb.LineVerdict], pb.LogSummary]
) -> None:
    verdicts, summary = imported
    assert {each.row_number: each.code for each in verdicts} == model.codes
    assert [each.row_number for each in verdicts] == sorted(model.codes), "none lost, in file order"
    assert summary.rows == summary.applied + summary.unchanged + summary.refused == len(model.codes)
    assert sum(each.lines for each in summary.codes) == summary.rows
    assert Counter(model.codes.values()) == {each.code: each.lines for each in summary.codes}
    assert all(each.message and "{" not in each.message for each in verdicts)
    notes = {each.code: each.lines for each in summary.notes}
    assert notes == {"LOG-TIME-MIXED": model.mixed, "LOG-GROUP-UNKNOWN": model.unknown, "LOG-DEADLINE-DIFFERS": 1}


def test_every_fault_that_the_sample_tells_of_is_in_it(model: Expected) -> None:
    assert set(model.codes.values()) == {
        f"LOG-{each}"
        for each in (
            *("APPLIED", "AFTER-CLOSURE", "END-BEFORE-START", "ACTIVITY-UNKNOWN", "TIME-UNREADABLE", "TIME-FUTURE"),
            *("DUPLICATE", "NO-CASE", "NOT-OPENED", "OPENED-ALREADY", "STEP-STATE", "RULE"),
        )
    }


def test_the_cases_are_as_the_model_leaves_them(
    model: Expected, imported: tuple[list[pb.LineVerdict], pb.LogSummary], desk: Desk, talent_database: Database
) -> None:
    with talent_database.reading() as session:
        names = {row[0]: row[1] for row in session.execute(select(LogCaseRow.key, LogCaseRow.case_id))}
    assert names.keys() == {key for key, case in model.cases.items() if case.opened}
    assert imported[1].cases_opened == len(names)
    for key, number in names.items():
        case, wanted = desk.case(f"cases/{number}"), model.cases[key]
        assert (case.state == cases_pb2.Case.CLOSED) is wanted.closed, key
        assert states_of(case, "pension") == wanted.steps, key
        ended = matters_pb2.Matter.NOT_REQUIRED if wanted.over else matters_pb2.Matter.DONE
        assert case.matters[0].state == (ended if wanted.done else matters_pb2.Matter.RUNNING), key
        assert case.masked_name.startswith("导")
        assert case.brought_by == "logs/sample-pension"


def test_importing_it_again_changes_nothing_and_says_so(
    imported: tuple[list[pb.LineVerdict], pb.LogSummary], desk: Desk, talent_database: Database
) -> None:
    def stored() -> tuple[int, ...]:
        with talent_database.reading() as session:
            tables = (CaseRow, LogCaseRow, LogLineRow, talent_database.books.outbox)
            return tuple(session.execute(select(func.count()).select_from(each)).scalar_one() for each in tables)

    before = stored()
    verdicts, summary = send(desk, parts())
    assert stored() == before
    assert (summary.applied, summary.unchanged, summary.cases_opened) == (0, imported[1].applied, 0)
    first = {each.row_number: each.code for each in imported[0]}
    assert {each.row_number: each.code for each in verdicts} == {
        number: "LOG-UNCHANGED" if code == "LOG-APPLIED" else code for number, code in first.items()
    }


def test_a_log_that_grew_goes_on_where_it_ended(desk: Desk, tmp_path: Path) -> None:
    begun = ["X-1,登记,2026-05-06 09:00,专班,", "X-1,核对需转,2026-05-07,高唐社保一组,"]
    assert send(desk, parts("grows", a_file(tmp_path, *begun)))[1].applied == 2
    more = [*begun, "X-1,审核收件,2026-05-08,高唐社保一组,"]
    verdicts, summary = send(desk, parts("grows", a_file(tmp_path, *more)))
    assert (summary.applied, summary.unchanged, summary.cases_opened) == (1, 2, 0)
    assert len({each.case_name for each in verdicts}) == 1


def test_a_time_that_means_two_instants_is_not_guessed(desk: Desk, tmp_path: Path) -> None:
    path = a_file(tmp_path, "X-1,登记,03/04/2026,专班,", "X-2,登记,30/04/2026,专班,", "X-3,登记,2026-04-30,专班,")
    formats = ["iso", "%d/%m/%Y", "%m/%d/%Y"]
    verdicts, _ = send(desk, parts("two-ways", path, time_formats=formats))
    assert [each.code for each in verdicts] == ["LOG-TIME-AMBIGUOUS", "LOG-APPLIED", "LOG-APPLIED"]
    assert [note.code for each in verdicts for note in each.notes] == ["LOG-TIME-MIXED"]


def test_a_log_without_openings_opens_a_case_with_its_first_line(desk: Desk, tmp_path: Path) -> None:
    known = case_logs._map(case_logs._known(MAPPING))
    activities = [each for each in known.activities if each.verb != pb.LogMapping.OPEN]
    path = a_file(tmp_path, "X-1,审核收件,2026-05-08,专班,坏日期", "X-1,核对需转,2026-05-07,高唐社保一组,")
    verdicts, summary = send(desk, parts("headless", path, activities=activities))
    assert [each.code for each in verdicts] == ["LOG-APPLIED", "LOG-APPLIED"]
    assert counts(summary)["LOG-DEADLINE-UNREADABLE"] == 1
    assert desk.case(verdicts[0].case_name).open_time.ToJsonString() == "2026-05-07T04:00:00Z"


def test_who_did_it_is_assigned(desk: Desk, tmp_path: Path) -> None:
    path = a_file(tmp_path, "X-1,登记,2026-05-06,专班,", "X-1,核对需转,2026-05-07,高唐社保一组,")
    path.write_text(path.read_text(encoding="utf-8") + "\nX-1,审核收件,2026-05-08,高唐社保二组,", encoding="utf-8")
    verdicts, _ = send(desk, parts("assigned", path))
    steps = {step.name.rpartition("/")[2]: step for step in desk.case(verdicts[0].case_name).matters[0].steps}
    assert (steps["check"].assignee, steps["review"].assignee) == ("gaotang-1", "gaotang-2")


def test_two_offices_may_call_their_logs_alike(desk: Desk, other_side: Desk, tmp_path: Path) -> None:
    path = a_file(tmp_path, "X-1,登记,2026-05-06,专班,")
    assert send(desk, parts("alike", path))[1].applied == 1
    assert send(other_side, parts("alike", path))[1].applied == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"destination": "370103"}, "header.mapping.destination"),
        ({"matters": ["school_new"]}, "header.mapping.matters[0]"),
        ({"matters": []}, "header.mapping.matters"),
        ({"time_formats": []}, "header.mapping.time_formats"),
        ({"activities": [pb.LogMapping.Activity(activity="x")]}, "header.mapping.activities[0].verb"),
        (
            {"activities": [pb.LogMapping.Activity(activity="x", verb=pb.LogMapping.START, matter="none")]},
            "header.mapping.activities[0].matter",
        ),
        (
            {
                "activities": [
                    pb.LogMapping.Activity(
                        activity="x", verb=pb.LogMapping.COMPLETE, matter="pension", step="check", outcome="needed"
                    )
                ]
            },
            "header.mapping.activities[0].result[evidence]",
        ),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused_before_any_line(
    desk: Desk, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        send(desk, parts("bad", **changes))
    assert field in [each.field for each in violations_of(refused.value)]


def test_parts_out_of_order_are_refused(desk: Desk) -> None:
    header, chunk, end = parts()
    wrong = pb.ImportCaseLogRequest(chunk=pb.ImportCaseLogRequest.Chunk(lines=reversed(chunk.chunk.lines)))
    for sent in ([], [chunk], [header], [header, header], [header, wrong, end]):
        with pytest.raises(grpc.RpcError) as refused:
            send(desk, sent)
        assert info_of(refused.value)[0] == "LOG_PROTOCOL"


def test_nobody_imports_into_the_cases_of_others(grpc_channel: grpc.Channel, settings: host.Settings) -> None:
    for roles, division in ((("caseworker",), "371525"), (("supervisor",), "371526")):
        with pytest.raises(grpc.RpcError) as refused:
            send(Desk(grpc_channel, token_of(settings, roles=roles, division=division)), parts())
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.fixture
def command(
    grpc_addr: str, settings: host.Settings, grpc_channel: grpc.Channel, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    """The command line, at the server of these tests."""
    monkeypatch.setenv("LIANCAI_TOKEN", token_of(settings, roles=("caseworker",), subject="caseworker"))
    return lambda *words: main(["--target", grpc_addr, "--lang", "zh", "--timeout", str(ENOUGH), *words])


def test_the_command_tells_of_every_line(
    command: Callable[..., int], model: Expected, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mapping = tmp_path / "map.yaml"
    mapping.write_text(MAPPING.read_text(encoding="utf-8").replace("sample-pension", "typed"), encoding="utf-8")
    assert command("case", "import-log", str(EVENTS), "--mapping", str(mapping), "-o", "jsonl") == 0
    told = capsys.readouterr()
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert {each["row_number"]: each["code"] for each in lines} == model.codes
    assert f"共 {len(model.codes)} 行" in told.err
    assert command("case", "import-log", str(EVENTS), "--mapping", str(mapping)) == 0
    told = capsys.readouterr()
    assert "LOG-AFTER-CLOSURE" in told.out
    assert "回放 0，" in told.err


@pytest.mark.parametrize(
    ("mapping", "rows"), [("log: [", []), ("- a", []), ("activities: x\ncolumns: {case: c, activity: a, time: t}", [])]
)
def test_a_mapping_that_cannot_be_read_is_named(
    command: Callable[..., int], tmp_path: Path, mapping: str, rows: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(mapping, encoding="utf-8")
    assert command("case", "import-log", str(a_file(tmp_path, *rows)), "--mapping", str(path)) == 2
    assert "映射" in capsys.readouterr().err
