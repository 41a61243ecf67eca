"""Whether signed agreements cover an order, relation by relation.

The parameters `agreement.relation.*` name the relations that must be agreed on, each as two roles. One agreement signed
by three covers every relation whose two roles are among its parties; one signed by two covers its own. The law wants a
set of agreements that covers the order, not one form of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.reference.parameters import Pack, Parameter

RELATIONS = "agreement.relation."


class Role(StrEnum):
    """What a party of an agreement is."""

    ENTERPRISE = "ENTERPRISE"  # 用人单位
    INSTITUTION = "INSTITUTION"  # 培训机构
    BUREAU = "BUREAU"  # 人社局
    TRAINEES = "TRAINEES"  # 学员, who sign one by one


@dataclass(frozen=True, slots=True)
class Relation:
    """Two roles that must have agreed with one another, and who says so."""

    roles: tuple[Role, Role]
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Cover:
    """How many heads of one order an agreement covers; `parties` are those who signed it, as (role, credit code)."""

    agreement: str
    headcount: int
    parties: tuple[tuple[Role, str], ...]


@dataclass(frozen=True, slots=True)
class RelationCovered:
    """One relation with the heads that are covered and the agreements that cover them."""

    relation: Relation
    heads: int
    agreements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What agreements cover of one order. `heads` is the least of all relations, 0 when none is declared."""

    heads: int
    relations: tuple[RelationCovered, ...]


def checked(pack: Pack) -> Pack:
    """`pack`, if its relations can be read; else a ValueError that names the one that cannot."""
    for parameter in pack.parameters:
        if parameter.key.startswith(RELATIONS):
            _relation(parameter)
    return pack


def relations(pack: Pack, division: str, on: date) -> tuple[Relation, ...]:
    """The relations that must be agreed on in `division` on a day. A value nobody knows yet asks for nothing."""
    found = []
    for key in dict.fromkeys(each.key for each in pack.parameters if each.key.startswith(RELATIONS)):
        parameter = pack.find(key, division, on)
        if parameter is not None and (relation := _relation(parameter)) is not None:
            found.append(relation)
    return tuple(found)


def coverage(wanted: Iterable[Relation], covers: Iterable[Cover], enterprise: str, institution: str) -> Coverage:
    """What `covers`, all signed and in force, cover of an order of `enterprise` that is matched with `institution`.

    An enterprise or institution that is not the order's agrees for itself, not for the order; before the order is
    matched (`institution` empty) any institution counts.
    """
    counted = [(cover, _roles(cover, enterprise, institution)) for cover in covers]
    lines = []
    for relation in wanted:
        its = [cover for cover, roles in counted if roles.issuperset(relation.roles)]
        lines.append(
            RelationCovered(relation, sum(each.headcount for each in its), tuple(each.agreement for each in its))
        )
    return Coverage(min((line.heads for line in lines), default=0), tuple(lines))


def _roles(cover: Cover, enterprise: str, institution: str) -> set[Role]:
    own = {Role.ENTERPRISE: enterprise, Role.INSTITUTION: institution}
    return {role for role, code in cover.parties if not own.get(role) or code == own[role]}


def _relation(parameter: Parameter) -> Relation | None:
    """The relation of a parameter, None when its value is not known or an empty list. ValueError for anything else."""
    value = parameter.value
    if value is None or value == ():
        return None
    if not isinstance(value, tuple) or len(value) != 2 or not set(value) <= set(Role) or value[0] == value[1]:
        raise ValueError(f"parameter {parameter.key} must name two of {', '.join(Role)}")
    first, second = (Role(str(role)) for role in value)
    return Relation((first, second), parameter.source, parameter.confidence)
