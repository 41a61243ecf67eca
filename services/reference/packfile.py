"""Reading a parameter pack from YAML and reporting every fault in it at once, each with its line and column.

The meaning of a pack is in `parameters`, how one field is read in `packfields`; this module checks the whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

import yaml

from services.reference.packfields import PACK, PARAMETER, REQUIRED, RULE, Bad, Grammar

Entries: TypeAlias = list[tuple[yaml.Node, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class PackFault:
    """One fault: file, line and column from 1, what is wrong."""

    where: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.where}:{self.line}:{self.column}: {self.message}"


class PackFaults(ValueError):
    """A pack that may not be used; `faults` holds every fault found, in the order of the file."""

    def __init__(self, faults: list[PackFault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.line, fault.column)))
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(slots=True)
class RawPack:
    """The validated content: entries are arguments of Parameter and RuleDeclaration, enums as text."""

    name: str = ""
    version: str = ""
    title: tuple[str, str] = ("", "")
    parameters: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)


def read(content: str, where: str) -> RawPack:
    """Parse and validate. Raises PackFaults with all faults (a YAML syntax fault comes alone)."""
    try:
        root = yaml.compose(content, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line, column = (error.problem_mark.line, error.problem_mark.column) if error.problem_mark else (0, 0)
        raise PackFaults([PackFault(where, line + 1, column + 1, f"not YAML: {error.problem}")]) from None
    except yaml.YAMLError:
        raise PackFaults([PackFault(where, 1, 1, "not YAML: a character that YAML forbids")]) from None
    reader = _Reader(where)
    pack = reader.pack(root)
    if reader.faults:
        raise PackFaults(reader.faults)
    return pack


class _Reader:
    """One reading of one pack; `faults` grows as it goes."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.faults: list[PackFault] = []

    def pack(self, root: yaml.Node | None) -> RawPack:
        if not isinstance(root, yaml.MappingNode):
            self.fault(root, "a pack is a mapping of pack, version, title, parameters and rules")
            return RawPack()
        top = self.fields(root, PACK)
        parameters = list(self.entries(top.get("parameters", []), PARAMETER))
        rules = list(self.entries(top.get("rules", []), RULE))
        self.check_parameters(parameters)
        self.check_rules(rules, {entry.get("key") for _, entry in parameters})
        return RawPack(
            name=top.get("pack", ""),
            version=top.get("version", ""),
            title=top.get("title", ("", "")),
            parameters=[entry for _, entry in parameters],
            rules=[entry for _, entry in rules],
        )

    def entries(self, nodes: list[yaml.Node], grammar: Grammar) -> Iterator[tuple[yaml.Node, dict[str, Any]]]:
        for node in nodes:
            if not isinstance(node, yaml.MappingNode):
                self.fault(node, "an entry is a mapping")
                continue
            entry = self.fields(node, grammar)
            starts, ends = entry.get("effective_from"), entry.get("effective_to")
            if starts and ends and ends < starts:
                self.fault(node, "effective_to is before effective_from")
            yield node, entry

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

    def check_parameters(self, entries: Entries) -> None:
        for node, entry in entries:
            if "value" in entry and entry["value"] is None and entry.get("confidence") == "confirmed":
                self.fault(node, "a value nobody knows (null) cannot be confirmed")
        self.check_overlaps(entries)

    def check_rules(self, entries: Entries, known: set[str | None]) -> None:
        owner: dict[str, str] = {}
        for node, entry in entries:
            for key in entry.get("parameters", ()):
                if key not in known:
                    self.fault(node, f"parameters: {key} is no parameter of this pack")
            if "key" in entry and "code" in entry:
                first = owner.setdefault(entry["code"], entry["key"])
                if first != entry["key"]:
                    self.fault(node, f"code {entry['code']} already belongs to rule {first}")
        self.check_overlaps(entries)

    def check_overlaps(self, entries: Entries) -> None:
        earlier: dict[tuple[str, str], list[tuple[yaml.Node, date, date]]] = defaultdict(list)
        for node, entry in entries:
            if not {"key", "division", "effective_from", "effective_to"} <= entry.keys():
                continue  # reported when the field was read
            key, division = entry["key"], entry["division"]
            starts, ends = entry["effective_from"], entry["effective_to"] or date.max
            for other, other_starts, other_ends in earlier[key, division]:
                if starts <= other_ends and other_starts <= ends:
                    line = other.start_mark.line + 1
                    self.fault(node, f"{key} for {division} overlaps in time with the entry of line {line}")
            earlier[key, division].append((node, starts, ends))

    def fault(self, node: yaml.Node | None, message: str) -> None:
        line, column = (node.start_mark.line, node.start_mark.column) if node else (0, 0)
        self.faults.append(PackFault(self.where, line + 1, column + 1, message))
