"""What tests of placements do all the time: enter them, have them approved, ask what rules find."""

from __future__ import annotations

from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import status_pb2
from liancai.common.v1 import types_pb2
from liancai.placement.v1 import placements_pb2 as pb

from tests.office import FILE, request_id
from tests.placement.desk import (
    HOME_UNIT,
    HOST_ORGAN,
    ORGAN,
    Desk,
)
from tests.statuses import status_of

Post = pb.Placement
SECONDMENT: dict[str, Any] = {
    "kind": Post.SECONDMENT,
    "home_unit_credit_code": ORGAN,
    "home_unit_name": "市中区样例局",
    "host_credit_code": HOST_ORGAN,
    "host_name": "高唐县样例局",
    "post": "副局长（挂职）",
    "approval_number": "市中组〔2026〕1号",
    "approving_unit": "市中区委组织部",
    "agreement": None,
}
INTERNSHIP: dict[str, Any] = {
    "kind": Post.INTERNSHIP,
    "home_unit_credit_code": HOME_UNIT,
    "home_unit_name": "市中区样例职业学校",
    "post": "数控操作实习",
    "end_date": "2027-05-19",
    "documents": [Post.Document(kind=Post.Document.INSURANCE, sha256=FILE)],
    "school": Post.VOCATIONAL,
    "study_months": 36,
    "host_staff": 100,
    "host_interns": 10,
}


def update(desk: Desk, placement: pb.Placement, *paths: str) -> pb.Placement:
    request = pb.UpdatePlacementRequest(
        placement=placement, update_mask=FieldMask(paths=paths), request_id=request_id()
    )
    found: pb.Placement = desk.placements.UpdatePlacement(request)
    return found


def get(desk: Desk, name: str) -> pb.Placement:
    found: pb.Placement = desk.placements.GetPlacement(pb.GetPlacementRequest(name=name))
    return found


def explain(desk: Desk, name: str) -> pb.ExplainPlacementResponse:
    found: pb.ExplainPlacementResponse = desk.placements.ExplainPlacement(pb.ExplainPlacementRequest(name=name))
    return found


def outcome(said: pb.ExplainPlacementResponse, code: str) -> str:
    (found,) = (each for each in said.verdicts if each.code == code)
    return types_pb2.RuleVerdict.Outcome.Name(found.outcome)


def report(desk: Desk, name: str, first: str, last: str, **fields: Any) -> pb.PlacementReport:
    said = pb.PlacementReport(first_day=first, last_day=last, **{"text": "调试生产线", **fields})
    request = pb.AddPlacementReportRequest(name=name, request_id=request_id(), report=said)
    found: pb.PlacementReport = desk.placements.AddPlacementReport(request)
    return found


def approved(home: Desk, host: Desk, officer: Desk, **fields: Any) -> pb.Placement:
    """A placement that may begin."""
    name = home.place(**fields).name
    home.act("Submit", name)
    host.act("Consent", name)
    return officer.act("Approve", name)


def findings_of(error: BaseException) -> dict[str, types_pb2.Finding]:
    found = {}
    status: status_pb2.Status = status_of(error)
    for detail in status.details:
        finding = types_pb2.Finding()
        if detail.Unpack(finding):
            found[finding.code] = finding
    return found
