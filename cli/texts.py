"""Every word the client says, in Chinese and English (locales/*.toml).

Help texts are built when a noun's module is imported, so the language is settled first, from the arguments
and the environment: `--lang`, LIANCAI_LANG, then the locale if it is Chinese or English, else Chinese.
"""

from __future__ import annotations

import errno
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

LOCALES = Path(__file__).parent / "locales"
FILES = {"zh": LOCALES / "zh_CN.toml", "en": LOCALES / "en.toml"}
# What the server is asked to answer in.
ACCEPT = {"zh": "zh-CN", "en": "en"}


def detect(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """The language to speak, "zh" or "en"; an unknown `--lang` is left for the parser to refuse."""
    asked = ""
    for position, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            asked = argument.partition("=")[2]
        elif argument == "--lang" and position + 1 < len(arguments):
            asked = arguments[position + 1]
    for wanted in (asked, environment.get("LIANCAI_LANG", "")):
        if wanted in FILES:
            return wanted
    # as in POSIX, the first of these that is set decides; a locale of a third language leaves it at Chinese
    locale = next(filter(None, map(environment.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "en" if locale.lower().startswith("en") else "zh"


def words(language: str) -> dict[str, str]:
    """All texts of one language by dotted key, such as "order.create.help"."""
    return dict(_flat("", tomllib.loads(FILES[language].read_text(encoding="utf-8"))))


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield prefix + key, value


class Texts:
    """The texts of the language spoken now."""

    def __init__(self, language: str) -> None:
        self.speak(language)

    def speak(self, language: str) -> None:
        """Switches the language of everything said from now on; help that was built stays as it is."""
        if getattr(self, "language", "") != language:
            self.language, self._words = language, words(language)

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, with its {fields} filled. KeyError for a key that neither file has."""
        text = self._words[key]
        return text.format(**values) if values else text

    def word(self, key: str, default: str) -> str:
        """The text of a key that a newer server may have made up; the default where there is none."""
        return self._words.get(key, default)


def fault(error: OSError) -> str:
    """Why a file could not be read or written, in the language spoken."""
    name = errno.errorcode.get(error.errno or 0, "")
    return t.word(f"errno.{name}", error.strerror or type(error).__name__)


t = Texts(detect(sys.argv[1:], os.environ))
