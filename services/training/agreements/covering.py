"""An order and the agreements that cover it: contracted as soon as they do, and no longer once they do not."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.platform.boundary import Call
from services.platform.transaction import Tx
from services.reference.clock import day_of
from services.reference.parameters import Pack
from services.training.rules import agreements as rules
from services.training.rules.agreements import Cover, Coverage, Role
from services.training.rules.states import ORDER_VERBS, AgreementState, OrderState
from services.training.tables import AgreementOrderRow, AgreementPartyRow, AgreementRow, OrderRow


def coverage(session: Session, pack: Pack, order: OrderRow, on: date) -> Coverage:
    """What the signed agreements in force on a day cover of an order."""
    found = session.execute(
        select(AgreementRow.id, AgreementOrderRow.headcount)
        .join(AgreementOrderRow, AgreementOrderRow.agreement_id == AgreementRow.id)
        .where(
            AgreementOrderRow.order_id == order.id,
            AgreementRow.state == AgreementState.SIGNED,
            AgreementRow.valid_from <= on,
            AgreementRow.valid_to >= on,
        )
        .order_by(AgreementRow.id)
    ).all()
    parties: dict[str, list[tuple[Role, str]]] = {agreement: [] for agreement, _ in found}
    signed = select(AgreementPartyRow).where(AgreementPartyRow.agreement_id.in_(parties))
    for party in session.scalars(signed):
        parties[party.agreement_id].append((Role(party.role), party.credit_code))
    covers = [Cover(agreement, headcount, tuple(parties[agreement])) for agreement, headcount in found]
    wanted = rules.relations(pack, order.division, on)
    return rules.coverage(wanted, covers, order.enterprise_credit_code, order.institution_credit_code)


def contract_if_covered(tx: Tx, call: Call, pack: Pack, order: OrderRow) -> None:
    """Matched -> contracted, if agreements cover every head today.

    The order is locked: whoever signs and whoever matches meet here one after the other, and the second sees both.
    """
    allowed, target = ORDER_VERBS["contract"]
    if order.state not in allowed:
        return
    now = coverage(tx.session, pack, order, day_of(tx.now))
    if now.heads < order.headcount:
        return
    order.state, order.update_time = target, tx.now
    tx.session.flush()
    names = sorted({f"agreements/{each}" for line in now.relations for each in line.agreements})
    tx.record(
        call,
        f"orders/{order.id}",
        action="training.order.contract",
        event="order.contracted",
        detail={"state": target, "agreements": names},
    )


def uncover_if_short(tx: Tx, call: Call, pack: Pack, order: OrderRow, reason: str) -> None:
    """Contracted -> matched, if agreements cover it no longer. The order is locked; one in training keeps its state."""
    if order.state != OrderState.CONTRACTED:
        return
    now = coverage(tx.session, pack, order, day_of(tx.now))
    if now.heads >= order.headcount:
        return
    order.state, order.update_time = OrderState.MATCHED, tx.now
    tx.session.flush()
    tx.record(
        call,
        f"orders/{order.id}",
        action="training.order.uncover",
        event="order.uncovered",
        reason=reason,
        detail={"state": order.state, "covered": now.heads, "headcount": order.headcount},
    )
