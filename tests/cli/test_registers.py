"""`liancai register`: what is sent of a file, and what is said of the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from liancai.common.v1.types_pb2 import Finding
from liancai.training.v1 import registers_pb2 as pb

from cli import registers
from cli.registers import NO_LEVEL, level

Run = Callable[..., Any]
WORDS = ("--kind", "pension", "--division", "371526", "--as-of", "2026-11-20", "--source", "高唐县社保中心")
NUMBER = "110101199001010016"


class Bureau:
    """Answers imports: a row whose number is written "bad" is a fault."""

    def __init__(self) -> None:
        self.header: Any = None
        self.rows: list[Any] = []
        self.chunks: list[int] = []
        self.known: list[pb.Register] = []
        self.changed = True

    def take(self, parts: Iterator[Any], _: Any) -> Iterator[Any]:
        for part in parts:
            kind = part.WhichOneof("part")
            if kind == "header":
                self.header = part.header
            elif kind == "chunk":
                self.chunks.append(len(part.chunk.rows))
                self.rows += part.chunk.rows
                yield pb.ImportRegisterResponse(progress=pb.ImportRegisterResponse.Progress(received=len(self.rows)))
            else:
                break
        else:
            return
        summary = pb.ImportRegisterResponse.Summary(changed=self.changed)
        summary.register.kind, summary.register.as_of = self.header.kind, self.header.as_of
        for row in self.rows:
            if row.resident_id == "bad":
                finding = Finding(code="TR-ID-LENGTH", field="resident_id", value="***", message="长度不对")
                summary.faults.add(row_number=row.row_number, finding=finding)
                summary.changed = False
        yield pb.ImportRegisterResponse(summary=summary)

    def tell(self, *_: Any) -> Any:
        return pb.ListRegistersResponse(registers=self.known)


@pytest.fixture
def bureau(server: Any) -> Bureau:
    made = Bureau()
    server.answers |= {"ImportRegister": made.take, "ListRegisters": made.tell}
    return made


def a_file(path: Path, *lines: list[Any]) -> Path:
    book = openpyxl.Workbook()
    for line in lines:
        book.worksheets[0].append(line)
    book.save(path)
    return path


def test_a_workbook_is_sent_as_it_stands(bureau: Bureau, liancai: Run, tmp_path: Path) -> None:
    path = a_file(
        tmp_path / "r.xlsx",
        ["养老金领取人员"],
        ["姓名", "社会保障号码", "待遇领取日期", "截止日期", "职业（工种）代码", "技能等级"],
        ["甲", NUMBER, date(2016, 1, 2), 45000, "6-31-01-03", "四级/中级工"],
        ["乙", "bad", "去年", None, None, None],
    )
    done = liancai("register", "import", path, *WORDS, "--request-id", "again-0001")
    header = bureau.header
    assert (header.kind, header.division, header.as_of) == (pb.PENSION, "371526", "2026-11-20")
    assert (header.source, header.request_id) == ("高唐县社保中心", "again-0001")
    assert header.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    first, second = bureau.rows
    assert (first.row_number, first.resident_id, first.since, first.until) == (3, NUMBER, "2016-01-02", "2023-03-15")
    assert (first.occupation_code, first.certificate_level) == ("6-31-01-03", 4)
    assert (second.row_number, second.since, second.certificate_level) == (4, "去年", 0)
    assert "甲" not in str(bureau.rows)
    assert done.code == 1
    assert "TR-ID-LENGTH" in done.out
    assert "公民身份号码" in done.out
    assert "未作替换" in done.err


def test_a_csv_of_numbers_alone_is_enough(
    bureau: Bureau, liancai: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registers, "CHUNK", 2)
    (tmp_path / "r.csv").write_text("身份证号\n" + f"{NUMBER}\n" * 5, encoding="gb18030")
    done = liancai("register", "import", tmp_path / "r.csv", *WORDS)
    assert done.code == 0, done.err
    assert bureau.chunks == [2, 2, 1]
    assert "已替换" in done.err
    bureau.changed = False
    done = liancai("register", "import", tmp_path / "r.csv", *WORDS, "-o", "json")
    assert done.code == 0
    assert json.loads(done.out)["changed"] is False
    assert "未作改动" in done.err


def test_a_file_without_numbers_is_not_sent(bureau: Bureau, liancai: Run, tmp_path: Path) -> None:
    path = a_file(tmp_path / "r.xlsx", ["姓名", "单位"], ["甲", "乙"])
    done = liancai("register", "import", path, *WORDS)
    assert done.code == 2
    assert "公民身份号码" in done.err
    assert bureau.header is None


def test_a_file_that_is_older_than_what_is_in_force_wants_saying_so(
    bureau: Bureau, liancai: Run, tmp_path: Path
) -> None:
    (tmp_path / "r.csv").write_text(f"身份证号\n{NUMBER}\n", encoding="utf-8")
    bureau.known = [
        pb.Register(kind=pb.PENSION, division="370103", as_of="2026-12-01"),
        pb.Register(kind=pb.CERTIFICATE, division="371526", as_of="2026-12-01"),
        pb.Register(kind=pb.PENSION, division="371526", as_of="2026-11-20"),
    ]
    assert liancai("register", "import", tmp_path / "r.csv", *WORDS).code == 0
    bureau.known[2].as_of = "2026-11-21"
    bureau.header = None
    done = liancai("register", "import", tmp_path / "r.csv", *WORDS)
    assert done.code == 2
    assert "2026-11-21" in done.err
    assert "--older" in done.err
    assert bureau.header is None
    assert liancai("register", "import", tmp_path / "r.csv", *WORDS, "--older").code == 0


def test_a_fault_of_the_file_ends_the_import_without_an_end(
    bureau: Bureau, liancai: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registers, "MOST_ROWS", 2)
    (tmp_path / "r.csv").write_text("身份证号\n" + f"{NUMBER}\n" * 3, encoding="utf-8")
    done = liancai("register", "import", tmp_path / "r.csv", *WORDS)
    assert done.code == 2
    assert done.out == ""


@pytest.mark.parametrize(
    "words",
    [
        ["--kind", "pensions"],
        ["--as-of", "20.11.2026"],
        ["--kind"],
    ],
)
def test_what_cannot_be_meant(words: list[str], bureau: Bureau, liancai: Run, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(f"身份证号\n{NUMBER}\n", encoding="utf-8")
    assert liancai("register", "import", tmp_path / "r.csv", *WORDS, *words).code == 2
    assert liancai("register", "import", tmp_path / "none.csv", *WORDS).code == 2
    assert bureau.header is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0), ("无", 0), (" 4 ", 4), ("四级", 4), ("４级", 4), ("中级工", 4), ("四级/中级工", 4),
        ("三级（高级工）", 3), ("高级技师", 1), ("技师", 2), ("初级", 5), ("特级技师", NO_LEVEL),
        ("四级/高级工", NO_LEVEL), ("合格", NO_LEVEL),
        ("0", NO_LEVEL), ("6", NO_LEVEL), ("/", NO_LEVEL),
    ],
)  # fmt: skip
def test_levels_as_registers_write_them(text: str, number: int) -> None:
    assert level(text) == number


def test_the_list(bureau: Bureau, liancai: Run) -> None:
    bureau.known = [pb.Register(kind=pb.PENSION, division="371526", as_of="2026-11-20", rows=30, source="社保中心")]
    done = liancai("register", "list")
    assert done.code == 0
    assert "领取养老金" in done.out
    assert "2026-11-20" in done.out
