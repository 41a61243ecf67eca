"""What tests of the placement service do all the time: bring commissioners onto the register."""

from __future__ import annotations

import itertools
from typing import Any

import grpc
from liancai.placement.v1 import (
    assignments_pb2,
    assignments_pb2_grpc,
    audit_pb2_grpc,
    commissioners_pb2,
    commissioners_pb2_grpc,
    evaluations_pb2_grpc,
    events_pb2_grpc,
    imports_pb2,
    imports_pb2_grpc,
    jobs_pb2_grpc,
    placements_pb2,
    placements_pb2_grpc,
    plans_pb2_grpc,
    reasons_pb2_grpc,
    replanning_pb2_grpc,
    requests_pb2,
    requests_pb2_grpc,
    service_agreements_pb2,
    service_agreements_pb2_grpc,
    technology_transfers_pb2,
    technology_transfers_pb2_grpc,
    visits_pb2,
    visits_pb2_grpc,
)

from services.reference import credit_code
from tests.office import BUREAU, FILE, TODAY, Signed, request_id, somebody

CITY, COUNTY, SERVED = "370100", "370103", "371526"
HOME_UNIT = credit_code.make("12", "370103", "49557300")
OTHER_UNIT = credit_code.make("12", "370103", "49557400")
HOST = credit_code.make("91", "371526", "MA3C0001")
SENDER = credit_code.make("91", "370103", "MA3C0002")
ORGAN = credit_code.make("11", "370103", "00437001")
HOST_ORGAN = credit_code.make("11", "371526", "00437002")
AGRONOMY, VEGETABLES = "210", "2103020"

Kind = commissioners_pb2.Commissioner
Post = placements_pb2.Placement
_serial = itertools.count(1)
Agreement = service_agreements_pb2.ServiceAgreement
Role = Agreement.Signature
Assignment, Visit = assignments_pb2.Assignment, visits_pb2.Visit


class Desk:
    """Stubs of the placement service under one token."""

    def __init__(self, channel: grpc.Channel, token: str, language: str = "zh-CN") -> None:
        metadata = (("authorization", f"Bearer {token}"), ("accept-language", language))
        self.commissioners: Any = Signed(commissioners_pb2_grpc.CommissionersStub(channel), metadata)
        self.imports: Any = Signed(imports_pb2_grpc.CommissionerImportsStub(channel), metadata)
        self.requests: Any = Signed(requests_pb2_grpc.RequestsStub(channel), metadata)
        self.placements: Any = Signed(placements_pb2_grpc.PlacementsStub(channel), metadata)
        self.trail: Any = Signed(audit_pb2_grpc.PlacementTrailStub(channel), metadata)
        self.agreements: Any = Signed(service_agreements_pb2_grpc.ServiceAgreementsStub(channel), metadata)
        self.events: Any = Signed(events_pb2_grpc.DispatchEventsStub(channel), metadata)
        self.plans: Any = Signed(plans_pb2_grpc.PlansStub(channel), metadata)
        self.reasons: Any = Signed(reasons_pb2_grpc.PlanReasonsStub(channel), metadata)
        self.replanning: Any = Signed(replanning_pb2_grpc.ReplanningStub(channel), metadata)
        self.jobs: Any = Signed(jobs_pb2_grpc.PlacementJobsStub(channel), metadata)
        self.assignments: Any = Signed(assignments_pb2_grpc.AssignmentsStub(channel), metadata)
        self.visits: Any = Signed(visits_pb2_grpc.VisitsStub(channel), metadata)
        self.transfers: Any = Signed(technology_transfers_pb2_grpc.TechnologyTransfersStub(channel), metadata)
        self.evaluations: Any = Signed(evaluations_pb2_grpc.EvaluationsStub(channel), metadata)

    def apply(self, **fields: Any) -> commissioners_pb2.Commissioner:
        """Somebody who applies; `fields` change them."""
        request = commissioners_pb2.ApplyCommissionerRequest(
            commissioner=a_commissioner(**fields), request_id=request_id()
        )
        applied: commissioners_pb2.Commissioner = self.commissioners.ApplyCommissioner(request)
        return applied

    def step(self, verb: str, name: str, **fields: Any) -> commissioners_pb2.Commissioner:
        """One step of a commissioner's life: `Recommend`, `Vet`, `File` ..."""
        if verb == "File":
            fields = {"certificate_number": "鲁科特-1", "term_start": "2026-11-23", **fields}
        if verb in ("Refuse", "Withdraw"):
            fields = {"reason": "不符合条件", **fields}
        request = getattr(commissioners_pb2, f"{verb}CommissionerRequest")(
            name=name, **{"request_id": request_id(), **fields}
        )
        found: commissioners_pb2.Commissioner = getattr(self.commissioners, f"{verb}Commissioner")(request)
        return found

    def get(self, name: str) -> commissioners_pb2.Commissioner:
        """A commissioner as it is now."""
        found: commissioners_pb2.Commissioner = self.commissioners.GetCommissioner(
            commissioners_pb2.GetCommissionerRequest(name=name)
        )
        return found

    def bring(
        self,
        *rows: imports_pb2.CommissionerRow,
        mode: imports_pb2.ImportCommissionersRequest.Mode.ValueType = imports_pb2.ImportCommissionersRequest.VALID_ROWS,
        **fields: Any,
    ) -> imports_pb2.ImportCommissionersResponse:
        """A list of these rows; `fields` change the request."""
        request = imports_pb2.ImportCommissionersRequest(mode=mode, rows=rows, **{"request_id": request_id(), **fields})
        brought: imports_pb2.ImportCommissionersResponse = self.imports.ImportCommissioners(request)
        return brought

    def ask(self, **fields: Any) -> requests_pb2.Request:
        """A draft of a request; `fields` change it."""
        request = requests_pb2.CreateRequestRequest(request=a_request(**fields), request_id=request_id())
        made: requests_pb2.Request = self.requests.CreateRequest(request)
        return made

    def turn(self, verb: str, name: str, **fields: Any) -> requests_pb2.Request:
        """One step of a request's life: `SubmitRequest`, `MarkUnserved` ..."""
        kind = getattr(requests_pb2, f"{verb}Request")
        if "reason" in kind.DESCRIPTOR.fields_by_name:
            fields = {"reason": "说明理由", **fields}
        found: requests_pb2.Request = getattr(self.requests, verb)(
            kind(name=name, **{"request_id": request_id(), **fields})
        )
        return found

    def agree(self, commissioner: str, **fields: Any) -> Agreement:
        """A draft of an agreement; `fields` change it."""
        request = service_agreements_pb2.CreateServiceAgreementRequest(
            service_agreement=an_agreement(commissioner, **fields), request_id=request_id()
        )
        made: Agreement = self.agreements.CreateServiceAgreement(request)
        return made

    def sign(self, name: str, *roles: Any, **fields: Any) -> Agreement:
        """Notes today's signature of these parties, or of all three."""
        found: Agreement = self.agreements.GetServiceAgreement(
            service_agreements_pb2.GetServiceAgreementRequest(name=name)
        )
        values = {"sign_date": TODAY.isoformat(), "file_sha256": FILE, **fields}
        for role in roles or [each.role for each in found.signatures]:
            request = service_agreements_pb2.SignServiceAgreementRequest(
                name=name, role=role, request_id=request_id(), **values
            )
            found = self.agreements.SignServiceAgreement(request)
        return found

    def move(self, verb: str, name: str, **fields: Any) -> Agreement:
        """One step of an agreement's life: `File`, `Terminate` ..."""
        kind = getattr(service_agreements_pb2, f"{verb}ServiceAgreementRequest")
        if "reason" in kind.DESCRIPTOR.fields_by_name:
            fields = {"reason": "说明理由", **fields}
        found: Agreement = getattr(self.agreements, f"{verb}ServiceAgreement")(
            kind(name=name, **{"request_id": request_id(), **fields})
        )
        return found

    def assign(self, request: str, commissioner: str, *days: str, **fields: Any) -> Assignment:
        """A commissioner for a request, by hand, on the first two days of December unless others are given."""
        assignment = Assignment(
            request=request, commissioner=commissioner, days=days or ("2026-12-01", "2026-12-02"), **fields
        )
        made: Assignment = self.assignments.CreateAssignment(
            assignments_pb2.CreateAssignmentRequest(assignment=assignment, request_id=request_id())
        )
        return made

    def answer(self, verb: str, name: str, **fields: Any) -> Assignment:
        """One step of an assignment's life: `Accept`, `Decline`, `Cancel`, `Rate`."""
        kind = getattr(assignments_pb2, f"{verb}AssignmentRequest")
        if "reason" in kind.DESCRIPTOR.fields_by_name:
            fields = {"reason": "说明理由", **fields}
        if verb == "Rate":
            fields = {"rating": Assignment.SATISFIED, **fields}
        found: Assignment = getattr(self.assignments, f"{verb}Assignment")(
            kind(name=name, **{"request_id": request_id(), **fields})
        )
        return found

    def log(self, assignment: str, **fields: Any) -> Visit:
        """A visit in the log; `fields` change it."""
        request = visits_pb2.LogVisitRequest(visit=a_visit(assignment, **fields), request_id=request_id())
        made: Visit = self.visits.LogVisit(request)
        return made

    def see(self, verb: str, name: str, **fields: Any) -> Visit:
        """One step of a visit's life: `Confirm`, `Dispute`, `Countersign`."""
        kind = getattr(visits_pb2, f"{verb}VisitRequest")
        if "reason" in kind.DESCRIPTOR.fields_by_name:
            fields = {"reason": "说明理由", **fields}
        found: Visit = getattr(self.visits, f"{verb}Visit")(kind(name=name, **{"request_id": request_id(), **fields}))
        return found

    def place(self, **fields: Any) -> placements_pb2.Placement:
        """A draft of a placement; `fields` change it."""
        request = placements_pb2.CreatePlacementRequest(placement=a_placement(**fields), request_id=request_id())
        made: placements_pb2.Placement = self.placements.CreatePlacement(request)
        return made

    def act(self, verb: str, name: str, **fields: Any) -> placements_pb2.Placement:
        """One step of a placement's life: `Submit`, `Approve`, `Begin` ..."""
        if verb in ("Return", "Extend", "Cancel"):
            fields = {"reason": "说明理由", **fields}
        request = getattr(placements_pb2, f"{verb}PlacementRequest")(
            name=name, **{"request_id": request_id(), **fields}
        )
        found: placements_pb2.Placement = getattr(self.placements, f"{verb}Placement")(request)
        return found


def file(unit: Desk, county: Desk, city: Desk, **fields: Any) -> commissioners_pb2.Commissioner:
    """A commissioner on the register."""
    name = unit.apply(**fields).name
    unit.step("Recommend", name)
    county.step("Vet", name)
    city.step("Endorse", name)
    return city.step("File", name)


def a_commissioner(**fields: Any) -> commissioners_pb2.Commissioner:
    """A good application of somebody new; `fields` change it."""
    person = somebody()
    values: dict[str, Any] = {
        "kind": Kind.INDIVIDUAL,
        "direction": Kind.FORWARD,
        "field": Kind.AGRICULTURE,
        "full_name": person.full_name,
        "resident_id": person.resident_id,
        "phone": person.phone,
        "disciplines": [commissioners_pb2.Discipline(code=AGRONOMY, level=2)],
        "home_unit_credit_code": HOME_UNIT,
        "home_unit_name": "市中区样例农业科学研究所",
        "title": Kind.INTERMEDIATE,
        "education": Kind.MASTER,
        "division": COUNTY,
        "partner_division": SERVED,
        "home_place": COUNTY,
        "days_a_year": 40,
    }
    if fields.get("kind", Kind.INDIVIDUAL) != Kind.INDIVIDUAL:
        for name in ("full_name", "resident_id", "title", "education"):
            del values[name]
    if fields.get("kind") == Kind.TEAM:
        del values["phone"]
    return commissioners_pb2.Commissioner(**{**values, **fields})


def a_row(row_number: int = 2, **cells: str) -> imports_pb2.CommissionerRow:
    """A good row of a list, about somebody new; `cells` change it."""
    person = somebody()
    values: dict[str, Any] = {
        "kind": "个人",
        "direction": "正向",
        "field": "农业",
        "full_name": person.full_name,
        "resident_id": person.resident_id,
        "phone": person.phone,
        "disciplines": "210=2、2103020=1",
        "home_unit_name": "市中区样例农业科学研究所",
        "home_unit_credit_code": HOME_UNIT,
        "title": "农艺师",
        "education": "硕士研究生",
        "division": COUNTY,
        "partner_division": SERVED,
        "home_place": COUNTY,
        "days_a_year": "40",
    }
    return imports_pb2.CommissionerRow(row_number=row_number, **{**values, **cells})


def a_group_row(row_number: int = 2, **cells: str) -> imports_pb2.CommissionerRow:
    """A good row about a unit as a whole; `cells` change it."""
    none = dict.fromkeys(("full_name", "resident_id", "title", "education"), "")
    return a_row(row_number, **{**none, "kind": "法人", "group_name": f"样例研究所{next(_serial)}", **cells})


def a_request(**fields: Any) -> requests_pb2.Request:
    """A good request of a host in Gaotang; `fields` change it."""
    values: dict[str, Any] = {
        "kind": requests_pb2.Request.ON_SITE_GUIDANCE,
        "problem": "大棚番茄裂果",
        "discipline": commissioners_pb2.Discipline(code=VEGETABLES, level=2),
        "host_credit_code": HOST,
        "host_name": "高唐样例种植专业合作社",
        "division": SERVED,
        "partner_division": COUNTY,
        "place": f"{SERVED}001",
        "window_start": "2026-12-01",
        "window_end": "2026-12-31",
        "working_days": 2,
        "priority": 1,
    }
    return requests_pb2.Request(**{**values, **fields})


def an_agreement(commissioner: str, **fields: Any) -> Agreement:
    """A good agreement with the cooperative in Gaotang, a framework with the county's bureau; `fields` change it."""
    values: dict[str, Any] = {
        "kind": Agreement.SINGLE_HOST,
        "commissioner": commissioner,
        "host_credit_code": HOST,
        "host_name": "高唐样例种植专业合作社",
        "division": SERVED,
        "valid_from": "2026-12-01",
        "valid_to": "2027-11-30",
        "services": [Agreement.TECHNICAL_GUIDANCE, Agreement.TRAINING],
        "min_days_a_year": 20,
        "deliverables": "大棚番茄高产技术规程一份，培训不少于四次",
        "expense_bearer": Agreement.SENDING_UNIT,
        "insurance_bearer": Agreement.SENDING_UNIT,
        "exit_terms": "提前三十日书面通知",
        "file_sha256": FILE,
    }
    if fields.get("kind") == Agreement.FRAMEWORK:
        del values["host_credit_code"], values["host_name"]
        values |= {"bureau_credit_code": BUREAU, "bureau_name": "高唐县样例科学技术局"}
    return Agreement(**{**values, **fields})


def a_visit(assignment: str, **fields: Any) -> Visit:
    """A good visit of today in Gaotang; `fields` change it."""
    values: dict[str, Any] = {
        "assignment": assignment,
        "day": TODAY.isoformat(),
        "start": "09:00",
        "end": "16:30",
        "place": f"{SERVED}001",
        "category": Visit.ON_SITE_GUIDANCE,
        "problem": "大棚番茄裂果",
        "measure": "调整浇水间隔，补施钙肥",
        "result": "裂果率下降",
        "beneficiaries": 12,
        "photo_sha256": [FILE],
    }
    return Visit(**{**values, **fields})


def a_transfer(commissioner: str, **fields: Any) -> technology_transfers_pb2.RecordTechnologyTransferRequest:
    """A good transfer to the cooperative in Gaotang, or to the host of an assignment; `fields` change it."""
    host = {"host_credit_code": HOST, "host_name": "高唐样例种植专业合作社", "division": SERVED}
    values: dict[str, Any] = {
        "commissioner": commissioner,
        "title": "番茄水肥一体化技术",
        "stage": technology_transfers_pb2.TechnologyTransfer.MATCHED,
        "stage_date": TODAY.isoformat(),
        **({} if "assignment" in fields else host),
    }
    transfer = technology_transfers_pb2.TechnologyTransfer(**{**values, **fields})
    return technology_transfers_pb2.RecordTechnologyTransferRequest(
        technology_transfer=transfer, request_id=request_id()
    )


def accepted(served: Desk, **fields: Any) -> str:
    """A request that waits for a commissioner."""
    name = served.ask(**fields).name
    served.turn("SubmitRequest", name)
    return served.turn("AcceptRequest", name).name


def dispatchable(unit: Desk, county: Desk, city: Desk, served: Desk, **fields: Any) -> str:
    """A commissioner on the register with an agreement in force for the cooperative in Gaotang."""
    name = file(unit, county, city, **fields).name
    agreement = unit.agree(name, valid_from=TODAY.isoformat(), valid_to="2027-11-22").name
    county.sign(agreement)
    served.move("File", agreement)
    return name


def a_placement(**fields: Any) -> placements_pb2.Placement:
    """A good exchange of somebody new, from an enterprise of Shizhong to the host in Gaotang; `fields` change it."""
    person = somebody()
    values: dict[str, Any] = {
        "kind": Post.EXCHANGE,
        "full_name": person.full_name,
        "resident_id": person.resident_id,
        "phone": person.phone,
        "home_unit_credit_code": SENDER,
        "home_unit_name": "市中区样例机械有限公司",
        "division": COUNTY,
        "host_credit_code": HOST,
        "host_name": "高唐样例种植专业合作社",
        "host_division": SERVED,
        "post": "设备工程师",
        "start_date": "2026-11-20",
        "end_date": "2027-11-19",
        "agreement": Post.Agreement(title="人才互换协议", sha256=FILE, signed_on="2026-11-18"),
        "pay_bearer": Post.HOST_UNIT,
        "injury_bearer": Post.HOME_UNIT,
    }
    return placements_pb2.Placement(**{**values, **fields})
