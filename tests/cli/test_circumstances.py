"""`liancai class move`, `split`, `merge` and `cancel`: what is sent, what is shown, and what cannot be meant."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2 as rpc
from liancai.training.v1 import classes_pb2 as pb

from tests.cli.test_failures import refuse

Run = Callable[..., Any]
FIRST, SECOND = "enrolments/06H0IT9QPEO4S28OFKRPIHSCEC", "enrolments/06H0ITA6BRNC2PG24SH6JDVGUS"
DAYS = ("--start", "2026-12-01", "--end", "2026-12-31", "--reason", "设备检修")
CLASH = pb.MoveClassResponse.Clash(enrolment=FIRST, other_class="classes/20261100002")


def test_a_move_sends_the_whole_timetable(server: Any, liancai: Run, tmp_path: Path) -> None:
    server.answers["MoveClass"] = lambda request, _: pb.MoveClassResponse(training_class=pb.Class(name=request.name))
    (tmp_path / "t.csv").write_text("日期,开始时间,结束时间,地点\n2026/12/3,14:00,17:00,车间\n", encoding="utf-8")
    done = liancai(
        *("class", "move", "7", *DAYS, "--session", "2026-12-02 8:30-11:30 201", "--timetable", tmp_path / "t.csv"),
        *("--site", "样例路 2 号", "--accept-clashes", "本人要求", "--etag", "3", "--request-id", "again-0001"),
    )
    assert (done.code, done.err) == (0, "")
    (sent,) = server.requests("MoveClass")
    assert sent == pb.MoveClassRequest(
        name="classes/7", etag='"3"', request_id="again-0001", start_date="2026-12-01", end_date="2026-12-31",
        sessions=[
            pb.Session(date="2026-12-02", start="08:30", end="11:30", place="201"),
            pb.Session(date="2026-12-03", start="14:00", end="17:00", place="车间"),
        ],
        site_address="样例路 2 号", reason="设备检修", accept_clashes="本人要求",
    )  # fmt: skip


def test_a_move_without_a_timetable_has_to_say_so(server: Any, liancai: Run) -> None:
    server.answers["MoveClass"] = lambda *_: pb.MoveClassResponse()
    assert "--no-timetable" in liancai("class", "move", "7", *DAYS).err
    both = liancai("class", "move", "7", *DAYS, "--no-timetable", "--session", "2026-12-02 08:30-11:30")
    assert both.code == 2
    assert server.calls == []
    assert liancai("class", "move", "7", *DAYS, "--no-timetable").code == 0
    assert not server.requests("MoveClass")[0].sessions


def test_clashes_are_a_table(server: Any, liancai: Run) -> None:
    server.answers["MoveClass"] = lambda *_: pb.MoveClassResponse(clashes=[CLASH])
    done = liancai("class", "move", "7", *DAYS, "--no-timetable", "--accept-clashes", "本人要求")
    assert done.code == 0
    (line,) = [line for line in done.out.splitlines() if FIRST in line]
    assert line.split() == [FIRST, "classes/20261100002"]
    assert "逐人" in done.err


def test_clashes_that_refuse_a_change_are_named_with_the_other_class(server: Any, liancai: Run) -> None:
    info = rpc.ErrorInfo(reason="MOVE_CLASHES", metadata={"class_name": "classes/7", "count": "2"})
    other = pb.MoveClassResponse.Clash(enrolment=SECOND, other_class="classes/20261100003")
    refusal = refuse(grpc.StatusCode.FAILED_PRECONDITION, info, CLASH, other)
    server.answers["MergeClass"] = server.answers["MoveClass"] = refusal
    for words in (("move", "7", *DAYS, "--no-timetable"), ("merge", "7", "--into", "8", "--reason", "人少")):
        done = liancai("class", *words)
        assert (done.code, done.out) == (1, "")
        assert done.err.splitlines()[1:] == [
            f"  {FIRST}  同时在 classes/20261100002",
            f"  {SECOND}  同时在 classes/20261100003",
        ]


@pytest.mark.parametrize("source", ["export.csv", "-"])
def test_a_split_takes_people_from_words_and_from_a_text(
    server: Any, liancai: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    server.answers["SplitClass"] = lambda *_: pb.SplitClassResponse(target=pb.Class(name="classes/8"))
    text = f"名称,状态\n{SECOND},已录取\n{FIRST},已录取\n{SECOND},已录取\n"
    (tmp_path / "export.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    done = liancai(
        *("class", "split", "7", "--title", "二班", "--capacity", "20", "--reason", "场地小"),
        *("--enrolment", FIRST.removeprefix("enrolments/"), "--session", "2026-12-02 08:30-11:30"),
        *("--enrolments", source if source == "-" else tmp_path / source),
    )
    assert (done.code, done.err) == (0, "")
    (sent,) = server.requests("SplitClass")
    assert (sent.name, sent.title, sent.capacity, sent.reason) == ("classes/7", "二班", 20, "场地小")
    assert list(sent.enrolments) == [FIRST, SECOND]
    assert [each.date for each in sent.sessions] == ["2026-12-02"]


def test_a_split_says_when_the_new_class_has_no_rooms(server: Any, liancai: Run) -> None:
    target = pb.Class(name="classes/8", sessions=[pb.Session(date="2026-12-02", start="08:30", end="11:30")])
    server.answers["SplitClass"] = lambda *_: pb.SplitClassResponse(target=target)
    done = liancai("class", "split", "7", "--title", "二班", "--capacity", "20", "--reason", "场地小")
    assert "liancai class move classes/8" in done.err
    assert "新班" in done.out


def test_a_text_that_names_nobody_is_a_mistake(run: Run, tmp_path: Path) -> None:
    (tmp_path / "none.txt").write_text("王小明\n", encoding="utf-8")
    words = ("class", "split", "7", "--title", "二班", "--capacity", "20", "--reason", "场地小")
    done = run(*words, "--enrolments", tmp_path / "none.txt")
    assert (done.code, done.out) == (2, "")
    assert "none.txt" in done.err
    assert "王小明" not in done.err
    assert run(*words, "--enrolments", tmp_path / "no-such-file").code == 2


def test_a_merge_says_what_became_of_both(server: Any, liancai: Run) -> None:
    server.answers["MergeClass"] = lambda request, _: pb.MergeClassResponse(
        source=pb.Class(name=request.name, state=pb.Class.CANCELLED), target=pb.Class(name=request.into), moved=8,
        doubled=1,
    )  # fmt: skip
    done = liancai("class", "merge", "7", "--into", "8", "--reason", "人少", "--accept-clashes", "已征得本人同意")
    assert done.code == 0
    (sent,) = server.requests("MergeClass")
    assert (sent.name, sent.into, sent.accept_clashes) == ("classes/7", "classes/8", "已征得本人同意")
    for words in ("classes/7", "已取消", "classes/8", "转入人数"):
        assert words in done.out


def test_a_class_is_called_off(server: Any, liancai: Run) -> None:
    server.answers["CancelClass"] = lambda request, _: pb.Class(name=request.name, state=pb.Class.CANCELLED)
    done = liancai("class", "cancel", "7", "--reason", "企业停产", "--request-id", "again-0001")
    assert "已取消" in done.out
    assert server.requests("CancelClass") == [
        pb.CancelClassRequest(name="classes/7", request_id="again-0001", reason="企业停产")
    ]
    assert liancai("class", "cancel", "7").code == 2
