"""Cases over the wire: opened, read, changed, ended; who sees what, what happens twice."""

from __future__ import annotations

from liancai.talent.v1 import cases_pb2 as pb
from liancai.talent.v1 import matters_pb2

from tests.talent.desk import Desk, states_of


def test_a_case_is_opened_with_whatever_can_begin_begun(desk: Desk) -> None:
    case = desk.open("anchor_enrol", "pension", "medical")
    assert case.state == pb.Case.OPEN
    assert states_of(case, "anchor_enrol")["contract"] == "READY"
    assert set(states_of(case, "pension").values()) == {"PENDING"}
    assert case.matters[1].state == matters_pb2.Matter.WAITING
    assert list(case.matters[1].waits_for) == ["anchor_enrol"]
    assert desk.case(case.name) == case


def test_matters_follow_one_another_to_the_end(desk: Desk) -> None:
    case = desk.open("anchor_enrol", "pension")
    for key in ("contract", "report", "enrol", "gap_check"):
        desk.finish(f"{case.name}/matters/anchor_enrol/steps/{key}")
    case = desk.case(case.name)
    assert case.matters[0].state == matters_pb2.Matter.DONE
    assert states_of(case, "pension")["check"] == "READY"
    step = f"{case.name}/matters/pension/steps"
    desk.finish(f"{step}/check", outcome="needed")
    desk.finish(f"{step}/review", outcome="accepted")
    for key in ("out", "in"):
        desk.finish(f"{step}/{key}")
    case = desk.case(case.name)
    assert case.matters[1].state == matters_pb2.Matter.DONE
