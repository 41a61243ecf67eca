"""`make demo`: a class for an enterprise from the order to the ledger, a family that moves for it, and commissioners
who are sent to hosts of the county; with the real server and the real client.

Everything it makes is in build/demo, or in the folder that is its only argument, anew each time. LIANCAI_LANG=en speaks
English. Exit code 1 as soon as a step does not go as it must.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from openpyxl import load_workbook

from examples import dispatch, papers, relocation
from examples.papers import (
    BUREAU,
    ENTERPRISE,
    ENTERPRISE_NAME,
    INSTITUTION,
    INSTITUTION_NAME,
    OCCUPATION,
    TEACHER,
    Person,
)
from examples.stage import BIN, ROOT, Failed, Stage, serving, shown

FOLDER = ROOT / "build" / "demo"
ORDER, CLASS, TEACHERS = r"orders/\d+", r"classes/\d+", r"teachers/\w+"
TEXTS = {
    "server": (
        "本机服务 {target}；以下命令都在 {folder} 里执行，文件都在那里",
        "A server of this machine on {target}; the commands run in {folder}, where every file is",
    ),
    "institution": ("培训机构和教师登记在册", "An institution and its teacher are put on the register"),
    "order": (
        "企业要 12 名电工；三方签约，订单即告签约",
        "An enterprise orders 12 electricians; an agreement of three contracts it",
    ),
    "returned": (
        "机构备案一个 10 人的补贴班；缺什么，一次退回说清",
        "The institution files a subsidised class of 10; it comes back with everything that is missing, at once",
    ),
    "gap": ("报名名册请附身份证复印件", "Add copies of the identity cards to the list of names"),
    "filed": ("补齐再报；初审、审核必须两个人", "Completed and filed again; who reviews does not approve"),
    "register": (
        "导入社保的退休人员名单：以后报名都与它比对",
        "The register of pensioners of another bureau: every enrolment is compared with it",
    ),
    "roster": (
        "花名册先预检，什么都不保存；机构拿回自己的表格，每行带结论",
        "A roster is checked, nothing stored; the workbook comes back with a verdict a row",
    ),
    "row": ("  第 {row} 行  {result}  {findings}", "  row {row}  {result}  {findings}"),
    "import": (
        "经办人核实：两人是夫妻，写明理由放行；已退休的仍不收",
        "The officer has looked into it: the two are married. With that reason they pass; the pensioner does not",
    ),
    "reason": ("夫妻共用一部手机", "a married couple with one phone"),
    "quota": (
        "又来一人：班里还有空席，补贴资金却已用完",
        "Somebody walks in: a seat is free, but the budget is spent",
    ),
    "more": ("追加资金后录取；再来两人，只能候补", "With more money there is a seat; two more people have to wait"),
    "why": (
        "先来的问：我为什么排在后面？",
        "The one who came first asks: why am I behind?",
    ),
    "withdraw": ("一人退出，候补第一名当即递补", "One withdraws, and the head of the waitlist has the seat at once"),
    "away": ("已在外地就业", "has found work elsewhere"),
    "ledger": ("订单的账：12 个席位个个有下落", "The order's ledger: each of the 12 seats is somewhere"),
    "state": ("状态", "state"),
    "gaps": ("缺项", "gaps"),
    "left": ("剩余", "left"),
    "count": ("行数", "rows"),
    "promoted": ("递补", "promoted"),
    "failed": ("演示中止：{command} 的退出码是 {code}", "The demo stops: {command} ended with {code}"),
    "done": ("完成，用时 {seconds:.0f} 秒。接下来：", "Done in {seconds:.0f} seconds. Next:"),
    "next": (
        """\
  起服务      export LIANCAI_DATA={folder}/data LIANCAI_REHEARSAL={folder}/clock
              {bin}/liancai-server                演示的数据和时钟都还在
  另开终端    export LIANCAI_DATA={folder}/data
              {bin}/liancai enrolment explain {enrolment}
              {bin}/liancai audit list --resource {held}
              {bin}/liancai roster template --subsidised 花名册.xlsx
  文档        docs/cli.zh-CN.md 命令    docs/verdicts.md 结论代码    docs/errors.md 错误代码""",
        """\
  the server         export LIANCAI_DATA={folder}/data LIANCAI_REHEARSAL={folder}/clock
                     {bin}/liancai-server                with all that the demo made, on its clock
  another terminal   export LIANCAI_DATA={folder}/data
                     {bin}/liancai enrolment explain {enrolment}
                     {bin}/liancai audit list --resource {held}
                     {bin}/liancai roster template --subsidised roster.xlsx
  docs               docs/cli.md commands    docs/verdicts.md verdict codes    docs/errors.md error codes""",
    ),
}


def play(stage: Stage, folder: Path) -> None:
    """The whole story."""
    began, today = time.monotonic(), stage.today
    first = _monday(today + timedelta(days=28))
    teacher = _institution(stage)
    order = _order(stage, today, first)
    papers.hand_in(Path(), order, first, teacher, today)
    held = _class(stage)
    _roster(stage, held, today)
    waiting = _limit(stage, held, first)
    _withdrawal(stage, held)
    stage.chapter("ledger")
    stage.run("order", "ledger", order)
    relocation.play(stage, order)
    dispatch.play(stage)
    print()
    stage.say("done", seconds=time.monotonic() - began)
    stage.say("next", folder=shown(folder), held=held, enrolment=waiting, bin=shown(BIN))


def _institution(stage: Stage) -> str:
    """The teacher."""
    stage.chapter("institution")
    stage.run(
        "institution", "register", "--institution-code", INSTITUTION, "--institution-name", INSTITUTION_NAME,
        "--division", "371526", "--licence", "人社民3701034000001号", "--catalogue", "样例目录-1", "--occupation",
        OCCUPATION, only=stage.text("state"),
    )  # fmt: skip
    Path("teacher.txt").write_text(f"{TEACHER.number}\n", encoding="utf-8")
    return _found(TEACHERS, stage.run(
        "teacher", "add", INSTITUTION, "--name", TEACHER.name, "--id", "-", "--qualification", "电工高级技师",
        "--certificate", "Z-0001", reads="teacher.txt", head=1,
    ))  # fmt: skip


def _order(stage: Stage, today: date, first: date) -> str:
    """An order that is contracted."""
    stage.chapter("order")
    state = stage.text("state")
    order = _found(ORDER, stage.run(
        "order", "create", "--enterprise-code", ENTERPRISE, "--enterprise-name", ENTERPRISE_NAME,
        "--division", "371526", "--partner", "370103", "--occupation", OCCUPATION, "--skill-level", "2",
        "--certificate-level", "4", "--headcount", "12", "--wage", "4500-6500", "--contract-months", "36",
        "--start", f"{first + timedelta(days=28)}", "--valid-until", f"{first + timedelta(days=180)}", head=1,
    ))  # fmt: skip
    stage.run("order", "submit", order, only=state)
    stage.run("order", "verify", order, only=state)
    stage.run("order", "match", order, "--institution-code", INSTITUTION, only=state)
    Path("agreement.txt").write_text(f"订单培训三方协议 {order} 12\n", encoding="utf-8")
    agreement = _found(r"agreements/\d+", stage.run(
        "agreement", "create", "--title", "电工订单培训三方协议", "--division", "371526",
        "--party", f"enterprise {ENTERPRISE} {ENTERPRISE_NAME}",
        "--party", f"institution {INSTITUTION} {INSTITUTION_NAME}", "--party", f"bureau {BUREAU} 高唐县人社局",
        "--order", f"{order}=12", "--hire-commitment", "10", "--fee-bearer", "subsidy",
        "--valid-from", f"{today}", "--valid-to", f"{first + timedelta(days=365)}", "--file", "agreement.txt", head=1,
    ))  # fmt: skip
    for role, code in (("enterprise", ENTERPRISE), ("institution", INSTITUTION), ("bureau", BUREAU)):
        signature = ("--role", role, "--code", code, "--date", f"{today}", "--file", "agreement.txt")
        stage.run("agreement", "sign", agreement, *signature, only=state)
    stage.run("order", "show", order, only=state)
    return order


def _class(stage: Stage) -> str:
    """A class that enrols."""
    stage.chapter("returned")
    state, gaps = stage.text("state"), stage.text("gaps")
    held = _found(CLASS, stage.run("class", "create", "--file", "class.yaml", head=1))
    stage.run("class", "file", held, only=state)
    stage.run("class", "return", held, "--gap", stage.text("gap"), since=gaps)
    stage.chapter("filed")
    stage.run("class", "update", held, "--file", "class-complete.yaml", only=state)
    stage.run("class", "file", held, only=state)
    stage.run("class", "review", held, only=state)
    stage.run("class", "approve", held, refused=True)
    stage.run("--token-file", stage.token("zhang", "371526"), "class", "approve", held, only=state)
    stage.run("class", "open", held, only=state)
    return held


def _roster(stage: Stage, held: str, today: date) -> None:
    stage.chapter("register")
    stage.run(
        "register", "import", "pensioners.csv", "--kind", "pension", "--division", "371526",
        "--as-of", f"{today}", "--source", "高唐县社会保险事业中心", only=stage.text("count"),
    )  # fmt: skip
    stage.chapter("roster")
    stage.run("roster", "check", "roster.xlsx", "--class", held, "--output", "roster-verdicts.xlsx", head=2)
    for row, result, findings in _verdicts(Path("roster-verdicts.xlsx")):
        stage.say("row", row=row, result=result, findings=findings)
    stage.chapter("import")
    stage.run(
        "roster", "import", "roster.xlsx", "--class", held, "--mode", "valid-rows",
        "--accept", f"TR-PHONE-SHARED={stage.text('reason')}", "--output", "roster-verdicts.xlsx", head=5,
    )  # fmt: skip


def _limit(stage: Stage, held: str, first: date) -> str:
    """Who came first and waits second."""
    refused, seated, waits, overtakes = (*papers.WALK_INS[:1], *papers.WALK_INS)
    stage.chapter("quota")
    budget = (
        "quota",
        "set",
        "budget",
        "--division",
        "371526",
        "--year",
        f"{first.year}",
        "--fund",
        "employment-subsidy",
    )
    stage.run(*budget, "--yuan", "10800", "--source", "高人社字〔2026〕8号", only=stage.text("left"))
    _walk_in(stage, held, refused, refused=True)
    stage.run("quota", "seats", held)
    stage.chapter("more")
    stage.run(*budget, "--yuan", "12000", "--source", "高人社字〔2026〕9号", only=stage.text("left"))
    _walk_in(stage, held, seated)
    waiting = _found(r"enrolments/\w+", _walk_in(stage, held, waits))
    _walk_in(stage, held, overtakes)
    stage.chapter("why")
    stage.run("waitlist", "why", waiting)
    return waiting


def _walk_in(stage: Stage, held: str, person: Person, refused: bool = False) -> str:
    return stage.run(
        "enrolment", "add", held, "--name", person.name, "--id", "-", "--phone", "-", "--category", person.code,
        "--proof-kind", person.proof[0], "--proof-number", "-", reads=f"{person.name}.txt",
        refused=refused, only=stage.text("state"),
    )  # fmt: skip


def _withdrawal(stage: Stage, held: str) -> None:
    stage.chapter("withdraw")
    leaver = stage.ask("enrolment", "list", "--class", held, "--state", "enrolled", "--limit", "3")[-1]["name"]
    stage.run("enrolment", "withdraw", leaver, "--reason", stage.text("away"), since=stage.text("promoted"), head=3)


def _verdicts(path: Path) -> Iterator[tuple[int, str, str]]:
    """Rows of an annotated workbook that are not simply taken: row number, result, findings."""
    sheet = load_workbook(path, read_only=True).worksheets[0]
    for row, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        result, findings = (str(cell or "") for cell in cells[-2:])
        if row > 2 and findings:
            yield row, result, findings.partition("\n")[0]


def _monday(day: date) -> date:
    """The day, or the next Monday."""
    return day + timedelta(days=-day.weekday() % 7)


def _found(pattern: str, output: str) -> str:
    """The first resource name of a kind in an output."""
    found = re.search(pattern, output)
    if found is None:
        raise Failed(output)
    return found[0]


def main() -> int:
    """Runs the demo; the exit code."""
    folder = Path(sys.argv[1]).resolve() if sys.argv[1:] else FOLDER
    try:
        with serving(folder) as target:
            stage = Stage(TEXTS | relocation.TEXTS | dispatch.TEXTS)
            stage.say("server", target=target, folder=shown(folder))
            play(stage, folder)
    except (Failed, OSError) as failed:
        print(failed, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
