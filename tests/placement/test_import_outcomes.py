"""What becomes of the rows of a list of commissioners: applications, nothing twice, in four modes and on record."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from liancai.common.v1.types_pb2 import Finding
from liancai.placement.v1 import audit_pb2, commissioners_pb2
from liancai.placement.v1 import imports_pb2 as pb
from sqlalchemy import func, select

from services.placement.commissioners.imports import MOST_ROWS
from services.placement.tables import CommissionerRow
from services.platform.database import Database
from tests.office import request_id, somebody
from tests.placement.desk import (
    COUNTY,
    OTHER_UNIT,
    SERVED,
    Desk,
    a_group_row,
    a_row,
)
from tests.placement.test_imports import Mode, Result, a_team, cells_of, found
from tests.statuses import refused, violations_of


def count(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(CommissionerRow)) or 0


def test_a_row_becomes_the_application_that_would_be_made_by_hand(county: Desk) -> None:
    person = somebody()
    wide = "".join(chr(ord(each) + 0xFEE0) if each.isdigit() else each.lower() for each in person.resident_id)
    cells = {
        "full_name": f" {person.full_name[0]} {person.full_name[1:]}", "phone": f"+86 {person.phone}",
        "resident_id": wide, "title": "高级农艺师", "education": "博士", "disciplines": "2103020=1；210=2",
        "division": "济南市市中区", "home_place": "山东省济南市市中区", "kind": "个人科技特派员", "days_a_year": "40天",
    }  # fmt: skip
    answer = county.bring(a_row(**cells))
    (verdict,) = answer.verdicts
    assert (verdict.result, found(answer)) == (Result.APPLIED, [])
    by_hand = county.get(verdict.commissioner)
    assert by_hand.state == commissioners_pb2.Commissioner.APPLIED
    assert (by_hand.title, by_hand.education, by_hand.days_a_year) == (3, 4, 40)
    assert [(each.code, each.level) for each in by_hand.disciplines] == [("210", 2), ("2103020", 1)]
    assert (by_hand.division, by_hand.home_place, by_hand.partner_division) == (COUNTY, COUNTY, SERVED)
    shown = county.commissioners.RevealCommissioner(
        commissioners_pb2.RevealCommissionerRequest(name=by_hand.name, purpose="核对身份", request_id=request_id())
    )
    assert (shown.full_name, shown.resident_id, shown.phone) == (person.full_name, person.resident_id, person.phone)


def test_a_team_and_a_unit_are_applied_for(county: Desk) -> None:
    team = a_team(county)
    answer = county.bring(team, a_group_row(3))
    assert [each.result for each in answer.verdicts] == [Result.APPLIED, Result.APPLIED]
    assert county.get(answer.verdicts[0].commissioner).members == [f"commissioners/{team.members}"]


@pytest.mark.parametrize("mode", [Mode.VALID_ROWS, Mode.ALL_OR_NOTHING])
def test_the_same_list_again_changes_nothing(county: Desk, placement_database: Database, mode: Any) -> None:
    rows = [a_row(2), a_group_row(3), a_row(4)]
    first = county.bring(*rows, mode=mode)
    assert (first.summary.applied, first.summary.changed) == (3, True)
    before = count(placement_database)
    again = county.bring(*rows, mode=mode)
    assert [each.result for each in again.verdicts] == [Result.UNCHANGED] * 3
    assert [each.commissioner for each in again.verdicts] == [each.commissioner for each in first.verdicts]
    assert {found(again, place)[0] for place in range(3)} == {"PC-ALREADY"}
    assert (again.summary.unchanged, again.summary.changed) == (3, False)
    assert count(placement_database) == before


def test_the_modes(county: Desk, placement_database: Database) -> None:
    rows = [a_row(2), a_row(3, phone="1"), a_row(4)]
    before = count(placement_database)
    checked = county.bring(*rows, mode=Mode.CHECK_ONLY)
    assert [each.result for each in checked.verdicts] == [Result.APPLIED, Result.REFUSED, Result.APPLIED]
    assert not checked.summary.changed
    assert not any(each.commissioner for each in checked.verdicts)
    nothing = county.bring(*rows, mode=Mode.ALL_OR_NOTHING)
    assert [each.result for each in nothing.verdicts] == [Result.NOT_TAKEN, Result.REFUSED, Result.NOT_TAKEN]
    assert (nothing.summary.not_taken, nothing.summary.changed) == (2, False)
    assert count(placement_database) == before
    some = county.bring(*rows, mode=Mode.VALID_ROWS)
    assert (some.summary.applied, some.summary.refused) == (2, 1)
    assert count(placement_database) == before + 2
    (code,) = some.summary.codes
    assert (code.code, code.level, code.rows) == ("TR-PHONE-FORMAT", Finding.ERROR, 1)


def test_both_rows_of_a_duplicate_name_each_other_and_the_first_is_taken(county: Desk) -> None:
    row = a_row(2)
    answer = county.bring(row, a_row(3), a_row(4, **cells_of(row)))
    assert [each.result for each in answer.verdicts] == [Result.APPLIED, Result.APPLIED, Result.REFUSED]
    assert [list(each.findings[0].others) if each.findings else [] for each in answer.verdicts] == [
        ["row 4"], [], ["row 2"],
    ]  # fmt: skip


def test_a_call_that_is_sent_again_is_answered_again(county: Desk, placement_database: Database) -> None:
    rows, once = [a_row()], request_id()
    first = county.bring(*rows, request_id=once)
    before = count(placement_database)
    assert county.bring(*rows, request_id=once) == first
    assert count(placement_database) == before
    with refused(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED"):
        county.bring(a_row(), request_id=once)


def test_who_is_not_of_the_unit_is_left_to_it_and_not_shown(unit: Desk, county: Desk) -> None:
    row = a_row(2, home_unit_credit_code=OTHER_UNIT)
    county.bring(row)
    answer = unit.bring(row, a_row(3))
    assert [each.result for each in answer.verdicts] == [Result.REFUSED, Result.APPLIED]
    assert found(answer) == ["PC-NOT-YOURS"]
    assert not answer.verdicts[0].commissioner
    assert "commissioners/" not in answer.verdicts[0].findings[0].message


def test_what_was_imported_is_in_the_trail(county: Desk) -> None:
    rows = [a_row(2), a_row(3, phone="1")]
    county.bring(*rows, request_id="the-imported-list")
    entries, token = [], ""
    while True:
        page = county.trail.ListPlacementTrail(
            audit_pb2.ListPlacementTrailRequest(resource="commissioners", page_size=1000, page_token=token)
        )
        entries += page.entries
        if not (token := page.next_page_token):
            break
    (entry,) = [each for each in entries if each.request_id == "the-imported-list"]
    assert entry.action == "placement.commissioner.import"
    assert '"applied": 1' in entry.detail
    assert not any(secret in str(entry) for row in rows for secret in (row.full_name, row.resident_id))


def test_as_many_rows_as_there_may_be_are_taken_in_one_call(county: Desk) -> None:
    answer = county.bring(*(a_row(place + 2) for place in range(MOST_ROWS)))
    assert (answer.summary.applied, len(answer.verdicts)) == (MOST_ROWS, MOST_ROWS)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"mode": 0}, "mode"),
        ({"request_id": "short"}, "request_id"),
        ({"rows": [a_row(3), a_row(3)]}, "rows[1].row_number"),
        ({"rows": [a_row(0)]}, "rows[0].row_number"),
        ({"rows": [pb.CommissionerRow(row_number=place + 1) for place in range(MOST_ROWS + 1)]}, "rows"),
        ({"unknown_columns": ["x"] * 101}, "unknown_columns"),
        ({"remarks": [Mode.FileRemark(code="TR-ID-CHECKSUM")]}, "remarks[0].code"),
        ({"remarks": [Mode.FileRemark(code="TR-FILE-TITLE", about="x" * 201)]}, "remarks[0].about"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_reader_would_send_is_refused(county: Desk, fields: dict[str, Any], field: str) -> None:
    values: dict[str, Any] = {"mode": Mode.CHECK_ONLY, "rows": [a_row()], "request_id": request_id(), **fields}
    with pytest.raises(grpc.RpcError) as error:
        county.imports.ImportCommissioners(pb.ImportCommissionersRequest(**values))
    assert [each.field for each in violations_of(error.value)] == [field]
