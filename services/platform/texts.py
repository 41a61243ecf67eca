"""Sentences in the caller's language: what went wrong and what to do next, zh-CN and en side by side in TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

LANGUAGES = ("zh", "en")
CORE = Path(__file__).parent / "texts.toml"


class Texts:
    """Sentences by key. Every key has every language: a gap is a ValueError when the file is read."""

    def __init__(self, sentences: Mapping[str, Mapping[str, str]]) -> None:
        self._sentences = sentences

    @classmethod
    def load(cls, *paths: Path) -> Texts:
        """Reads the platform's sentences and then those of `paths`. ValueError names a key given twice or half."""
        sentences: dict[str, Mapping[str, str]] = {}
        for path in (CORE, *paths):
            for key, by_language in tomllib.loads(path.read_text(encoding="utf-8")).items():
                if key in sentences:
                    raise ValueError(f"{path.name}: {key} stands in two files")
                if missing := [language for language in LANGUAGES if not by_language.get(language)]:
                    raise ValueError(f"{path.name}: {key} has no {', '.join(missing)}")
                sentences[key] = by_language
        return cls(sentences)

    def __contains__(self, key: str) -> bool:
        return key in self._sentences

    def say(self, key: str, language: str, values: Mapping[str, str] | None = None) -> str:
        """The sentence of `key` with its braces filled. KeyError for a key or a value that is not there."""
        sentence = self._sentences[key][language]
        return sentence.format_map(values) if values else sentence


def language_of(accept: str) -> str:
    """`zh` or `en` from an Accept-Language value (RFC 9110 12.5.4); Chinese unless English is asked for first."""
    first = accept.split(",", 1)[0].strip().lower()
    return "en" if first.startswith("en") else "zh"
