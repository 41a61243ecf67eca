"""Many at once: one person is on the way to the register once, one step is taken once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from liancai.placement.v1.imports_pb2 import CommissionerVerdict as Result
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.placement.tables import CommissionerRow
from services.platform.database import Database
from tests.office import somebody
from tests.placement.desk import Desk, a_group_row, a_row
from tests.talent.test_races import CROWD, crowd


def counted(found: list[Any]) -> dict[str, int]:
    return dict(Counter(each if isinstance(each, str) else "done" for each in found))


def test_of_many_who_apply_for_one_person_one_does(unit: Desk) -> None:
    number = somebody().resident_id
    found = crowd(*[lambda: unit.apply(resident_id=number)] * CROWD)
    assert counted(found) == {"done": 1, "COMMISSIONER_EXISTS": CROWD - 1}


def test_of_many_who_bring_one_list_each_row_is_applied_once(
    county: Desk, placement_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As replicas would: nothing but the database stands between them."""
    monkeypatch.setattr(placement_database._writer, "_lanes", [])
    rows = [a_row(2), a_group_row(3), a_group_row(4, kind="法人"), a_row(5)]
    found = crowd(*[lambda: county.bring(*rows)] * CROWD)
    assert counted(found) == {"done": CROWD}
    for place in range(len(rows)):
        verdicts = [each.verdicts[place] for each in found]
        assert Counter(each.result for each in verdicts) == {Result.APPLIED: 1, Result.UNCHANGED: CROWD - 1}
        assert len({each.commissioner for each in verdicts}) == 1


def test_of_many_who_recommend_one_commissioner_one_does(unit: Desk) -> None:
    name = unit.apply().name
    found = crowd(*[lambda: unit.step("Recommend", name)] * CROWD)
    assert counted(found) == {"done": 1, "COMMISSIONER_STATE": CROWD - 1}


def test_the_index_holds_where_nobody_looks_first(unit: Desk, placement_database: Database) -> None:
    """The guard under the guard: two live rows of one person cannot be, one that ended and a live one can."""
    name = unit.apply().name
    columns = ", ".join(each.name for each in CommissionerRow.__table__.columns if each.name != "id")
    copy = text(f"INSERT INTO commissioners (id, {columns}) SELECT 'copy', {columns} FROM commissioners WHERE id = :id")
    number = {"id": name.partition("/")[2]}
    with pytest.raises(IntegrityError), placement_database.writing_engine.begin() as connection:
        connection.execute(copy, number)
    unit.step("Withdraw", name)
    with placement_database.writing_engine.begin() as connection:
        connection.execute(copy, number)
        connection.execute(text("DELETE FROM commissioners WHERE id = 'copy'"))
