"""How two versions of a catalogue differ, as an officer reads it: by matter and step, not by the order of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum, StrEnum
from typing import Any

from services.reference.parameters import Title
from services.talent.rules.catalogue import Catalogue


class What(StrEnum):
    """What happened to a thing."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `path` such as matters.pension.steps.review.limit.n, and the two values as text.

    A matter or a step that is new or gone is one change, not one for each of its fields.
    """

    what: What
    path: str
    before: str = ""
    after: str = ""


# what names an entry of a list
_NAMES = ("key", "kind", "division")
# a whole that is told as one change when it is new or gone: matters.K, and matters.K.steps.K
_WHOLE = frozenset({"matters", "steps"})


def diff(before: Catalogue, after: Catalogue) -> tuple[Change, ...]:
    """Every difference in meaning, matter by matter. Equal catalogues have none."""
    old, new = dict(_flat(before)), dict(_flat(after))
    changes: dict[str, Change] = {}
    for path in old | new:
        if old.get(path) == new.get(path):
            continue
        whole = _whole_of(path, old, new)
        if whole is not None:
            changes[whole.path] = whole
        elif path not in old:
            changes[path] = Change(What.ADDED, path, after=new[path])
        elif path not in new:
            changes[path] = Change(What.REMOVED, path, before=old[path])
        else:
            changes[path] = Change(What.CHANGED, path, old[path], new[path])
    return tuple(changes.values())


def _whole_of(path: str, old: Mapping[str, str], new: Mapping[str, str]) -> Change | None:
    """The outermost matter or step around a path that only one side has."""
    parts = path.split(".")
    for index, part in enumerate(parts[:-1]):
        if part not in _WHOLE or index % 2:
            continue
        title = ".".join((*parts[: index + 2], "title"))
        if (title in old) != (title in new):
            what, titles = (What.REMOVED, old) if title in old else (What.ADDED, new)
            named = {"before" if what is What.REMOVED else "after": titles[title]}
            return Change(what, ".".join(parts[: index + 2]), **named)
    return None


def _flat(thing: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every leaf with its path. Lists of things go by their names, so that their order means nothing."""
    if isinstance(thing, Title):
        yield path, thing.zh if thing.zh == thing.en else f"{thing.zh} / {thing.en}"
    elif is_dataclass(thing):
        for field in fields(thing):
            if field.compare:
                yield from _flat(getattr(thing, field.name), f"{path}.{field.name}".lstrip("."))
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from _flat(value, f"{path}.{key}")
    elif isinstance(thing, tuple) and any(is_dataclass(each) and not isinstance(each, Title) for each in thing):
        for each in thing:
            name = next(getattr(each, name) for name in _NAMES if hasattr(each, name))
            yield from _flat(each, f"{path}.{name}")
    elif thing not in (None, "", ()):
        yield path, _text(thing)


def _text(value: Any) -> str:
    if isinstance(value, Title):
        return next(_flat(value))[1]
    if isinstance(value, tuple):
        return ", ".join(_text(each) for each in value)
    return str(value.value) if isinstance(value, Enum) else str(value)
