"""The life of a supervision order (督办单)."""

from __future__ import annotations

from enum import StrEnum


class OrderState(StrEnum):
    """Where an order stands."""

    ISSUED = "ISSUED"  # 已下达: its unit has to answer
    ANSWERED = "ANSWERED"  # 已反馈
    SIGNED_OFF = "SIGNED_OFF"  # 已办结
    WITHDRAWN = "WITHDRAWN"  # 已撤回


# verb: the states it may be done in, and the state it leads to
ORDER_VERBS: dict[str, tuple[tuple[OrderState, ...], OrderState]] = {
    "answer": ((OrderState.ISSUED,), OrderState.ANSWERED),
    "return": ((OrderState.ANSWERED,), OrderState.ISSUED),
    "sign_off": ((OrderState.ANSWERED,), OrderState.SIGNED_OFF),
    "withdraw": ((OrderState.ISSUED, OrderState.ANSWERED), OrderState.WITHDRAWN),
}
# states in which nothing more happens
ORDER_ENDED = (OrderState.SIGNED_OFF, OrderState.WITHDRAWN)
