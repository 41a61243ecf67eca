"""What tests of plans do all the time: people who could go, requests that wait, a draft, a job that works it out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from liancai.common.v1 import job_pb2
from liancai.placement.v1 import commissioners_pb2, service_agreements_pb2
from liancai.placement.v1 import plans_pb2 as pb

from services.placement.jobs import KINDS
from services.placement.tables import JOBS
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.ids import new_id
from services.platform.job_process import Run, do
from tests.office import request_id
from tests.placement.desk import COUNTY, SERVED, Desk, file

FRAMEWORK = service_agreements_pb2.ServiceAgreement.FRAMEWORK
COUNTS = {"rounds": 40, "steps": 320}

_codes = count(110)


def fresh_discipline() -> str:
    """A discipline that no other test has."""
    return str(next(_codes))


@dataclass(frozen=True)
class Desks:
    """Everybody who has a part in a plan. `second` is another officer of the county that is served."""

    unit: Desk
    county: Desk
    city: Desk
    served: Desk
    second: Desk
    database: Database

    def expert(self, code: str, level: int = 3, *, agreed: bool = True, **fields: Any) -> str:
        """The name of somebody on the register, with an agreement for every host of Gaotang."""
        skill = commissioners_pb2.Discipline(code=code, level=level)
        name = file(self.unit, self.county, self.city, disciplines=[skill], **fields).name
        if agreed:
            self.agree(name)
        return name

    def agree(self, commissioner: str, **fields: Any) -> str:
        """The name of an agreement that is in force from December on, a framework unless `fields` say otherwise."""
        values = {"kind": FRAMEWORK, **fields}
        agreement = self.served.agree(commissioner, **values).name
        self.served.sign(agreement)
        return self.served.move("File", agreement, filing_number="高科备〔2026〕1号").name

    def wanted(self, code: str, level: int = 1, **fields: Any) -> str:
        """The name of a request that is accepted."""
        skill = commissioners_pb2.Discipline(code=code, level=level)
        name = self.served.ask(discipline=skill, **fields).name
        self.served.turn("SubmitRequest", name)
        return self.served.turn("AcceptRequest", name).name

    def draft(self, *codes: str, **fields: Any) -> pb.Plan:
        """A draft for December about these disciplines; `fields` change it."""
        request = pb.CreatePlanRequest(plan=a_plan(*codes, **fields), request_id=request_id())
        made: pb.Plan = self.served.plans.CreatePlan(request)
        return made

    def ask(self, name: str, **limits: Any) -> str:
        """Asks for a job; its name."""
        asked = pb.SolvePlanRequest(name=name, limits=pb.SolveLimits(**(limits or COUNTS)), request_id=request_id())
        return str(self.served.plans.SolvePlan(asked).job)

    def solve(self, name: str, **limits: Any) -> job_pb2.Job:
        """Has a plan worked out; the job, ended."""
        job = self.ask(name, **limits)
        self.do_next()
        ended: job_pb2.Job = self.served.jobs.GetJob(job_pb2.GetJobRequest(name=job))
        return ended

    def solved(self, *codes: str, **fields: Any) -> pb.Plan:
        """A draft that is worked out."""
        name = self.draft(*codes, **fields).name
        job = self.solve(name)
        assert job.state == job_pb2.Job.SUCCEEDED, job
        return self.get(name)

    def do_next(self) -> None:
        """Does the oldest job."""
        do(self.next_run(), KINDS)

    def away(self, commissioner: str, first: str, last: str) -> None:
        """Notes that somebody is away."""
        absence = commissioners_pb2.Absence(first_day=first, last_day=last)
        request = commissioners_pb2.SetAvailabilityRequest(
            name=commissioner, absences=[absence], request_id=request_id()
        )
        self.county.commissioners.SetAvailability(request)

    def next_run(self) -> Run:
        """Takes the oldest job, as a process does."""
        call = Call.by_system("placement", "placement.plan.solve", SERVED)
        row = self.database.write_again(call, lambda tx: JOBS.claim(tx, tuple(KINDS.kinds), new_id()))
        assert row is not None
        return Run(self.database, "placement", JOBS, row, threading.Event())

    def get(self, name: str) -> pb.Plan:
        """A plan as it is now."""
        found: pb.Plan = self.served.plans.GetPlan(pb.GetPlanRequest(name=name))
        return found

    def visits(self, name: str) -> list[pb.PlanVisit]:
        """Its visits."""
        return list(self.served.plans.ListPlanVisits(pb.ListPlanVisitsRequest(name=name, page_size=1000)).visits)

    def unserved(self, name: str) -> dict[str, str]:
        """The cause of each request that is not served."""
        rows = self.served.plans.ListPlanUnserved(pb.ListPlanUnservedRequest(name=name, page_size=1000)).unserved
        return {each.request: pb.PlanUnserved.Cause.Name(each.cause) for each in rows}

    def pin(self, name: str, request: str, commissioner: str, *days: str) -> pb.Plan:
        """A pin."""
        asked = pb.PinVisitRequest(
            name=name,
            request=request,
            commissioner=commissioner,
            days=days,
            reason="已与企业约定",
            request_id=request_id(),
        )
        pinned: pb.Plan = self.served.plans.PinVisit(asked)
        return pinned

    def ban(self, name: str, request: str, commissioner: str) -> pb.Plan:
        """A ban."""
        asked = pb.BanPairRequest(
            name=name, request=request, commissioner=commissioner, reason="需回避", request_id=request_id()
        )
        banned: pb.Plan = self.served.plans.BanPair(asked)
        return banned

    def turn(self, verb: str, name: str, desk: Desk | None = None, **fields: Any) -> pb.Plan:
        """One step of a plan's life: `ReviewPlan` by the second officer, others by the first."""
        kind = getattr(pb, f"{verb}Request")
        if "reason" in kind.DESCRIPTOR.fields_by_name:
            fields = {"reason": "说明理由", **fields}
        by = desk or (self.second if verb == "ReviewPlan" else self.served)
        found: pb.Plan = getattr(by.plans, verb)(kind(name=name, **{"request_id": request_id(), **fields}))
        return found

    def export(self, name: str) -> Iterator[bytes]:
        """The parts of a plan's export."""
        for part in self.served.plans.ExportPlan(pb.ExportPlanRequest(name=name)):
            yield part.chunk


def a_plan(*codes: str, **fields: Any) -> pb.Plan:
    """A good draft; `fields` change it."""
    values: dict[str, Any] = {
        "title": "十二月派驻计划",
        "division": SERVED,
        "partner_division": COUNTY,
        "disciplines": codes,
        "first_day": "2026-12-01",
        "last_day": "2026-12-31",
    }
    return pb.Plan(**{**values, **fields})
