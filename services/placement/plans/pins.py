"""Handlers of what binds a plan: visits that must be in it, and pairs that must not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

import grpc
from liancai.placement.v1 import plans_pb2 as pb
from sqlalchemy import select

from services.placement import queries
from services.placement.plans import messages, register
from services.placement.plans.acting import PlanDesk, made_by
from services.placement.plans.collecting import Only, assignment_of, collect
from services.placement.rules.checker import RULES, Violation, violations
from services.placement.rules.dispatch import Dispatch
from services.placement.rules.fitting import ORDER
from services.placement.rules.inputs import Inputs, sentence_values
from services.placement.tables import PlanBanRow, PlanPinRow, PlanRow
from services.platform import errors
from services.platform.boundary import Call
from services.platform.errors import Invalid, NotFound, Refused
from services.platform.requests import Reading
from services.platform.transaction import Tx
from services.reference.clock import day_of

# whether pins can stand says nothing of whether they are in the plan
AMONG_PINS = {code: rule for code, rule in RULES.items() if code != "PD-PIN"}
MOST_DAYS = 60


class Pins(PlanDesk):
    """Pins and bans of drafts, each with its author and reason."""

    def PinVisit(self, request: pb.PinVisitRequest, context: grpc.ServicerContext) -> pb.Plan:
        """Whatever it is worth, as long as the pins keep the rules."""
        call, reading = Call.of(context), Reading()
        wanted, who = _read_pair(reading, request)
        days = _read_days(reading, request.days)
        reason = reading.text("reason", request.reason, 1, 200)

        def change(tx: Tx, row: PlanRow) -> dict[str, object]:
            along = self._along(tx, who)
            others = [pin for pin in _pins_of(tx, row, along) if pin.request_id != wanted]
            inputs = self._look(tx, row, {wanted, *(pin.request_id for pin in others)}, along)
            _known(inputs, request.request, request.commissioner)
            spread = _spread(inputs, request.request, days)
            pin = assignment_of(request.request, request.commissioner, spread, inputs.dates)
            kept = [each for each in inputs.dispatch.pins if each.request != request.request]
            refuse_contradictions(row, inputs, replace(inputs.dispatch, pins=(pin, *kept)))
            tx.session.merge(
                PlanPinRow(
                    plan_id=row.id,
                    request_id=wanted,
                    commissioner_id=who,
                    days=[day.isoformat() for day in spread],
                    author=call.caller.subject,
                    reason=reason,
                    create_time=tx.now,
                )
            )
            return _bound_anew(row, call, request.request, request.commissioner)

        return self._act(call, request, "update", change, reading, event="pinned", reason=reason)

    def UnpinVisit(self, request: pb.UnpinVisitRequest, context: grpc.ServicerContext) -> pb.Plan:
        """What is no longer pinned may still be planned."""
        call, reading = Call.of(context), Reading()
        wanted = reading.name("request", request.request, "requests").partition("/")[2]

        def change(tx: Tx, row: PlanRow) -> dict[str, object]:
            pin = tx.session.get(PlanPinRow, (row.id, wanted))
            if pin is None:
                raise NotFound(f"plans/{row.id}/pins/{wanted}")
            tx.session.delete(pin)
            return _bound_anew(row, call, request.request, f"commissioners/{pin.commissioner_id}")

        return self._act(call, request, "update", change, reading, event="unpinned")

    def ListPlanPins(self, request: pb.ListPlanPinsRequest, context: grpc.ServicerContext) -> pb.ListPlanPinsResponse:
        """A page of pins."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        reading.name("name", request.name, "plans")
        reading.done()
        with self._database.reading() as session:
            row = queries.visible(session, call, PlanRow, request.name)
            wanted = select(PlanPinRow).where(PlanPinRow.plan_id == row.id).order_by(PlanPinRow.request_id)
            if page.after is not None:
                wanted = wanted.where(PlanPinRow.request_id > page.after[0])
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListPlanPinsResponse(
            pins=[messages.pin(each) for each in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "request_id"),
        )

    def BanPair(self, request: pb.BanPairRequest, context: grpc.ServicerContext) -> pb.Plan:
        """Unless just that is pinned."""
        call, reading = Call.of(context), Reading()
        wanted, who = _read_pair(reading, request)
        reason = reading.text("reason", request.reason, 1, 200)

        def change(tx: Tx, row: PlanRow) -> dict[str, object]:
            inputs = self._look(tx, row, {wanted}, {who})
            _known(inputs, request.request, request.commissioner)
            banned = inputs.dispatch.bans | {(request.request, request.commissioner)}
            pins = tuple(pin for pin in inputs.dispatch.pins if pin.commissioner == request.commissioner)
            refuse_contradictions(row, inputs, replace(inputs.dispatch, bans=banned, pins=pins))
            tx.session.merge(
                PlanBanRow(
                    plan_id=row.id,
                    request_id=wanted,
                    commissioner_id=who,
                    author=call.caller.subject,
                    reason=reason,
                    create_time=tx.now,
                )
            )
            return _bound_anew(row, call, request.request, request.commissioner)

        return self._act(call, request, "update", change, reading, event="banned", reason=reason)

    def LiftBan(self, request: pb.LiftBanRequest, context: grpc.ServicerContext) -> pb.Plan:
        """The two may meet again."""
        call, reading = Call.of(context), Reading()
        wanted, who = _read_pair(reading, request)

        def change(tx: Tx, row: PlanRow) -> dict[str, object]:
            ban = tx.session.get(PlanBanRow, (row.id, wanted, who))
            if ban is None:
                raise NotFound(f"plans/{row.id}/bans/{wanted}")
            tx.session.delete(ban)
            return _bound_anew(row, call, request.request, request.commissioner)

        return self._act(call, request, "update", change, reading, event="ban_lifted")

    def ListPlanBans(self, request: pb.ListPlanBansRequest, context: grpc.ServicerContext) -> pb.ListPlanBansResponse:
        """A page of bans."""
        call, reading = Call.of(context), Reading()
        page = self._pages.read(call, request)
        reading.name("name", request.name, "plans")
        reading.done()
        key = PlanBanRow.request_id, PlanBanRow.commissioner_id
        with self._database.reading() as session:
            row = queries.visible(session, call, PlanRow, request.name)
            wanted = select(PlanBanRow).where(PlanBanRow.plan_id == row.id).order_by(*key)
            if page.after is not None:
                wanted = wanted.where((key[0] > page.after[0]) | ((key[0] == page.after[0]) & (key[1] > page.after[1])))
            rows = session.scalars(wanted.limit(page.size + 1)).all()
        return pb.ListPlanBansResponse(
            bans=[messages.ban(each) for each in rows[: page.size]],
            next_page_token=self._pages.next_token(call, request, page, rows, "request_id", "commissioner_id"),
        )

    def _look(self, tx: Tx, row: PlanRow, requests: Collection[str], commissioners: Collection[str]) -> Inputs:
        """The inputs, as far as these requests and commissioners go, by number."""
        only = Only(frozenset(requests), frozenset(commissioners))
        return collect(tx.session, row, self._ground, day_of(tx.now), only)

    def _along(self, tx: Tx, who: str) -> set[str]:
        """A commissioner, who goes along, and the teams in which one of them goes."""
        teams = register.teams_of(tx.session, [who])
        found = {who, *teams.get(who, ()), *teams}
        return found | register.teams_of(tx.session, found).keys()


def refuse_contradictions(row: PlanRow, inputs: Inputs, dispatch: Dispatch) -> None:
    """Raises Refused PLAN_PINS, with every rule that the pins of `dispatch` break and who is in whose way."""
    if broken := violations(dispatch, dispatch.pins, AMONG_PINS):
        raise contradiction(row, broken, dispatch, inputs.dates)


def contradiction(row: PlanRow, broken: Sequence[Violation], dispatch: Dispatch, dates: Sequence[date]) -> Refused:
    """The refusal of pins that break rules: what no calendar changes first, all of them as violations."""
    place = {code: number for number, code in enumerate(ORDER)}
    broken = sorted(broken, key=lambda each: place.get(each.code, -1))
    first = broken[0]
    return Refused(
        "PLAN_PINS",
        violations=[
            errors.Violation(each.request, each.code, sentence_values(each, dispatch, dispatch.pins, dates))
            for each in broken
        ],
        plan=f"plans/{row.id}",
        rule=first.code,
        request=first.request,
        commissioner=first.commissioner,
        others=first.detail.get("others", ""),
    )


def _read_pair(
    reading: Reading, request: pb.PinVisitRequest | pb.BanPairRequest | pb.LiftBanRequest
) -> tuple[str, str]:
    """The numbers of a request and a commissioner."""
    wanted = reading.name("request", request.request, "requests")
    who = reading.name("commissioner", request.commissioner, "commissioners")
    return wanted.partition("/")[2], who.partition("/")[2]


def _read_days(reading: Reading, given: Sequence[str]) -> list[date]:
    if not given:
        reading.wrong("days", "FIELD_REQUIRED")
    if len(given) > MOST_DAYS:
        reading.wrong("days", "FIELD_TOO_MANY", most=MOST_DAYS)
    days = [reading.day(f"days[{place}]", day) for place, day in enumerate(given[:MOST_DAYS])]
    if days != sorted(set(days)):
        reading.wrong("days", "FIELD_DAYS_IN_ORDER")
    return days


def _spread(inputs: Inputs, request: str, days: Sequence[date]) -> list[date]:
    """The days of a visit: those given, or from the one on as many as are asked for. Raises Invalid."""
    wanted = inputs.dispatch.requests[request]
    for place, day in enumerate(days):
        if day not in inputs.dates:
            raise Invalid(errors.Violation(f"days[{place}]", "FIELD_NOT_A_PLAN_DAY"))
    if len(days) == wanted.days:
        return list(days)
    if len(days) > 1:
        raise Invalid(errors.Violation("days", "FIELD_PIN_DAYS", {"days": str(wanted.days)}))
    first = inputs.dates.index(days[0])
    return list(inputs.dates[first : first + wanted.days])


def _known(inputs: Inputs, request: str, commissioner: str) -> None:
    """Raises Invalid unless the plan is about both."""
    wrong = [
        field
        for field, name, known in (
            ("request", request, inputs.dispatch.requests),
            ("commissioner", commissioner, inputs.dispatch.commissioners),
        )
        if name not in known
    ]
    if wrong:
        raise Invalid(*(errors.Violation(field, "FIELD_NOT_IN_PLAN") for field in wrong))


def _pins_of(tx: Tx, row: PlanRow, along: Collection[str]) -> Sequence[PlanPinRow]:
    wanted = select(PlanPinRow).where(PlanPinRow.plan_id == row.id, PlanPinRow.commissioner_id.in_(along))
    return tx.session.scalars(wanted).all()


def _bound_anew(row: PlanRow, call: Call, request: str, commissioner: str) -> dict[str, object]:
    made_by(row, call)
    row.outdated = bool(row.summary)
    return {"request": request, "commissioner": commissioner}
