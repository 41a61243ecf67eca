"""Completion of the shell: the script is printed, installs itself, and offers nouns and verbs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(sys.executable).parent


def shell(script: str, home: Path) -> str:
    """What a bash of its own says, with liancai on its path."""
    environment = os.environ | {"PATH": f"{FOLDER}{os.pathsep}{os.environ['PATH']}", "HOME": str(home)}
    ran = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\n:"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ran.stdout


def test_the_script_that_is_shown_completes_in_bash(tmp_path: Path) -> None:
    script = shell("liancai --show-completion", tmp_path)
    assert "complete" in script
    (tmp_path / "c.sh").write_text(script, encoding="utf-8")

    def offered(*words: str) -> list[str]:
        typed = " ".join(f"'{word}'" for word in words)
        asked = (
            f"source {tmp_path}/c.sh; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _liancai_completion liancai"
        )
        return shell(f'{asked}; echo "${{COMPREPLY[@]}}"', tmp_path).split()

    assert offered("liancai", "or") == ["order"]
    assert offered("liancai", "re") == ["register", "request"]
    assert offered("liancai", "order", "re") == ["return", "report"]
    assert offered("liancai", "enrolment", "list", "--ex") == ["--export"]
    assert offered("liancai", "nothing") == []


def test_it_installs_itself_for_bash(tmp_path: Path) -> None:
    assert str(tmp_path) in shell("liancai --install-completion", tmp_path)
    assert "liancai" in (tmp_path / ".bashrc").read_text()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("complete_bash", {"COMP_WORDS": "liancai or", "COMP_CWORD": "1"}),
        ("complete_zsh", {"_TYPER_COMPLETE_ARGS": "liancai or"}),
    ],
)
def test_what_is_offered_for_or_is_order(kind: str, words: dict[str, str]) -> None:
    environment = os.environ | {"_LIANCAI_COMPLETE": kind} | words
    ran = subprocess.run(
        [FOLDER / "liancai"], env=environment, capture_output=True, text=True, encoding="utf-8", check=True, timeout=60
    )
    assert "order" in ran.stdout
    assert "class" not in ran.stdout


def test_the_script_for_zsh() -> None:
    environment = os.environ | {"_LIANCAI_COMPLETE": "source_zsh"}
    ran = subprocess.run([FOLDER / "liancai"], env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip().startswith("#compdef liancai")
