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

from services.reference.packfields import PACK, PARAMETER, RULE
from services.reference.yamlfile import FileFaults, Grammar, Reader, documents

Entries: TypeAlias = list[tuple[yaml.Node, dict[str, Any]]]


@dataclass(slots=True)
class RawPack:
    """The validated content: entries are arguments of Parameter and RuleDeclaration, enums as text."""

    name: str = ""
    version: str = ""
    title: tuple[str, str] = ("", "")
    parameters: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)


def read(content: str, where: str) -> RawPack:
    """Parse and validate. Raises FileFaults with all faults (a YAML syntax fault comes alone)."""
    nodes = documents(content, where)
    reader = _Reader(where)
    pack = reader.pack(nodes[0] if len(nodes) == 1 else None)
    if reader.faults:
        raise FileFaults(reader.faults)
    return pack


class _Reader(Reader):
    """One reading of one pack."""

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
