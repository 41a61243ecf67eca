"""Transfers and substitutions as the tests ask for them."""

from __future__ import annotations

from typing import Any

from liancai.training.v1 import enrolments_pb2 as pb

from tests.office import Office, request_id


def new_class(office: Office, capacity: int = 2, order: dict[str, Any] | None = None, **fields: Any) -> str:
    """An open class of an order of its own."""
    return office.open_class(office.contracted(**order or {}).name, capacity=capacity, **fields).name


def transfer(office: Office, name: str, into: str, **more: Any) -> pb.TransferEnrolmentResponse:
    more = {"request_id": request_id(), "reason": "离家较近", **more}
    moved: pb.TransferEnrolmentResponse = office.enrolments.TransferEnrolment(
        pb.TransferEnrolmentRequest(name=name, into=into, **more)
    )
    return moved


def substitute(office: Office, name: str, coming: str, **more: Any) -> pb.Substitution:
    more = {"request_id": request_id(), "reason": "开班未到，无法联系", **more}
    asked: pb.Substitution = office.enrolments.SubstituteTrainee(
        pb.SubstituteTraineeRequest(name=name, coming=coming, **more)
    )
    return asked


def answer(office: Office, name: str, consent: bool = True, **more: Any) -> pb.Substitution:
    more = {"request_id": request_id(), "answer": "同意", **more}
    done: pb.Substitution = office.enrolments.AnswerSubstitution(
        pb.AnswerSubstitutionRequest(name=name, consent=consent, **more)
    )
    return done


def enrolment(office: Office, name: str) -> pb.Enrolment:
    found: pb.Enrolment = office.enrolments.GetEnrolment(pb.GetEnrolmentRequest(name=name))
    return found


def pair(office: Office, **order: Any) -> tuple[str, pb.Enrolment, pb.Enrolment]:
    """A class of one seat, who has it, and who waits for it."""
    held = new_class(office, capacity=1, order=order)
    return held, office.enrol(held), office.enrol(held)
