"""Handlers of quotas: limits that seats are taken from beside their class and order."""

from __future__ import annotations

from typing import Any, NamedTuple

import grpc
from liancai.training.v1 import quotas_pb2 as pb
from liancai.training.v1 import quotas_pb2_grpc
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from services.fields import read_credit_code, read_division
from services.platform.boundary import Call
from services.platform.database import Database
from services.platform.errors import Denied, NotFound
from services.platform.pages import Pages
from services.platform.policy import Scope
from services.platform.requests import Reading, check_etag, etag_of, stamp
from services.platform.transaction import Tx
from services.reference.divisions import scope_range
from services.reference.parameters import Pack
from services.training import queries
from services.training.rules.facts import NO_FUND
from services.training.rules.states import ClassState, EnrolmentState, free
from services.training.seats import known, limits, promotion
from services.training.seats.limits import BUDGET, HEADS
from services.training.tables import ClassRow, EnrolmentRow, OrderRow, QuotaRow

MOST = {HEADS: 1_000_000, BUDGET: 10**13}  # persons, fen
YEARS = (2000, 2100)
TITLES = {HEADS: "LIMIT_INSTITUTION_HEADS", BUDGET: "LIMIT_DIVISION_BUDGET"}
HOLDING = (EnrolmentState.ENROLLED, EnrolmentState.OFFERED, EnrolmentState.HIRED)


class Wish(NamedTuple):
    """The quota that a request sets."""

    id: str
    kind: str
    subject: str
    division: str
    year: int
    fund: str
    granted: int
    source: str

    def columns(self) -> dict[str, Any]:
        """For the row."""
        return self._asdict()


class Quotas(quotas_pb2_grpc.QuotasServicer):
    """A quota may be set at any time; whoever holds a seat keeps it."""

    def __init__(self, database: Database, pages: Pages, pack: Pack) -> None:
        self._database = database
        self._pages = pages
        self._pack = pack

    def SetQuota(self, request: pb.SetQuotaRequest, context: grpc.ServicerContext) -> pb.Quota:
        """A limit; its first setting counts the seats that are filled already."""
        call = Call.of(context)
        wish = _read_wish(request)
        if not call.may(call.action, Scope((wish.division,))):
            raise Denied(call.action)
        name = f"quotas/{wish.id}"

        def work(tx: Tx) -> pb.Quota:
            # no seat moves in any class it holds for until it is set: classes are locked before quotas
            held = tx.session.scalars(_classes_of(wish).with_for_update()).all()
            row = tx.session.get(QuotaRow, wish.id, with_for_update=True, populate_existing=True)
            before = row.granted if row else None
            if row is None:
                row = QuotaRow(**wish.columns(), taken=0, update_time=tx.now)
                tx.session.add(row)
                tx.session.flush()
                _count_in(tx, row)
            else:
                check_etag(request.etag, name, row.version)
                row.granted, row.source, row.update_time = wish.granted, wish.source, tx.now
            tx.session.flush()
            detail = {"from": before, "to": wish.granted, "source": wish.source}
            tx.record(call, name, event="quota.set", detail=detail)
            for each in held:
                if each.state == ClassState.OPEN and each.waitlisted:
                    promotion.promote(tx, call, self._pack, each.id, reason=name)
            tx.session.refresh(row)
            return _message(row)

        return self._database.write(call, request, work, key=name)

    def GetQuota(self, request: pb.GetQuotaRequest, context: grpc.ServicerContext) -> pb.Quota:
        """One limit."""
        call = Call.of(context)
        reading = Reading()
        reading.name("name", request.name, "quotas")
        reading.done()
        with self._database.reading() as session:
            row = session.get(QuotaRow, request.name.partition("/")[2])
            if row is None:
                raise NotFound(request.name)
            call.require(Scope((row.division,), (row.subject,) if row.kind == HEADS else ()), request.name)
            return _message(row)

    def ListQuotas(self, request: pb.ListQuotasRequest, context: grpc.ServicerContext) -> pb.ListQuotasResponse:
        """A page of the limits within reach, in order of name."""
        call = Call.of(context)
        page = self._pages.read(call, request)
        wanted = select(QuotaRow).where(within_reach(call)).order_by(QuotaRow.id)
        reading = Reading()
        if year := request.filter.year:
            wanted = wanted.where(QuotaRow.year == reading.number("filter.year", year, *YEARS))
        code = reading.text("filter.institution_credit_code", request.filter.institution_credit_code, 0, 18)
        if code:
            wanted = wanted.where(QuotaRow.subject == code)
        reading.done()
        if page.after is not None:
            wanted = wanted.where(QuotaRow.id > page.after[0])
        with self._database.reading() as session:
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListQuotasResponse(
            quotas=[_message(row) for row in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "id"),
        )

    def ExplainSeats(self, request: pb.ExplainSeatsRequest, context: grpc.ServicerContext) -> pb.SeatLattice:
        """Every limit of a class, and the one that allows the fewest seats."""
        call = Call.of(context)
        reading = Reading()
        reading.name("class_name", request.class_name, "classes")
        reading.done()
        with self._database.reading() as session:
            row = queries.visible(session, call, ClassRow, request.class_name)
            found = _lattice(session, call, row)
        seats = min((each.seats for each in found if each.known), default=0)
        binding = next((each.name for each in found if each.known and each.seats == seats), "")
        return pb.SeatLattice(class_name=request.class_name, limits=found, seats=seats, binding=binding)


def _lattice(session: Session, call: Call, row: ClassRow) -> list[pb.SeatLattice.Limit]:
    """From the nearest limit to the farthest."""
    [held] = known.classes(session.connection(), [row.id], lock=False)
    order = session.get_one(OrderRow, row.order_id)
    seats = free(held.capacity, held.enrolled, held.offered)
    # what the order has open can still be given to this class by a larger capacity
    kept = order.seats_open + order.seats_committed
    found = [
        pb.SeatLattice.Limit(
            name=f"classes/{row.id}",
            known=True,
            granted=held.capacity,
            taken=held.enrolled + held.offered,
            left=seats,
            per_seat=1,
            seats=seats,
            title=call.say("LIMIT_CLASS"),
        ),
        pb.SeatLattice.Limit(
            name=f"orders/{row.order_id}",
            known=True,
            granted=order.headcount,
            taken=order.headcount - kept,
            left=kept,
            per_seat=1,
            seats=kept,
            title=call.say("LIMIT_ORDER"),
        ),
    ]
    limited = limits.read(session.connection(), [held], lock=False)
    for share in limits.shares(held):
        limit = limited.get(share.quota_id)
        found.append(
            pb.SeatLattice.Limit(
                name=f"quotas/{share.quota_id}",
                known=limit is not None,
                granted=limit.granted if limit else 0,
                taken=limit.taken if limit else 0,
                left=limit.left if limit else 0,
                per_seat=share.amount,
                seats=limit.left // share.amount if limit else 0,
                title=call.say(TITLES[share.kind]),
            )
        )
    return found


def _read_wish(request: pb.SetQuotaRequest) -> Wish:
    reading = Reading()
    reading.request_id(request.request_id)
    [kind] = reading.choices("kind", [request.kind], pb.QuotaKind) or [""]
    division = read_division(reading, "division", request.division, required=True)
    reading.number("year", request.year, *YEARS)
    source = reading.text("source", request.source, 1, 200)
    reading.number("granted", request.granted, 0, MOST.get(kind, MOST[BUDGET]))
    if kind == HEADS:
        code = read_credit_code(reading, "institution_credit_code", request.institution_credit_code)
        if request.fund not in (pb.FUND_UNSPECIFIED, pb.NONE):
            reading.wrong("fund", "FIELD_NOT_FOR_KIND")
        reading.done()
        return Wish(
            limits.heads_id(code, request.year), kind, code, division, request.year, "", request.granted, source
        )
    if request.fund in (pb.FUND_UNSPECIFIED, pb.NONE):
        reading.wrong("fund", "FIELD_REQUIRED")
    if request.institution_credit_code:
        reading.wrong("institution_credit_code", "FIELD_NOT_FOR_KIND")
    reading.done()
    fund = pb.Fund.Name(request.fund)
    name = limits.budget_id(division, request.year, fund)
    return Wish(name, kind, division, division, request.year, fund, request.granted, source)


def _classes_of(wish: Wish) -> Any:
    """The classes whose seats the limit holds for, in the order in which they are locked."""
    mine = (
        ClassRow.institution_credit_code == wish.subject
        if wish.kind == HEADS
        else (ClassRow.division == wish.division) & (ClassRow.fund == wish.fund)
    )
    return (
        select(ClassRow)
        .where(mine, ClassRow.fund != NO_FUND, func.extract("year", ClassRow.start_date) == wish.year)
        .order_by(ClassRow.id)
        .execution_options(populate_existing=True)
    )


def _count_in(tx: Tx, row: QuotaRow) -> None:
    """Takes what the seats that are filled would have taken, class by class."""
    heads = row.kind == HEADS
    held = (
        select(EnrolmentRow.class_id, func.count() if heads else func.sum(EnrolmentRow.subsidy_fen))
        .join(ClassRow, ClassRow.id == EnrolmentRow.class_id)
        .where(
            EnrolmentRow.state.in_(HOLDING),
            ClassRow.fund != NO_FUND,
            func.extract("year", ClassRow.start_date) == row.year,
            ClassRow.institution_credit_code == row.subject
            if heads
            else (ClassRow.division == row.division) & (ClassRow.fund == row.fund),
        )
        .group_by(EnrolmentRow.class_id)
        .order_by(EnrolmentRow.class_id)
    )
    for class_id, amount in tx.session.execute(held):
        if amount:
            row.taken += int(amount)
            limits.note(tx, class_id, row.id, int(amount))


def _message(row: QuotaRow) -> pb.Quota:
    return pb.Quota(
        name=f"quotas/{row.id}",
        kind=pb.QuotaKind.Value(row.kind),
        institution_credit_code=row.subject if row.kind == HEADS else "",
        division=row.division,
        year=row.year,
        fund=pb.Fund.Value(row.fund) if row.fund else pb.FUND_UNSPECIFIED,
        granted=row.granted,
        taken=row.taken,
        left=max(0, row.granted - row.taken),
        source=row.source,
        etag=etag_of(row.version),
        update_time=stamp(row.update_time),
    )


def within_reach(call: Call, action: str = "") -> ColumnElement[bool]:
    """The limits of a list that its caller may see; of what `action` reads, if that is not this RPC."""
    reach = call.reach(action)
    if reach.division is not None:
        return QuotaRow.division.between(*scope_range(reach.division))
    return QuotaRow.subject == (reach.unit or "-")
