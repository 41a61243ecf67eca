"""The catalogue that ships (随包事项目录): the eleven matters of the green channel, a file each."""

from __future__ import annotations

from pathlib import Path

from services.talent.rules.catalogue import Catalogue
from services.talent.rules.catalogue_file import load

FOLDER = Path(__file__).parent


def texts() -> list[tuple[str, str]]:
    """Name and content of its files, the head first."""
    return [(path.name, path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yaml"))]


def document() -> str:
    """The whole document as one text, as a draft is given to the service."""
    return "---\n".join(content for _, content in texts())


def shipped() -> Catalogue:
    """The catalogue, read."""
    return load(*texts())
