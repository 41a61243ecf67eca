"""`liancai enrolment`, continued: into another class, in another's place, and who somebody really is."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from liancai.training.v1 import enrolments_pb2 as pb
from liancai.training.v1.enrolments_pb2_grpc import EnrolmentsStub

from cli import show, wire
from cli.accepting import Accepted
from cli.enrolments import app
from cli.export import Export, Force, listed
from cli.grammar import (
    EnrolmentName,
    Etag,
    Format,
    Limit,
    Mistake,
    Output,
    Reason,
    RequestId,
    SubstitutionName,
    option,
    resource,
    typed_or_read,
)
from cli.texts import t

COLUMNS = ("name", "state", "leaving", "coming", "asking_division", "reason", "answer", "record_time")


def _do(ctx: typer.Context, request: Any, output: Format) -> Any:
    """One call, and what it answered."""
    answer = wire.of(ctx).ask(EnrolmentsStub, request)
    show.one(answer, output)
    return answer


@app.verb("transfer")
def transfer(
    ctx: typer.Context,
    name: EnrolmentName,
    into: Annotated[str, option("into", "--into", metavar="CLASS", parser=resource("classes"))],
    reason: Reason,
    accepted: Accepted = None,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Moves somebody into another class; shows who got the seat."""
    request = pb.TransferEnrolmentRequest(
        name=name, etag=etag, request_id=request_id, into=into, reason=reason, accepted=accepted or []
    )
    _do(ctx, request, output)


@app.verb("substitute")
def substitute(
    ctx: typer.Context,
    name: EnrolmentName,
    coming: Annotated[str, option("coming", "--coming", metavar="ENROLMENT", parser=resource("enrolments"))],
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Asks the other side to replace somebody by one who waits."""
    request = pb.SubstituteTraineeRequest(name=name, etag=etag, request_id=request_id, coming=coming, reason=reason)
    asked = _do(ctx, request, output)
    show.note(t("substitution.asked", name=asked.name))


@app.verb("answer")
def answer(
    ctx: typer.Context,
    name: SubstitutionName,
    consent: Annotated[bool, option("consent", "--consent/--refuse")],
    reason: Annotated[str, option("answer", "--reason", metavar="TEXT", show_default=False)] = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Consents to a substitution, or refuses it."""
    if not consent and not reason:
        raise Mistake(t("usage.refuse_why"), ctx=ctx)
    request = pb.AnswerSubstitutionRequest(name=name, etag=etag, request_id=request_id, consent=consent, answer=reason)
    if _do(ctx, request, output).state == pb.Substitution.LAPSED:
        show.note(t("substitution.lapsed"))


@app.verb("substitutions")
def substitutions(
    ctx: typer.Context,
    class_name: Annotated[str, option("of_class", "--class", metavar="CLASS", parser=resource("classes"))],
    limit: Limit = 100,
    output: Output = Format.table,
    export: Export = None,
    force: Force = False,
) -> None:
    """Lists the substitutions of a class, newest first."""
    asked, field = pb.ListSubstitutionsRequest(class_name=class_name), "substitutions"
    listed(ctx, EnrolmentsStub, asked, field, COLUMNS, limit=limit, output=output, target=export, force=force)


@app.verb("correct")
def correct(
    ctx: typer.Context,
    name: EnrolmentName,
    proof: Annotated[str, option("proof", "--proof", metavar="TEXT")],
    reason: Reason,
    full_name: Annotated[str, option("right_name", "--name", metavar="TEXT|-", show_default=False)] = "",
    resident_id: Annotated[str, option("right_id", "--id", metavar="NUMBER|-", show_default=False)] = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Corrects the name or the number of the person behind an enrolment."""
    if not full_name and not resident_id:
        raise Mistake(t("usage.name_or_id"), ctx=ctx)
    request = pb.CorrectIdentityRequest(
        name=name, etag=etag, request_id=request_id, full_name=typed_or_read(full_name),
        resident_id=typed_or_read(resident_id), proof=proof, reason=reason,
    )  # fmt: skip
    corrected = _do(ctx, request, output)
    if any(each.findings for each in corrected.enrolments):
        show.note(t("correction.findings"))
