"""Many at once: one person is on the way to the register once, one step is taken once, one text is signed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.placement.v1 import service_agreements_pb2 as agreements_pb2
from liancai.placement.v1.imports_pb2 import CommissionerVerdict as Result
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from services.placement.tables import Base, CommissionerRow, ServiceAgreementSignatureRow
from services.platform.database import Database
from tests.office import request_id, somebody
from tests.placement.desk import Agreement, Desk, Role, a_group_row, a_row, file
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


def test_of_three_who_sign_at_once_the_last_one_makes_it_signed(served: Desk, unit: Desk) -> None:
    name = served.agree(unit.apply().name).name
    roles = [Role.SENDING_UNIT, Role.COMMISSIONER, Role.HOST]
    found = crowd(*[lambda role=role: served.sign(name, role) for role in roles * 5])
    assert not [each for each in found if isinstance(each, str)]
    signed = served.sign(name, Role.HOST)
    assert signed.state == Agreement.SIGNED
    assert all(each.sign_date for each in signed.signatures)


def test_of_many_who_file_one_agreement_one_does(served: Desk, unit: Desk, county: Desk, city: Desk) -> None:
    name = served.agree(file(unit, county, city).name).name
    served.sign(name)
    found = crowd(*[lambda: served.move("File", name)] * CROWD)
    assert counted(found) == {"done": 1, "SERVICE_AGREEMENT_STATE": CROWD - 1}


def test_what_is_signed_while_the_text_changes_is_the_new_text_or_is_signed_no_more(
    served: Desk, unit: Desk, placement_database: Database
) -> None:
    name = served.agree(unit.apply().name).name
    roles = [Role.SENDING_UNIT, Role.COMMISSIONER, Role.HOST]

    def rewrite(days: int) -> None:
        wished = Agreement(name=name, min_days_a_year=days)
        served.agreements.UpdateServiceAgreement(
            agreements_pb2.UpdateServiceAgreementRequest(
                service_agreement=wished, update_mask=FieldMask(paths=["min_days_a_year"]), request_id=request_id()
            )
        )

    calls = [lambda role=role: served.sign(name, role) for role in roles * 4]
    calls += [lambda days=days: rewrite(days) for days in (21, 22, 23, 24)]
    found = crowd(*calls)
    assert not [each for each in found if isinstance(each, str)]
    # every signature that stands was noted after the last change of the text
    outbox = Base.metadata.tables["outbox_event"].c
    with placement_database.reading() as session:
        wanted = select(outbox.type, outbox.data).where(outbox.subject == name).order_by(outbox.sequence)
        events = [(kind.rpartition(".")[2], data) for kind, data in session.execute(wanted)]
    last = max(place for place, (kind, _) in enumerate(events) if kind == "updated")
    after = {data["role"] for kind, data in events[last:] if kind != "updated"}
    now = served.agreements.GetServiceAgreement(agreements_pb2.GetServiceAgreementRequest(name=name))
    assert {Role.Role.Name(each.role) for each in now.signatures if each.sign_date} == after
    assert (now.state == Agreement.SIGNED) is (len(after) == 3)


def test_a_party_cannot_sign_twice_where_nobody_looks_first(
    served: Desk, unit: Desk, placement_database: Database
) -> None:
    """The guard under the guard."""
    name = served.agree(unit.apply().name).name
    served.sign(name, Role.HOST)
    columns = ", ".join(each.name for each in ServiceAgreementSignatureRow.__table__.columns)
    again = text(
        f"INSERT INTO service_agreement_signatures ({columns}) SELECT {columns} FROM service_agreement_signatures"
        " WHERE agreement_id = :id"
    )
    with pytest.raises(IntegrityError), placement_database.writing_engine.begin() as connection:
        connection.execute(again, {"id": name.partition("/")[2]})
