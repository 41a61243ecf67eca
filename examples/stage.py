"""What a demo stands on: a server and a clock of its own, and commands whose output is shown.

Commands are run by the client's own entry point within this process: a process each would cost half a second. The clock
begins on a day of a year whose holidays are published, so that the demo is the same whenever it is played.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from services.platform.clock import REHEARSAL, now
from services.reference.clock import SHANGHAI, day_of

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
BEGINS = datetime(2026, 11, 23, 9, tzinfo=SHANGHAI)  # a Monday
START = 60.0  # seconds the server may take to start
WIDTH = 124  # columns of a command before it goes on in another line

Texts = Mapping[str, tuple[str, str]]


class Failed(Exception):
    """A step that did not go as it must."""


class Screen(io.StringIO):
    """What a command writes; a terminal when the demo's own output is one and nothing stands between."""

    def __init__(self, piped: bool) -> None:
        super().__init__()
        self._terminal = not piped and sys.stdout.isatty()

    def isatty(self) -> bool:
        """Whether tables are to fit the width of a terminal."""
        return self._terminal


class Stage:
    """Runs commands in one language against one server, and shows them with what they say."""

    def __init__(self, texts: Texts) -> None:
        self._english = os.environ["LIANCAI_LANG"] == "en"
        self._texts = texts
        self._chapter = 0

    @property
    def english(self) -> bool:
        """Whether it speaks English."""
        return self._english

    @property
    def today(self) -> date:
        """The day it is by the demo's clock."""
        return day_of(now())

    def text(self, key: str, **values: object) -> str:
        """A text in the language spoken."""
        return self._texts[key][self._english].format(**values)

    def say(self, key: str, **values: object) -> None:
        """Prints a text."""
        print(self.text(key, **values), flush=True)

    def chapter(self, key: str, **values: object) -> None:
        """Begins a part of the demo."""
        self._chapter += 1
        words = f"{self._chapter}. {self.text(key, **values)}"
        print(f"\n\033[1m{words}\033[0m" if sys.stdout.isatty() else f"\n{words}", flush=True)

    def run(
        self,
        *words: str,
        only: str = "",
        head: int = 0,
        since: str = "",
        reads: str = "",
        refused: bool = False,
    ) -> str:
        """A command and its output: perhaps `only` lines with a word, the first ones, or those `since` a heading.

        It `reads` a file as its input. Returns all of the output. Failed unless it ends well; or badly, when it is to
        be `refused`.
        """
        output, remarks = self._output(words, reads, 1 if refused else 0, piped=bool(only or head or since))
        lines = [line for line in output.splitlines() if line.strip()]
        tail = len(lines) - lines.index(since) if since in lines else 0
        shorter = f" | grep {only}" * bool(only) + f" | tail -{tail}" * bool(tail) + f" | head -{head}" * bool(head)
        print(_typed(["liancai", *words], (f" < {reads}" if reads else "") + shorter), flush=True)
        shown = [line for line in lines if only in line][-tail:][: head or None]
        print("".join(f"{line}\n" for line in shown) + remarks, end="", flush=True)
        return output

    def ask(self, *words: str) -> Any:
        """What a command says, as data; not shown."""
        return json.loads(self._output((*words, "-o", "json"), "", 0)[0])

    def token(
        self, subject: str, division: str, role: str = "hr_officer", unit: str = "", *, quiet: bool = False
    ) -> str:
        """The file of another user's token, made with the server's own key."""
        from services.__main__ import run  # within this process, as the client

        words = ["token", "--subject", subject, "--division", division, "--role", role]
        words += ["--unit", unit] if unit else []
        path, made = Path(f"{subject}.token"), io.StringIO()
        if not quiet:
            print(_typed(["liancai-server", *words], f" > {path}"), flush=True)
        with redirect_stdout(made):
            run(words)
        path.touch(mode=0o600)
        path.write_text(made.getvalue(), encoding="utf-8")
        return str(path)

    def _output(self, words: Sequence[str], reads: str, expected: int, piped: bool = True) -> tuple[str, str]:
        from cli.app import main  # not before its language is settled

        output, remarks, typed = Screen(piped), io.StringIO(), sys.stdin
        sys.stdin = io.StringIO(Path(reads).read_text(encoding="utf-8") if reads else "")
        try:
            with redirect_stdout(output), redirect_stderr(remarks):
                code = main(list(words))
        finally:
            sys.stdin = typed
        if code != expected:
            sys.stderr.write(remarks.getvalue())
            raise Failed(self.text("failed", command=f"liancai {' '.join(words[:2])}", code=code))
        return output.getvalue(), remarks.getvalue()


def _typed(words: Sequence[str], rest: str) -> str:
    """Words as one would type them, in lines that break before an option."""
    quoted = [f"'{word}'" if re.search(r"[\s|]", word) else word for word in words]
    groups: list[str] = []
    for word in quoted:
        if groups and not word.startswith("-") and groups[-1].startswith("--") and " " not in groups[-1]:
            groups[-1] += f" {word}"
        else:
            groups.append(word)
    lines, line = [], "$"
    for group in groups:
        if _columns(line) + _columns(group) > WIDTH:
            lines.append(line)
            line = "   "
        line += f" {group}"
    return " \\\n".join([*lines, line + rest])


def _columns(text: str) -> int:
    """How wide a terminal shows it."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def shown(path: Path) -> str:
    """A path as one would type it from here."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def command(script: str, *words: str) -> list[str]:
    """An installed script, or its module where nothing is installed."""
    module = {"liancai": "cli", "liancai-server": "services"}[script]
    installed = BIN / script
    return [str(installed), *words] if installed.exists() else [sys.executable, "-m", module, *words]


def set_clock(at: datetime) -> None:
    """Has the demo's clock go on from an instant."""
    Path("clock.new").write_text(str((at - datetime.now(UTC)).total_seconds()), encoding="ascii")
    Path("clock.new").replace("clock")  # the server may be reading it


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A server with a fresh `folder` to work in, and an environment in which clients find it; its address."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.chdir(folder)
    target, language = f"127.0.0.1:{_free_port()}", os.environ.get("LIANCAI_LANG", "")
    for name in [name for name in os.environ if name.startswith("LIANCAI_")]:
        del os.environ[name]
    os.environ |= {
        "LIANCAI_DATA": "data",
        "LIANCAI_LISTEN": target,
        "LIANCAI_TARGET": target,
        REHEARSAL: "clock",
        "LIANCAI_LANG": language if language in ("zh", "en") else "zh",
    }
    set_clock(BEGINS)
    log = Path("server.log")
    with log.open("wb") as output:
        server = subprocess.Popen(command("liancai-server"), stdout=output, stderr=output)  # noqa: S603
    # so that the server ends with us
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        until, token = time.monotonic() + START, Path("data/local.token")
        while not token.exists():  # the server writes it once it answers
            if server.poll() is not None or time.monotonic() > until:
                raise Failed(log.read_text(encoding="utf-8", errors="replace"))
            time.sleep(0.05)
        yield target
    finally:
        server.terminate()
        server.wait(60)
