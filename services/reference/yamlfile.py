"""Reading a YAML file by a grammar and reporting every fault in it at once, each with its line and column.

A grammar names the fields of a mapping, how each is read from its node, and its default or REQUIRED.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import yaml

from services.reference import divisions

EVERYWHERE = "*"

# A field's reader, and its default or REQUIRED.
Read: TypeAlias = Callable[[yaml.Node], Any]
REQUIRED = object()
Grammar: TypeAlias = Mapping[str, tuple[Read, Any]]

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}|\d+\.\d+\.\d+")
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class FileFault:
    """One fault: file, line and column from 1, what is wrong."""

    where: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}:{self.column}: {self.message}"


class FileFaults(ValueError):
    """A file that may not be used; `faults` holds every fault found, in the order of the file."""

    def __init__(self, faults: list[FileFault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.where, fault.line, fault.column)))
        super().__init__("\n".join(map(str, self.faults)))


class Bad(Exception):
    """A field that cannot be read; the message is for the fault."""


def documents(content: str, where: str) -> list[yaml.Node]:
    """The YAML documents of a text. Raises FileFaults with the one syntax fault that stopped the reading."""
    try:
        return list(yaml.compose_all(content, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line, column = (error.problem_mark.line, error.problem_mark.column) if error.problem_mark else (0, 0)
        raise FileFaults([FileFault(where, line + 1, column + 1, f"not YAML: {error.problem}")]) from None
    except yaml.YAMLError:
        raise FileFaults([FileFault(where, 1, 1, "not YAML: a character that YAML forbids")]) from None
    except RecursionError:
        raise FileFaults([FileFault(where, 1, 1, "nested too deeply")]) from None


class Reader:
    """One reading of one file; `faults` grows as it goes."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.faults: list[FileFault] = []

    def fields(self, node: yaml.MappingNode, grammar: Grammar) -> dict[str, Any]:
        """Read a mapping by its grammar; what cannot be read is reported and left out."""
        result = {key: default for key, (_, default) in grammar.items() if default is not REQUIRED}
        seen: set[str] = set()
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str) or key not in grammar:
                self.fault(key_node, f"unknown field; the fields are {', '.join(grammar)}")
            elif key in seen:
                self.fault(key_node, f"field {key} is given twice")
            else:
                seen.add(key)
                try:
                    result[key] = grammar[key][0](value_node)
                except Bad as bad:
                    self.fault(value_node, f"{key}: {bad}")
                    result.pop(key, None)
        for key, (_, default) in grammar.items():
            if default is REQUIRED and key not in seen:
                self.fault(node, f"field {key} is missing")
        return result

    def fault(self, node: yaml.Node | None, message: str) -> None:
        """Report what is wrong where a node begins; None is the beginning of the file."""
        line, column = (node.start_mark.line, node.start_mark.column) if node else (0, 0)
        self.faults.append(FileFault(self.where, line + 1, column + 1, message))


def tag(node: yaml.Node) -> str:
    """What YAML takes a node for: str, int, float, bool, null, timestamp, seq, map."""
    return str(node.tag).rpartition(":")[2]


def text(node: yaml.Node) -> str:
    """A text that is not blank, as it is written."""
    if not isinstance(node, yaml.ScalarNode) or tag(node) == "null" or not node.value.strip():
        raise Bad("want a text")
    return str(node.value)


def optional(read: Read) -> Read:
    """None for null, else what `read` makes of it."""
    return lambda node: None if tag(node) == "null" else read(node)


def matching(pattern: re.Pattern[str], what: str) -> Read:
    """A text of a shape."""

    def read_matching(node: yaml.Node) -> str:
        written = text(node)
        if not pattern.fullmatch(written):
            raise Bad(f"want {what}")
        return written

    return read_matching


def one_of(*choices: str) -> Read:
    """One of the words."""
    return matching(re.compile("|".join(choices)), " or ".join(choices))


def day(node: yaml.Node) -> date:
    """A date."""
    written = matching(_DATE, "a date YYYY-MM-DD")(node)
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Bad("no such day") from None


def division(node: yaml.Node) -> str:
    """A division code of GB/T 2260, or EVERYWHERE."""
    written = text(node)
    if written != EVERYWHERE and not divisions.is_known(written):
        raise Bad("want a division code of GB/T 2260, or * for everywhere")
    return written


def sequence(node: yaml.Node) -> list[yaml.Node]:
    """The nodes of a list."""
    if not isinstance(node, yaml.SequenceNode):
        raise Bad("want a list")
    return list(node.value)


def title(node: yaml.Node) -> tuple[str, str]:
    """A title is {zh, en}, or one text for both."""
    if isinstance(node, yaml.ScalarNode):
        return text(node), text(node)
    parts = {str(key.value): value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
    if parts.keys() != {"zh", "en"}:
        raise Bad("want a text, or {zh: ..., en: ...}")
    return text(parts["zh"]), text(parts["en"])


name = matching(_NAME, "a name such as training")
version = matching(_VERSION, "a date or a version such as 1.2.0")
