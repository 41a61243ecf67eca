"""`liancai agreement`: agreements on training to order, and what they cover."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import file_digest
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from liancai.training.v1 import agreements_pb2 as pb
from liancai.training.v1.agreements_pb2_grpc import AgreementsStub

from cli import show, wire
from cli.grammar import (
    Etag,
    Format,
    Limit,
    Mistake,
    Noun,
    OfOrder,
    OrderName,
    Output,
    Reason,
    RequestId,
    argument,
    day,
    fen,
    option,
    resource,
    states,
    whole,
)
from cli.texts import t

app = Noun("agreement")
COLUMNS = ("name", "state", "title", "division", "partner_division", "headcount", "valid_from", "valid_to")
PARTY = pb.Agreement.Party


def among(enum: Any, ending: str = "") -> Callable[[str], Any]:
    """A reader of one value of an enum by name without its ending, in any case."""

    def read(word: str) -> Any:
        known = [name.removesuffix(ending) for name, number in enum.items() if number]
        if word.upper() not in known:
            raise Mistake(t("usage.choice", word=word, known=", ".join(name.lower() for name in known)))
        return enum.Value(f"{word.upper()}{ending}")

    return read


role = among(PARTY.Role, "_PARTY")


def party(word: str) -> pb.Agreement.Party:
    """A party from "enterprise 91371526MA3C000119 高唐样例机械有限公司"; the trainees have no code."""
    match = re.fullmatch(r"\s*(\S+)\s+(?:([0-9A-Za-z]{18})\s+)?(.*\S)\s*", word)
    if match is None:
        raise Mistake(t("usage.party", word=word))
    return PARTY(role=role(match[1]), credit_code=match[2] or "", party_name=match[3])


def cover(word: str) -> pb.Agreement.Cover:
    """Heads of an order from "20261100001=45"."""
    order, equals, heads = word.partition("=")
    if not equals:
        raise Mistake(t("usage.cover", word=word))
    return pb.Agreement.Cover(order=resource("orders")(order), headcount=whole(heads))


def digest(path: Path | None, sha256: str) -> str:
    """The SHA-256 of a file, or the one that was typed."""
    if path is None:
        return sha256
    if sha256:
        raise Mistake(t("usage.file_or_sha256"))
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


AgreementName = Annotated[str, argument("agreement", metavar="AGREEMENT", parser=resource("agreements"))]
Title = Annotated[str | None, option("agreement_title", "--title", metavar="TEXT")]
Division = Annotated[str | None, option("division", "--division", metavar="CODE")]
Parties = Annotated[list[Any] | None, option("party", "--party", metavar="'ROLE CODE NAME'", parser=party)]
Covers = Annotated[list[Any] | None, option("cover", "--order", metavar="ORDER=N", parser=cover)]
Commitment = Annotated[int | None, option("hire_commitment", "--hire-commitment", metavar="N", parser=whole)]
WageFloor = Annotated[int | None, option("wage_floor", "--wage-floor", metavar="YUAN", parser=fen)]
FeeBearer = Annotated[
    int | None,
    option(
        "fee_bearer",
        "--fee-bearer",
        metavar="subsidy|enterprise|trainee|shared",
        parser=among(pb.Agreement.FeeBearer),
    ),
]
Penalty = Annotated[str | None, option("penalty", "--penalty", metavar="TEXT")]
ValidFrom = Annotated[str | None, option("valid_from", "--valid-from", metavar="YYYY-MM-DD", parser=day)]
ValidTo = Annotated[str | None, option("valid_to", "--valid-to", metavar="YYYY-MM-DD", parser=day)]
File = Annotated[Path | None, option("signed_file", "--file", metavar="FILE")]
Sha256 = Annotated[str, option("sha256", "--sha256", metavar="HEX", show_default=False)]


def _do(ctx: typer.Context, request: Any, output: Format) -> None:
    """One call, and what it answered."""
    show.one(wire.of(ctx).ask(AgreementsStub, request), output)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an agreement among a verb's options: those that were given, by the contract's names."""
    known = pb.Agreement.DESCRIPTOR.fields_by_name
    fields = {name: value for name, value in options.items() if name in known and value is not None}
    file_sha256 = digest(options["file"], options["sha256"])
    return fields | ({"file_sha256": file_sha256} if file_sha256 else {})


@app.verb("create")
def create(
    ctx: typer.Context,
    title: Title = None,
    division: Division = None,
    parties: Parties = None,
    orders: Covers = None,
    hire_commitment: Commitment = None,
    wage_floor_fen: WageFloor = None,
    fee_bearer: FeeBearer = None,
    penalty: Penalty = None,
    valid_from: ValidFrom = None,
    valid_to: ValidTo = None,
    file: File = None,
    sha256: Sha256 = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Creates a draft; the server names every field that is missing, all at once."""
    agreement = pb.Agreement(**_given(locals()))
    _do(ctx, pb.CreateAgreementRequest(agreement=agreement, request_id=request_id), output)


@app.verb("show")
def show_(ctx: typer.Context, name: AgreementName, output: Output = Format.table) -> None:
    """Shows one agreement with its parties and orders."""
    _do(ctx, pb.GetAgreementRequest(name=name), output)


@app.verb("list")
def list_(
    ctx: typer.Context,
    state: Annotated[
        list[Any] | None, option("agreement_state", "--state", metavar="STATE", parser=states(pb.Agreement.State))
    ] = None,
    order: OfOrder = "",
    party_code: Annotated[str, option("party_code", "--party-code", metavar="CODE", show_default=False)] = "",
    limit: Limit = 100,
    output: Output = Format.table,
) -> None:
    """Lists agreements, newest first."""
    wanted = pb.ListAgreementsRequest.Filter(states=state or [], order=order, credit_code=party_code)
    found = wire.of(ctx).pages(AgreementsStub, pb.ListAgreementsRequest(filter=wanted), "agreements", limit)
    show.rows(found, COLUMNS, output, limit)


@app.verb("update")
def update(
    ctx: typer.Context,
    name: AgreementName,
    title: Title = None,
    division: Division = None,
    parties: Parties = None,
    orders: Covers = None,
    hire_commitment: Commitment = None,
    wage_floor_fen: WageFloor = None,
    fee_bearer: FeeBearer = None,
    penalty: Penalty = None,
    valid_from: ValidFrom = None,
    valid_to: ValidTo = None,
    file: File = None,
    sha256: Sha256 = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Changes the given fields of a draft, which takes every signature back."""
    fields = _given(locals())
    mask = FieldMask(paths=[path for path in fields if path not in ("name", "etag")])
    if not mask.paths:
        raise Mistake(t("usage.no_change"), ctx=ctx)
    request = pb.UpdateAgreementRequest(agreement=pb.Agreement(**fields), update_mask=mask, request_id=request_id)
    _do(ctx, request, output)


@app.verb("sign")
def sign(
    ctx: typer.Context,
    name: AgreementName,
    as_role: Annotated[
        Any, option("party_role", "--role", metavar="enterprise|institution|bureau|trainees", parser=role)
    ],
    signed: Annotated[str, option("sign_date", "--date", metavar="YYYY-MM-DD", parser=day)],
    code: Annotated[str, option("own_code", "--code", metavar="CODE", show_default=False)] = "",
    file: File = None,
    sha256: Sha256 = "",
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Notes the signature of one party; the last one binds."""
    request = pb.SignAgreementRequest(
        name=name, etag=etag, request_id=request_id, role=as_role, credit_code=code, sign_date=signed,
        file_sha256=digest(file, sha256),
    )  # fmt: skip
    _do(ctx, request, output)


@app.verb("terminate")
def terminate(
    ctx: typer.Context,
    name: AgreementName,
    reason: Reason,
    etag: Etag = "",
    *,
    request_id: RequestId,
    output: Output = Format.table,
) -> None:
    """Signed -> terminated."""
    _do(ctx, pb.TerminateAgreementRequest(name=name, etag=etag, request_id=request_id, reason=reason), output)


@app.verb("coverage")
def coverage(ctx: typer.Context, order: OrderName, output: Output = Format.table) -> None:
    """Says what covers an order, relation by relation."""
    _do(ctx, pb.ExplainCoverageRequest(order=order), output)
