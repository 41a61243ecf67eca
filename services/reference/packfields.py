"""The fields of a parameter pack: how each is read from its YAML node, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TypeAlias

import yaml

from services.reference import yamlfile
from services.reference.yamlfile import EVERYWHERE, REQUIRED, Bad, Grammar, matching, one_of, optional, sequence, text

Value: TypeAlias = "bool | int | Decimal | str | date | tuple[Value, ...] | Mapping[str, Value] | None"

_PARAMETER_KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_RULE_KEY = re.compile(r"[A-Z][A-Z0-9_]*")
_RULE_CODE = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")


def _keys(node: yaml.Node) -> tuple[str, ...]:
    return tuple(matching(_PARAMETER_KEY, "keys such as class.max_size")(item) for item in sequence(node))


def _value(node: yaml.Node) -> Value:
    if isinstance(node, yaml.SequenceNode):
        return tuple(_value(item) for item in node.value)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    assert isinstance(node, yaml.ScalarNode)
    written, tag = str(node.value), yamlfile.tag(node)
    if tag == "null":
        return None
    if tag == "bool":
        return written.lower() in ("true", "yes", "on")
    if tag == "timestamp":
        return yamlfile.day(node)
    if tag == "int" and _INTEGER.fullmatch(written):
        return int(written)
    if tag in ("int", "float"):
        try:
            return Decimal(written)
        except InvalidOperation:  # .inf, .nan, 0x1F, 1:30
            raise Bad("want a plain decimal number") from None
    return written


def _mapping(node: yaml.MappingNode) -> Mapping[str, Value]:
    """Keys stay the text that was written: {5: 40} has the key '5'."""
    entries: dict[str, Value] = {}
    for key_node, value_node in node.value:
        key = text(key_node)
        if key in entries:
            raise Bad(f"{key} is given twice")
        entries[key] = _value(value_node)
    return MappingProxyType(entries)


PACK: Grammar = {
    "pack": (yamlfile.name, REQUIRED),
    "version": (yamlfile.version, REQUIRED),
    "title": (yamlfile.title, REQUIRED),
    "parameters": (sequence, ()),
    "rules": (sequence, ()),
}
_COMMON: Grammar = {
    "effective_from": (yamlfile.day, REQUIRED),
    "effective_to": (optional(yamlfile.day), None),
    "source": (text, REQUIRED),
    "confidence": (one_of("confirmed", "unconfirmed"), REQUIRED),
    "note": (optional(text), None),
}
PARAMETER: Grammar = {
    "key": (matching(_PARAMETER_KEY, "a key such as class.max_size"), REQUIRED),
    "value": (_value, REQUIRED),
    "unit": (text, REQUIRED),
    "division": (yamlfile.division, REQUIRED),
    **_COMMON,
}
RULE: Grammar = {
    "key": (matching(_RULE_KEY, "a rule key such as YEAR_CAP"), REQUIRED),
    "code": (matching(_RULE_CODE, "a code such as TR-YEAR-CAP"), REQUIRED),
    "effect": (one_of("block", "warn", "note"), REQUIRED),
    "parameters": (_keys, ()),
    "division": (yamlfile.division, EVERYWHERE),
    "title": (yamlfile.title, REQUIRED),
    **_COMMON,
}
