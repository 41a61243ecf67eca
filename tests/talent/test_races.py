"""Many at once: one step is begun once, receipts are given out once, versions never overlap, events never skip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import grpc
from liancai.talent.v1 import catalogue_pb2
from sqlalchemy import text

from services.platform.database import Database
from services.talent.catalogue import document
from services.talent.rules import receipt
from tests.office import request_id
from tests.statuses import info_of
from tests.talent.desk import Desk, a_case, stamp

CROWD = 16


def crowd(*calls: Callable[[], Any]) -> list[Any]:
    """What each came to, all begun at once: an answer, or the reason of a refusal."""

    def one(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except grpc.RpcError as refused:
            return info_of(refused)[0]

    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result(timeout=60) for done in [pool.submit(one, call) for call in calls]]


def test_of_many_who_begin_one_step_one_does(desk: Desk, talent_database: Database) -> None:
    case = desk.open("pension")
    name = f"{case.name}/matters/pension/steps/check"
    found = crowd(*[lambda: desk.act("StartStep", name)] * CROWD)
    assert Counter(each if isinstance(each, str) else "begun" for each in found) == {
        "begun": 1,
        "STEP_STATE": CROWD - 1,
    }
    with talent_database.reading() as session:
        numbers = session.execute(
            text("SELECT number FROM outbox_event WHERE subject = :name ORDER BY sequence"), {"name": case.name}
        ).scalars()
        assert list(numbers) == [1, 2, 3, 4]  # opened, matter begun, step ready, step started


def test_acts_on_steps_of_one_case_count_its_events_without_a_gap(desk: Desk, talent_database: Database) -> None:
    case = desk.open("pension", "archive", "residence_permit", "hukou", "spouse_job")
    firsts = [f"{step.name}" for matter in case.matters for step in matter.steps if step.state == 2]
    found = crowd(*[lambda name=name: desk.act("StartStep", name) for name in firsts])
    assert not [each for each in found if isinstance(each, str)]
    with talent_database.reading() as session:
        numbers = (
            session.execute(
                text("SELECT number FROM outbox_event WHERE subject = :name ORDER BY number"), {"name": case.name}
            )
            .scalars()
            .all()
        )
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(firsts) > 4


def test_receipts_of_a_day_are_given_out_once_and_in_a_row(desk: Desk) -> None:
    day = {"occur_time": stamp("2026-03-04"), "late_reason": "补录"}
    found = crowd(*[lambda: desk.cases.OpenCase(a_case("pension", **day))] * CROWD)
    numbers = sorted(receipt.parse(case.name.partition("/")[2]).sequence for case in found)
    assert numbers == list(range(1, CROWD + 1))


def test_of_two_versions_published_at_once_one_is_in_force(desk: Desk, talent_database: Database) -> None:
    drafts = [
        desk.catalogues.CreateCatalogue(
            catalogue_pb2.CreateCatalogueRequest(content=document(), source=f"样例{n}", request_id=request_id())
        ).name
        for n in range(6)
    ]

    def publish(name: str) -> Any:
        return desk.catalogues.PublishCatalogue(
            catalogue_pb2.PublishCatalogueRequest(
                name=name, valid_from="2099-06-01", reason="新版", request_id=request_id()
            )
        )

    found = crowd(*[lambda name=name: publish(name) for name in drafts])
    assert Counter(each if isinstance(each, str) else "published" for each in found) == {
        "published": 1,
        "CATALOGUE_OVERLAP": len(drafts) - 1,
    }
    with talent_database.reading() as session:
        spans = session.execute(
            text("SELECT valid_from, valid_to FROM catalogues WHERE valid_from IS NOT NULL ORDER BY valid_from")
        ).all()
    assert all(str(before[1]) < str(after[0]) for before, after in pairwise(spans))
    assert spans[-1][1] is None
