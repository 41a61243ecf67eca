"""Coverage is the least of the relations that must be agreed on, whichever form the agreements have."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reference.parameters import Pack
from services.training.packs import Packs
from services.training.rules.agreements import Cover, Relation, Role, checked, coverage, relations

ENTERPRISE, INSTITUTION, OTHER = "E", "I", "X"
TEACHES = Relation((Role.ENTERPRISE, Role.INSTITUTION), "职业教育法(2022)第40条", "confirmed")
SUPERVISED = Relation((Role.INSTITUTION, Role.BUREAU), "样本做法", "unconfirmed")
BOTH = (TEACHES, SUPERVISED)
CODES = {Role.ENTERPRISE: ENTERPRISE, Role.INSTITUTION: INSTITUTION, Role.BUREAU: "B", Role.TRAINEES: ""}


def cover(number: int, headcount: int, *roles: Role, **codes: str) -> Cover:
    parties = tuple((role, codes.get(role.lower(), CODES[role])) for role in roles)
    return Cover(str(number), headcount, parties)


def heads(*covers: Cover, institution: str = INSTITUTION) -> int:
    return coverage(BOTH, covers, ENTERPRISE, institution).heads


def test_one_agreement_of_three_covers_every_relation_among_them() -> None:
    found = coverage(BOTH, [cover(1, 40, Role.ENTERPRISE, Role.INSTITUTION, Role.BUREAU)], ENTERPRISE, INSTITUTION)
    assert found.heads == 40
    assert [(line.relation, line.heads, line.agreements) for line in found.relations] == [
        (TEACHES, 40, ("1",)),
        (SUPERVISED, 40, ("1",)),
    ]


def test_agreements_of_two_cover_each_their_own_and_the_least_counts() -> None:
    teaching = cover(1, 40, Role.ENTERPRISE, Role.INSTITUTION)
    supervised = cover(2, 30, Role.INSTITUTION, Role.BUREAU)
    assert heads(teaching) == 0
    assert heads(teaching, supervised) == 30
    assert heads(teaching, supervised, cover(3, 10, Role.INSTITUTION, Role.BUREAU)) == 40
    assert heads(teaching, cover(4, 40, Role.TRAINEES, Role.INSTITUTION)) == 0


def test_an_agreement_of_others_covers_nothing_of_the_order() -> None:
    roles = (Role.ENTERPRISE, Role.INSTITUTION, Role.BUREAU)
    assert heads(cover(1, 40, *roles, enterprise=OTHER)) == 0
    assert heads(cover(1, 40, *roles, institution=OTHER)) == 0
    assert (
        heads(cover(1, 40, *roles, institution=OTHER), institution="") == 40
    )  # not matched yet: any may become its own


def test_where_no_relation_is_declared_nothing_is_covered() -> None:
    assert coverage((), [cover(1, 40, *Role)], ENTERPRISE, INSTITUTION).heads == 0


covers = st.lists(
    st.builds(
        lambda number, headcount, roles: cover(number, headcount, *roles),
        st.integers(1, 9),
        st.integers(1, 100),
        st.sets(st.sampled_from(list(Role)), min_size=2),
    ),
    max_size=6,
)


@given(covers, covers)
def test_one_more_agreement_never_covers_less_and_the_order_of_them_does_not_matter(
    some: list[Cover], more: list[Cover]
) -> None:
    assert heads(*some) <= heads(*some, *more) == heads(*more, *some)
    assert heads(*some) <= min(
        (line.heads for line in coverage(BOTH, some, ENTERPRISE, INSTITUTION).relations), default=0
    )


def a_pack(value: str, division: str = "*") -> Pack:
    line = "- {{key: {}, value: {}, unit: roles, division: '{}', effective_from: 2022-05-01, effective_to: null, {}}}"
    common = "source: 职业教育法(2022)第40条, confidence: confirmed"
    return Pack.load(
        "pack: t\nversion: 1.0.0\ntitle: t\nparameters:\n"
        + line.format("agreement.relation.teaches", "[ENTERPRISE, INSTITUTION]", "*", common)
        + "\n"
        + line.format("agreement.relation.supervised", value, division, "source: 样本做法, confidence: unconfirmed")
    )


def test_the_relations_of_the_shipped_pack() -> None:
    found = relations(Packs().current, "371526", date(2026, 11, 23))
    assert [(each.roles, each.confidence) for each in found] == [
        ((Role.ENTERPRISE, Role.INSTITUTION), "confirmed"),
        ((Role.INSTITUTION, Role.BUREAU), "unconfirmed"),
    ]
    assert all(each.source for each in found)


def test_relations_are_dated_and_hold_in_a_division() -> None:
    pack = a_pack("[INSTITUTION, BUREAU]", "371526")
    assert len(relations(pack, "371526", date(2026, 1, 1))) == 2
    assert len(relations(pack, "370103", date(2026, 1, 1))) == 1
    assert relations(pack, "371526", date(2022, 4, 30)) == ()
    for nothing in ("null", "[]"):
        assert len(relations(a_pack(nothing), "371526", date(2026, 1, 1))) == 1


@pytest.mark.parametrize(
    "value", ["[INSTITUTION]", "[INSTITUTION, INSTITUTION]", "[INSTITUTION, MAYOR]", "INSTITUTION", "[1, 2]", "7"]
)
def test_a_relation_that_cannot_be_meant_stops_the_server(value: str) -> None:
    assert checked(a_pack("[INSTITUTION, BUREAU]"))
    with pytest.raises(ValueError, match=r"agreement\.relation\.supervised"):
        checked(a_pack(value))
