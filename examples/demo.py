"""`make demo`: the main job in under a minute, with the real server and the real client.

An order of 45 workers, an agreement of three, a class of 40 seats, a roster of 60 rows with a dozen faults, the same
roster again, a withdrawal with its promotion, and the order's ledger. Everything it makes is in build/demo, or in the
folder that is its only argument, anew each time. LIANCAI_LANG=en speaks English. Exit code 1 as soon as a step fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

ROOT = Path(__file__).parents[1]
FOLDER, ROSTER = Path("build/demo"), "examples/roster.xlsx"
BIN = Path(sys.executable).parent
SHANGHAI = timezone(timedelta(hours=8))
START = 60.0  # seconds the server may take to start

# invented; the check characters fit
ENTERPRISE, INSTITUTION, BUREAU = "91371526MA3C000119", "52370103MJE0001019", "11371526004370009B"
ENTERPRISE_NAME, INSTITUTION_NAME = "高唐样例机械有限公司", "市中区样例职业培训学校"
TEXTS = {
    "server": ("本机服务：{target}，数据在 {folder}", "A server of this machine on {target}, its data in {folder}"),
    "order": ("企业下单：45 名电工", "An enterprise orders 45 electricians"),
    "steps": ("提交、核验、登记并匹配机构", "Submitted, verified, an institution registered and matched"),
    "agreement": ("企业、机构、人社局三方签约", "Enterprise, institution and bureau sign an agreement"),
    "class": ("培训机构备案开班：40 个名额", "The institution files a class of 40 seats"),
    "lacks": ("备案缺什么，一次说清", "What the filing lacks, all at once"),
    "filed": ("备案、初审，由另一人审核，开班", "Filed, reviewed, approved by another officer, opened"),
    "state": ("状态", "state"),
    "check": ("花名册 60 行先预检，什么都不保存", "A roster of 60 rows is checked; nothing is stored"),
    "rows": (
        "机构拿回自己的表格，每行带结论和改法（{path}）：",
        "The institution gets its own workbook back, each row with its verdict and what to do ({path}):",
    ),
    "row": ("  第 {row} 行  {result}  {findings}", "  row {row}  {result}  {findings}"),
    "import": (
        "收下无误的行，两人共用电话已说明理由：40 人录取，8 人候补",
        "The rows without faults are taken, and the shared phone is explained: 40 enrolled, 8 wait",
    ),
    "reason": ("夫妻共用", "spouses share it"),
    "again": ("同一文件再导一次：什么都不变", "The same file again changes nothing"),
    "waiting": ("候补名单", "The waitlist"),
    "withdraw": ("一人退出，候补第一名当即递补", "One withdraws, and the head of the waitlist has the seat at once"),
    "explain": (
        "递补的人报名时凭什么判定：逐条依据（当时名额已满）",
        "How the one who moved up was decided, rule by rule (the class was full then)",
    ),
    "ledger": (
        "订单的账：45 个名额个个有下落",
        "The order's ledger: each of the 45 seats is somewhere",
    ),
    "failed": ("演示中止：{command} 的退出码是 {code}", "The demo stops: {command} ended with {code}"),
    "done": ("完成，用时 {seconds:.0f} 秒。接下来：", "Done in {seconds:.0f} seconds. Next:"),
    "next": (
        """\
  起服务      LIANCAI_DATA={folder}/data {bin}/liancai-server        演示的数据都还在
  另开终端    export LIANCAI_DATA={folder}/data
              {bin}/liancai order list
              {bin}/liancai class show {held}
              {bin}/liancai audit list --resource {enrolment}
              {bin}/liancai order report --by enterprise
              {bin}/liancai roster template 花名册.xlsx
  文档        docs/cli.zh-CN.md 命令    docs/verdicts.md 结论代码    docs/errors.md 错误代码
  更多        make test 全部测试        make replay 回放三万余条真实报名记录""",
        """\
  the server         LIANCAI_DATA={folder}/data {bin}/liancai-server        what the demo made is still there
  another terminal   export LIANCAI_DATA={folder}/data
                     {bin}/liancai order list
                     {bin}/liancai class show {held}
                     {bin}/liancai audit list --resource {enrolment}
                     {bin}/liancai order report --by enterprise
                     {bin}/liancai roster template roster.xlsx
  docs               docs/cli.md commands    docs/verdicts.md verdict codes    docs/errors.md error codes
  more               make test: every test    make replay: 32,593 real enrolments""",
    ),
}


class Failed(Exception):
    """A step that did not go as it must."""


class Demo:
    """The steps, in one language, against one server."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self._chapter = 0

    def say(self, key: str, **values: object) -> None:
        """Prints a text."""
        print(self.text(key, **values), flush=True)

    def text(self, key: str, **values: object) -> str:
        """A text in the language spoken."""
        return TEXTS[key][self.environment["LIANCAI_LANG"] == "en"].format(**values)

    def chapter(self, key: str) -> None:
        """Begins a part of the demo."""
        self._chapter += 1
        words = f"{self._chapter}. {self.text(key)}"
        print(f"\n\033[1m{words}\033[0m" if sys.stdout.isatty() else f"\n{words}", flush=True)

    def run(self, *words: str) -> None:
        """A command with its output as it comes. Failed if it fails."""
        print(f"$ liancai {_typed(words)}", flush=True)
        ended = subprocess.run(  # noqa: S603
            _command("liancai", *words), env=self.environment, stderr=subprocess.STDOUT, check=False
        )
        self._check(words, ended.returncode)

    def read(self, *words: str, only: str = "", head: int | None = None) -> str:
        """Like `run`, for an output that is needed later, or of which only some lines are worth showing."""
        shorter = f" | grep {only}" if only else f" | head -{head}" if head else ""
        print(f"$ liancai {_typed(words)}{shorter}", flush=True)
        output, remarks = self._output(words)
        shown = [line for line in output.splitlines(keepends=True) if only in line]
        print("".join(shown[:head]) + remarks, end="", flush=True)
        return output

    def second_officer(self) -> str:
        """The file of another officer's token, made with the server's own key."""
        words = ("token", "--subject", "second-officer", "--division", "371526", "--role", "hr_officer")
        made = subprocess.run(  # noqa: S603
            _command("liancai-server", *words), env=self.environment, capture_output=True, encoding="utf-8", check=False
        )
        self._check(words, made.returncode)
        path = self.folder / "second-officer.token"
        path.touch(mode=0o600)
        path.write_text(made.stdout, encoding="utf-8")
        return str(path)

    def ask(self, *words: str) -> Any:
        """What a command says, as data; not shown."""
        return json.loads(self._output((*words, "-o", "json"))[0])

    def _output(self, words: tuple[str, ...]) -> tuple[str, str]:
        ended = subprocess.run(  # noqa: S603
            _command("liancai", *words),
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if ended.returncode:
            print(ended.stderr, end="", file=sys.stderr, flush=True)
        self._check(words, ended.returncode)
        return ended.stdout, ended.stderr

    def _check(self, words: tuple[str, ...], code: int) -> None:
        if code:
            raise Failed(self.text("failed", command=f"liancai {' '.join(words[:2])}", code=code))


def play(demo: Demo) -> None:
    """The whole story."""
    began, first = time.monotonic(), _monday(_today() + timedelta(days=28))
    order = _order(demo, first)
    _agreement(demo, order, first)
    held = _class(demo, order, first)
    _roster(demo, held)
    enrolment = _withdrawal(demo, held)
    demo.chapter("ledger")
    demo.run("order", "ledger", order)
    print()
    demo.say("done", seconds=time.monotonic() - began)
    demo.say("next", folder=demo.folder, held=held, enrolment=enrolment, bin=_shown(BIN))


def _order(demo: Demo, first: date) -> str:
    demo.chapter("order")
    order = _name(demo.read(
        "order", "create", "--enterprise-code", ENTERPRISE, "--enterprise-name", ENTERPRISE_NAME,
        "--division", "371526", "--partner", "370103", "--occupation", "6-31-01-03", "--skill-level", "2",
        "--certificate-level", "4", "--headcount", "45", "--wage", "4500-6500", "--contract-months", "36",
        "--start", f"{first + timedelta(days=28)}", "--valid-until", f"{first + timedelta(days=180)}",
    ))  # fmt: skip
    demo.chapter("steps")
    state = demo.text("state")
    demo.read("order", "submit", order, only=state)
    demo.read("order", "verify", order, only=state)
    demo.read(
        "institution", "register", "--institution-code", INSTITUTION, "--institution-name", INSTITUTION_NAME,
        "--division", "370103", "--licence", "人社民3701034000001号", only=state,
    )  # fmt: skip
    demo.read("order", "match", order, "--institution-code", INSTITUTION, only=state)
    return order


def _agreement(demo: Demo, order: str, first: date) -> None:
    demo.chapter("agreement")
    text = demo.folder / "agreement.txt"
    text.write_text(f"订单培训三方协议 {order} 45\n", encoding="utf-8")
    agreement = _name(demo.read(
        "agreement", "create", "--title", "电工订单培训三方协议", "--division", "371526",
        "--party", f"enterprise {ENTERPRISE} {ENTERPRISE_NAME}",
        "--party", f"institution {INSTITUTION} {INSTITUTION_NAME}", "--party", f"bureau {BUREAU} 高唐县人社局",
        "--order", f"{order}=45", "--hire-commitment", "40", "--wage-floor", "4500", "--fee-bearer", "subsidy",
        "--valid-from", f"{_today()}", "--valid-to", f"{first + timedelta(days=365)}", "--file", f"{text}",
    ))  # fmt: skip
    state = demo.text("state")
    for role, code in (("enterprise", ENTERPRISE), ("institution", INSTITUTION), ("bureau", BUREAU)):
        signature = ("--role", role, "--code", code, "--date", f"{_today()}", "--file", f"{text}")
        demo.read("agreement", "sign", agreement, *signature, only=state)
    demo.run("agreement", "coverage", order)
    demo.read("order", "show", order, only=state)


def _class(demo: Demo, order: str, first: date) -> str:
    demo.chapter("class")
    held = _name(demo.read(
        "class", "create", "--order", order, "--institution-code", INSTITUTION,
        "--institution-name", INSTITUTION_NAME, "--title", "电工中级班", "--capacity", "40",
        "--start", f"{first}", "--end", f"{first + timedelta(days=18)}",
        "--session", f"{first} 08:30-11:30 实训楼 201", "--session", f"{first} 14:00-17:00 实训楼 201",
        "--session", f"{first + timedelta(days=1)} 08:30-11:30 实训楼 201", "--minimum", "20",
        "--kind", "post-skills", "--certificate", "skill-level", "--theory", "40", "--practice", "60",
        "--site", "济南市市中区样例路 1 号", "--head-teacher", "样例老师", "--assessment", "理论笔试与实操考核各一次",
    ))  # fmt: skip
    demo.chapter("lacks")
    demo.run("class", "check", held)
    demo.chapter("filed")
    state = demo.text("state")
    demo.read("class", "file", held, only=state)
    demo.read("class", "review", held, only=state)
    # whoever reviewed may not approve
    demo.read("--token-file", demo.second_officer(), "class", "approve", held, only=state)
    demo.read("class", "open", held, only=state)
    return held


def _roster(demo: Demo, held: str) -> None:
    imported = ("roster", "import", ROSTER, "--class", held)
    accepted = ("--accept", f"TR-PHONE-SHARED={demo.text('reason')}")
    verdicts = demo.folder / "roster-verdicts.xlsx"
    demo.chapter("check")
    demo.run("roster", "check", ROSTER, "--class", held, "--output", f"{verdicts}")
    print()
    demo.say("rows", path=verdicts)
    for row, result, findings in _verdicts(verdicts):
        demo.say("row", row=row, result=result, findings=findings)
    demo.chapter("import")
    valid = (*imported, "--mode", "valid-rows", *accepted)
    demo.read(*valid, "--output", f"{demo.folder}/roster-imported.xlsx", head=8)
    demo.chapter("again")
    demo.read(*valid, "--output", f"{demo.folder}/roster-again.xlsx", head=8)


def _withdrawal(demo: Demo, held: str) -> str:
    demo.chapter("waiting")
    demo.run("enrolment", "list", "--class", held, "--state", "waitlisted")
    leaver = demo.ask("enrolment", "list", "--class", held, "--state", "enrolled", "--limit", "7")[-1]["name"]
    demo.chapter("withdraw")
    demo.run("enrolment", "withdraw", leaver, "--reason", "已在外地就业")
    head = demo.ask("enrolment", "list", "--class", held, "--state", "enrolled", "--limit", "0")[-1]["name"]
    demo.chapter("explain")
    demo.run("enrolment", "explain", head)
    return str(head)


def _verdicts(path: Path) -> Iterator[tuple[int, str, str]]:
    """Rows of an annotated workbook that have an error or a warning: row number, result, findings."""
    sheet = load_workbook(path, read_only=True).worksheets[0]
    for row, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        result, findings = (str(cell or "") for cell in cells[-2:])
        if row > 3 and findings and not findings.startswith("TR-WAITLISTED"):
            yield row, result, findings.replace("\n", "\n" + " " * 10)


def _today() -> date:
    return datetime.now(SHANGHAI).date()


def _monday(day: date) -> date:
    """The day, or the next Monday."""
    return day + timedelta(days=-day.weekday() % 7)


def _name(output: str) -> str:
    """The resource name in an output."""
    found = re.search(r"(orders|agreements|classes)/\d+", output)
    if found is None:
        raise Failed(output)
    return found[0]


def _typed(words: tuple[str, ...]) -> str:
    """Words as one would type them."""
    return " ".join(f"'{word}'" if re.search(r"[\s|]", word) else word for word in words)


def _shown(path: Path) -> str:
    """A path as one would type it from here."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _command(script: str, *words: str) -> list[str]:
    """An installed script, or its module where nothing is installed."""
    module = {"liancai": "cli", "liancai-server": "services"}[script]
    installed = BIN / script
    return [str(installed), *words] if installed.exists() else [sys.executable, "-m", module, *words]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(folder: Path) -> Iterator[Mapping[str, str]]:
    """A server with a fresh `folder`; what a client needs in its environment to reach it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    target = f"127.0.0.1:{_free_port()}"
    language = os.environ.get("LIANCAI_LANG", "")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("LIANCAI_")},
        "LIANCAI_DATA": f"{folder}/data",
        "LIANCAI_LISTEN": target,
        "LIANCAI_TARGET": target,
        "LIANCAI_LANG": language if language in ("zh", "en") else "zh",
        "PYTHONIOENCODING": "utf-8",
    }
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(_command("liancai-server"), env=environment, stdout=output, stderr=output)  # noqa: S603
    try:
        until, token = time.monotonic() + START, folder / "data" / "local.token"
        while not token.exists():  # the server writes it once it answers
            if server.poll() is not None or time.monotonic() > until:
                raise Failed(log.read_text(encoding="utf-8", errors="replace"))
            time.sleep(0.05)
        yield environment
    finally:
        server.terminate()
        server.wait(60)


def main() -> int:
    """Runs the demo; the exit code."""
    folder = Path(sys.argv[1]).resolve() if sys.argv[1:] else FOLDER
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server ends with us
    try:
        with serving(folder) as environment:
            demo = Demo(environment, folder)
            demo.say("server", target=environment["LIANCAI_TARGET"], folder=folder)
            play(demo)
    except (Failed, OSError) as failed:
        print(failed, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
