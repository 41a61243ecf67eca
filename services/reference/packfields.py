"""The fields of a parameter pack: how each is read from its YAML node, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, TypeAlias

import yaml

from services.reference import divisions

EVERYWHERE = "*"
Value: TypeAlias = "bool | int | Decimal | str | date | tuple[Value, ...] | Mapping[str, Value] | None"

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}|\d+\.\d+\.\d+")
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_PARAMETER_KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_RULE_KEY = re.compile(r"[A-Z][A-Z0-9_]*")
_RULE_CODE = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")

# A field's reader, and its default or REQUIRED.
Read: TypeAlias = Callable[[yaml.Node], Any]
REQUIRED = object()
Grammar: TypeAlias = Mapping[str, tuple[Read, Any]]


class Bad(Exception):
    """A field that cannot be read; the message is for the fault."""


def _tag(node: yaml.Node) -> str:
    return str(node.tag).rpartition(":")[2]


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or _tag(node) == "null" or not node.value.strip():
        raise Bad("want a text")
    return str(node.value)


def _optional_text(node: yaml.Node) -> str | None:
    return None if _tag(node) == "null" else _text(node)


def _matching(pattern: re.Pattern[str], what: str) -> Read:
    def read_matching(node: yaml.Node) -> str:
        text = _text(node)
        if not pattern.fullmatch(text):
            raise Bad(f"want {what}")
        return text

    return read_matching


def _one_of(*choices: str) -> Read:
    return _matching(re.compile("|".join(choices)), " or ".join(choices))


def _date(node: yaml.Node) -> date:
    text = _matching(_DATE, "a date YYYY-MM-DD")(node)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Bad("no such day") from None


def _optional_date(node: yaml.Node) -> date | None:
    return None if _tag(node) == "null" else _date(node)


def _division(node: yaml.Node) -> str:
    text = _text(node)
    if text != EVERYWHERE and not divisions.is_known(text):
        raise Bad("want a division code of GB/T 2260, or * for everywhere")
    return text


def _sequence(node: yaml.Node) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        raise Bad("want a list")
    return list(node.value)


def _keys(node: yaml.Node) -> tuple[str, ...]:
    return tuple(_matching(_PARAMETER_KEY, "keys such as class.max_size")(item) for item in _sequence(node))


def _title(node: yaml.Node) -> tuple[str, str]:
    """A title is {zh, en}, or one text for both."""
    if isinstance(node, yaml.ScalarNode):
        return _text(node), _text(node)
    parts = {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
    if parts.keys() != {"zh", "en"}:
        raise Bad("want a text, or {zh: ..., en: ...}")
    return _text(parts["zh"]), _text(parts["en"])


def _value(node: yaml.Node) -> Value:
    if isinstance(node, yaml.SequenceNode):
        return tuple(_value(item) for item in node.value)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    assert isinstance(node, yaml.ScalarNode)
    text, tag = str(node.value), _tag(node)
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() in ("true", "yes", "on")
    if tag == "timestamp":
        return _date(node)
    if tag == "int" and _INTEGER.fullmatch(text):
        return int(text)
    if tag in ("int", "float"):
        try:
            return Decimal(text)
        except InvalidOperation:  # .inf, .nan, 0x1F, 1:30
            raise Bad("want a plain decimal number") from None
    return text


def _mapping(node: yaml.MappingNode) -> Mapping[str, Value]:
    """Keys stay the text that was written: {5: 40} has the key '5'."""
    entries: dict[str, Value] = {}
    for key_node, value_node in node.value:
        key = _text(key_node)
        if key in entries:
            raise Bad(f"{key} is given twice")
        entries[key] = _value(value_node)
    return MappingProxyType(entries)


PACK: Grammar = {
    "pack": (_matching(_NAME, "a name such as training"), REQUIRED),
    "version": (_matching(_VERSION, "a date or a version such as 1.2.0"), REQUIRED),
    "title": (_title, REQUIRED),
    "parameters": (_sequence, ()),
    "rules": (_sequence, ()),
}
_COMMON: Grammar = {
    "effective_from": (_date, REQUIRED),
    "effective_to": (_optional_date, None),
    "source": (_text, REQUIRED),
    "confidence": (_one_of("confirmed", "unconfirmed"), REQUIRED),
    "note": (_optional_text, None),
}
PARAMETER: Grammar = {
    "key": (_matching(_PARAMETER_KEY, "a key such as class.max_size"), REQUIRED),
    "value": (_value, REQUIRED),
    "unit": (_text, REQUIRED),
    "division": (_division, REQUIRED),
    **_COMMON,
}
RULE: Grammar = {
    "key": (_matching(_RULE_KEY, "a rule key such as YEAR_CAP"), REQUIRED),
    "code": (_matching(_RULE_CODE, "a code such as TR-YEAR-CAP"), REQUIRED),
    "effect": (_one_of("block", "warn", "note"), REQUIRED),
    "parameters": (_keys, ()),
    "division": (_division, EVERYWHERE),
    "title": (_title, REQUIRED),
    **_COMMON,
}
