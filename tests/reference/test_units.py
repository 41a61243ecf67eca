from __future__ import annotations

import re

import pytest

from services.reference import divisions, units
from services.reference.parameters import Confidence


def test_the_plan_names_31_units() -> None:
    roster = [unit for unit in units.register() if unit.in_roster]
    assert len(roster) == 31
    assert sum(u.division == "370103" for u in roster) == 9 + 8
    assert sum(u.division == "371526" for u in roster) == 9 + 5
    assert all(u.named_in_plan and 16 in u.clauses for u in roster)


def test_a_name_the_sources_do_not_give_is_not_invented() -> None:
    nameless = [u for u in units.register() if u.name is None]
    assert len(nameless) == 23
    assert all(u.confidence is Confidence.UNCONFIRMED and u.note and u.kind is None for u in nameless)
    assert all(u.full_name is None for u in nameless)


def test_ids_are_stable_slugs_of_known_divisions() -> None:
    ids = [u.id for u in units.register()]
    assert len(ids) == len(set(ids))
    for unit in units.register():
        assert re.fullmatch(r"[0-9]{6}-[a-z]+(-[0-9]{2})?", unit.id)
        assert unit.id.startswith(unit.division)
        assert divisions.is_current(unit.division)


@pytest.mark.parametrize("kind", ["hrss", "sci", "edu", "drc", "org", "gov", "ybj", "police"])
def test_both_sides_have_a_unit_of_the_kind(kind: str) -> None:
    [here], [there] = ([unit for unit in units.of_division(code) if unit.kind == kind] for code in ("370103", "371526"))
    assert here.id != there.id
    assert here.name == there.name


def test_the_housing_fund_is_the_citys() -> None:
    centres = [unit for unit in units.register() if unit.kind == "hpf"]
    assert {unit.division for unit in centres} == {"370100", "371500"}
    assert [unit.full_name for unit in units.of_division("371500")] == ["山东省聊城市公积金中心"]


def test_assisting_units_are_not_in_the_plan() -> None:
    outside = {u.kind for u in units.register() if not u.named_in_plan}
    assert outside == {"ybj", "police", "hpf"}
    assert not any(u.in_roster or u.clauses for u in units.register() if not u.named_in_plan)


def test_a_unit_has_its_name_in_full_and_its_clauses() -> None:
    [unit] = [unit for unit in units.of_division("370103") if unit.kind == "hrss"]
    assert (unit.id, unit.full_name, unit.clauses) == ("370103-hrss", "山东省济南市市中区人社局", (13, 16))
    assert len(units.of_division("370103")) + len(units.of_division("371526")) == len(units.register()) - 2
