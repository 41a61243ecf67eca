"""What tests of the talent service do all the time: open cases and bring them along."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from liancai.talent.v1 import (
    audit_pb2_grpc,
    cases_pb2,
    cases_pb2_grpc,
    catalogue_pb2_grpc,
    matters_pb2,
    recalculation_pb2_grpc,
    steps_pb2,
    steps_pb2_grpc,
    worklist_pb2_grpc,
)

from services.reference import credit_code
from tests.office import Signed, request_id, somebody

EMPLOYER = credit_code.make("91", "371526", "MA3C0001")
JINAN, GAOTANG = "370103", "371526"
CHILD, SPOUSE = cases_pb2.FamilyMember.CHILD, cases_pb2.FamilyMember.SPOUSE


class Desk:
    """Stubs of the talent service under one token."""

    def __init__(self, channel: grpc.Channel, token: str, language: str = "zh-CN") -> None:
        metadata = [("accept-language", language)]
        if token:
            metadata.append(("authorization", f"Bearer {token}"))
        self.catalogues: Any = Signed(catalogue_pb2_grpc.CataloguesStub(channel), metadata)
        self.cases: Any = Signed(cases_pb2_grpc.CasesStub(channel), metadata)
        self.steps: Any = Signed(steps_pb2_grpc.StepsStub(channel), metadata)
        self.worklist: Any = Signed(worklist_pb2_grpc.WorklistStub(channel), metadata)
        self.recalculations: Any = Signed(recalculation_pb2_grpc.RecalculationsStub(channel), metadata)
        self.trail: Any = Signed(audit_pb2_grpc.CaseTrailStub(channel), metadata)

    def open(self, *matters: str, **fields: Any) -> cases_pb2.Case:
        """A case with these matters, `school_new-1` for the first member of the family."""
        opened: cases_pb2.Case = self.cases.OpenCase(a_case(*matters, **fields))
        return opened

    def case(self, name: str) -> cases_pb2.Case:
        """A case as it is now."""
        found: cases_pb2.Case = self.cases.GetCase(cases_pb2.GetCaseRequest(name=name))
        return found

    def act(self, verb: str, name: str, **fields: Any) -> matters_pb2.Step:
        """One verb on a step: `Receive`, `Start`, `Complete` ... `at` is when it happened."""
        if at := fields.pop("at", None):
            fields |= {"occur_time": stamp(at), "late_reason": "补录"}
        request = getattr(steps_pb2, f"{verb}Request")(name=name, request_id=request_id(), **fields)
        step: matters_pb2.Step = getattr(self.steps, verb)(request)
        return step

    def finish(self, name: str, *, at: str = "", outcome: str = "") -> matters_pb2.Step:
        """Starts and completes a step, with whatever its result wants."""
        more: dict[str, Any] = {"at": at} if at else {}
        step = step_of(self.case(name.partition("/matters/")[0]), name)
        if step.state != matters_pb2.Step.RUNNING:
            step = self.act("StartStep", name, **more)
        chosen = outcome or (step.outcomes[0] if step.outcomes else "")
        return self.act("CompleteStep", name, outcome=chosen, result=self.result_of(name), **more)

    def result_of(self, name: str) -> dict[str, str]:
        """A result that the catalogue takes, for a step."""
        from services.talent.catalogue import shipped

        matter, key = name.split("/")[3].partition("-")[0], name.split("/")[5]
        values = {"TEXT": "样例", "DATE": "2026-11-20", "INTEGER": "3", "FLAG": "true"}
        return {each.key: values[each.type] for each in shipped().matter(matter).step(key).result}


def a_case(*matters: str, **fields: Any) -> cases_pb2.OpenCaseRequest:
    """A good request for a case; `fields` change it."""
    person = somebody()
    chosen = [each.partition("-") for each in matters or ("pension",)]
    values: dict[str, Any] = {
        "origin": JINAN,
        "destination": GAOTANG,
        "talent": cases_pb2.Talent(full_name=person.full_name, resident_id=person.resident_id, phone=person.phone),
        "employer_credit_code": EMPLOYER,
        "employer_name": "高唐样例机械有限公司",
        "brought_by": "orders/20261100001",
        "matters": [cases_pb2.MatterChoice(type=kind, member=int(member or 0)) for kind, _, member in chosen],
        "request_id": request_id(),
    }
    if at := fields.pop("at", None):
        fields |= {"occur_time": stamp(at), "late_reason": "补录"}
    return cases_pb2.OpenCaseRequest(**{**values, **fields})


def step_of(case: cases_pb2.Case, name: str) -> matters_pb2.Step:
    """The step of this name."""
    return next(step for matter in case.matters for step in matter.steps if step.name == name)


def states_of(case: cases_pb2.Case, matter: str) -> dict[str, str]:
    """The states of a matter's steps by key."""
    found = next(each for each in case.matters if each.name.endswith(f"/{matter}"))
    return {step.name.rpartition("/")[2]: matters_pb2.Step.State.Name(step.state) for step in found.steps}


def stamp(at: str) -> Timestamp:
    """An instant from "2026-02-12", at noon in China, or from "2026-02-12T09:00:00+08:00"."""
    read = datetime.fromisoformat(at if len(at) > 10 else f"{at}T12:00:00+08:00")
    found = Timestamp()
    found.FromDatetime(read.astimezone(UTC))
    return found
