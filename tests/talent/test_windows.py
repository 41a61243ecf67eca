"""A matter waits for its window and begins by itself on the day it opens, once, however many replicas there are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from liancai.talent.v1 import cases_pb2 as pb
from liancai.talent.v1 import catalogue_pb2, matters_pb2

from services.platform.database import Database
from services.talent.cases.windows import Windows
from services.talent.casework.editions import Editions
from services.talent.catalogue import document
from tests.office import request_id
from tests.talent.desk import CHILD, Desk, states_of

CHILDREN = [pb.FamilyMember(kind=CHILD)]


def state_of(desk: Desk, case: pb.Case) -> str:
    return matters_pb2.Matter.State.Name(desk.case(case.name).matters[0].state)


@pytest.fixture(scope="module")
def with_a_window(desk: Desk, talent_database: Database) -> None:
    """A catalogue in force whose children may be enrolled from 1 June to 31 August."""
    text = document().replace("  opens: null\n  closes: null\n", "  opens: 06-01\n  closes: 08-31\n", 1)
    made = desk.catalogues.CreateCatalogue(
        catalogue_pb2.CreateCatalogueRequest(content=text, source="样例", request_id=request_id())
    )
    today = talent_database.clock().date().isoformat()
    desk.catalogues.PublishCatalogue(
        catalogue_pb2.PublishCatalogueRequest(name=made.name, valid_from=today, reason="窗口", request_id=request_id())
    )


def test_a_window_that_nobody_knows_keeps_nobody(desk: Desk) -> None:
    case = desk.open("school_new-1", family=CHILDREN)
    assert state_of(desk, case) == "RUNNING"


@pytest.mark.usefixtures("with_a_window")
def test_a_matter_waits_for_its_window(desk: Desk, talent_database: Database) -> None:
    case = desk.open("school_new-1", family=CHILDREN)
    assert state_of(desk, case) == "WAITING"
    rounds = Windows(talent_database, Editions())
    rounds.run(talent_database.clock())
    assert state_of(desk, case) == "WAITING", "it is November"
    kept, talent_database.clock = talent_database.clock, lambda: datetime(2027, 6, 1, 1, tzinfo=UTC)
    try:
        for _ in range(2):
            rounds.run(talent_database.clock())
    finally:
        talent_database.clock = kept
    assert state_of(desk, case) == "RUNNING"
    assert states_of(desk.case(case.name), "school_new-1")["intake"] == "READY"
