"""The fields of a catalogue document: how each is read from its YAML node, and what is refused."""

from __future__ import annotations

import re
from enum import StrEnum

import yaml

from services.reference import yamlfile
from services.reference.parameters import Confidence
from services.reference.yamlfile import REQUIRED, Bad, Grammar, Read, matching, optional, sequence, text
from services.talent.rules.catalogue import Applicant, DocumentRank, Needed, Pool, ResultType
from services.talent.rules.ledger import SuspensionKind
from services.talent.rules.limits import Basis, Unit
from services.talent.rules.states import MatterState, Side

_KEY = re.compile(r"[a-z][a-z0-9_]*")
_COUNT = re.compile(r"[1-9][0-9]{0,3}")
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_DAYS_OF = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def word(kind: type[StrEnum], *only: StrEnum) -> Read:
    """A member of an enum, written in small letters: `working_days`."""
    members = {member.value.lower(): member for member in only or kind}

    def read_word(node: yaml.Node) -> StrEnum:
        written = text(node)
        if written not in members:
            raise Bad(f"want {', '.join(members)}")
        return members[written]

    return read_word


def count(node: yaml.Node) -> int:
    """A whole number from 1 to 9999."""
    if yamlfile.tag(node) != "int" or not _COUNT.fullmatch(str(node.value)):
        raise Bad("want a whole number, 1 at least")
    return int(str(node.value))


def flag(node: yaml.Node) -> bool:
    """Yes or no, as true or false."""
    if yamlfile.tag(node) != "bool":
        raise Bad("want true or false")
    return str(node.value).lower() in ("true", "yes", "on")


def month_day(node: yaml.Node) -> tuple[int, int]:
    """A day of every year: 07-01."""
    written = text(node)
    if not _MONTH_DAY.fullmatch(written) or int(written[3:]) > _DAYS_OF[int(written[:2]) - 1]:
        raise Bad("want a day of every year, MM-DD")
    return int(written[:2]), int(written[3:])


def mapping(node: yaml.Node) -> yaml.MappingNode:
    """The node of a mapping, to be read by its own grammar."""
    if not isinstance(node, yaml.MappingNode):
        raise Bad("want a mapping")
    return node


def node_itself(node: yaml.Node) -> yaml.Node:
    """A node that may be a word or a mapping."""
    return node


def keys(node: yaml.Node) -> tuple[str, ...]:
    """A list of keys."""
    return tuple(key(item) for item in sequence(node))


def titles(node: yaml.Node) -> tuple[tuple[str, str], ...]:
    """A list of titles."""
    return tuple(yamlfile.title(item) for item in sequence(node))


def counts(node: yaml.Node) -> dict[str, int]:
    """Whole numbers by key."""
    return {key(key_node): count(value_node) for key_node, value_node in mapping(node).value}


key = matching(_KEY, "a key such as pension")
_title = yamlfile.title

HEAD: Grammar = {
    "catalogue": (yamlfile.name, REQUIRED),
    "version": (yamlfile.version, REQUIRED),
    "title": (_title, REQUIRED),
    "bureaus": (sequence, REQUIRED),
    "suspensions": (sequence, ()),
}
BUREAU: Grammar = {"key": (key, REQUIRED), "title": (_title, REQUIRED), "unit": (optional(key), None)}
SPAN: Grammar = {"n": (count, REQUIRED), "unit": (word(Unit), REQUIRED)}
SUSPENSION: Grammar = {
    "kind": (word(SuspensionKind), REQUIRED),
    "source": (text, ""),
    "maximum": (optional(mapping), None),
}
EXTENSION: Grammar = {"n": (count, REQUIRED), "source": (text, REQUIRED)}
LIMIT: Grammar = {
    "n": (optional(count), REQUIRED),
    "unit": (word(Unit), REQUIRED),
    "basis": (word(Basis), Basis.UNKNOWN),
    "source": (text, ""),
    "extension": (optional(mapping), None),
    "variants": (counts, None),
}
PROMISE: Grammar = {"division": (yamlfile.division, REQUIRED), "n": (count, REQUIRED), "source": (text, REQUIRED)}
DOCUMENT: Grammar = {
    "key": (key, REQUIRED),
    "title": (_title, REQUIRED),
    "rank": (word(DocumentRank), REQUIRED),
    "needed": (word(Needed), Needed.START),
    "deferrable": (optional(flag), None),
    "when": (_title, None),
    "source": (text, ""),
}
OUTCOME: Grammar = {
    "key": (key, REQUIRED),
    "title": (_title, REQUIRED),
    "ends": (word(MatterState, MatterState.NOT_REQUIRED, MatterState.REFUSED), None),
    "skips": (keys, ()),
}
RESULT: Grammar = {
    "key": (key, REQUIRED),
    "title": (_title, REQUIRED),
    "type": (word(ResultType), ResultType.TEXT),
    "required": (flag, True),
}
SCOPES: Grammar = {
    "same_pool": (node_itself, None),
    "same_province": (node_itself, None),
    "cross_province": (node_itself, None),
}
BRANCH: Grammar = {"required": (flag, True), "skips": (keys, ()), "source": (text, "")}
WINDOW: Grammar = {
    "division": (yamlfile.division, REQUIRED),
    "opens": (optional(month_day), REQUIRED),
    "closes": (optional(month_day), REQUIRED),
    "usual": (_title, None),
    "excludes": (_title, None),
    "source": (text, REQUIRED),
    "confidence": (word(Confidence), REQUIRED),
}
MATTER: Grammar = {
    "matter": (key, REQUIRED),
    "title": (_title, REQUIRED),
    "applicant": (word(Applicant), REQUIRED),
    "optional": (flag, False),
    "after": (keys, ()),
    "pool": (optional(word(Pool)), None),
    "scopes": (mapping, None),
    "preconditions": (titles, ()),
    "windows": (sequence, ()),
    "total": (optional(mapping), None),
    "promises": (sequence, ()),
    "steps": (sequence, REQUIRED),
}
STEP: Grammar = {
    "step": (key, REQUIRED),
    "title": (_title, REQUIRED),
    "side": (word(Side), REQUIRED),
    "bureau": (optional(key), None),
    "after": (keys, None),  # left out: the step before it in the file
    "limit": (mapping, REQUIRED),
    "promises": (sequence, ()),
    "starts_on": (_title, None),
    "documents": (sequence, ()),
    "suspensions": (sequence, ()),
    "outcomes": (sequence, ()),
    "result": (sequence, ()),
    "refuse_when": (titles, ()),
}
