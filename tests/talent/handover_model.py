"""What ought to happen to hand-overs: a second opinion, of who holds the case and what became of each offer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

SIDES = ("ORIGIN", "DESTINATION")
VERBS = ("accept", "return", "recall")
ENDS = {"accept": "ACCEPTED", "return": "RETURNED", "recall": "RECALLED"}


def other(side: str) -> str:
    """The side across."""
    return SIDES[1 - SIDES.index(side)]


@dataclass(frozen=True)
class Model:
    """A case: its holder, its offers (by whom, what became of them), and whether the last one is still true."""

    holder: str = "DESTINATION"
    offers: tuple[tuple[str, str], ...] = field(default=())
    stale: bool = False

    @property
    def waiting(self) -> bool:
        return bool(self.offers) and self.offers[-1][1] == "OFFERED"

    def sees(self, side: str) -> str:
        """ALL of the case, a SUMMARY of it, or NOTHING."""
        held = {self.holder, *(by for by, _ in self.offers)}
        if side in held:
            return "ALL"
        return "SUMMARY" if self.waiting else "NOTHING"

    def offer(self, side: str) -> tuple[Model, str]:
        """The case after it was offered by a side, and why it was not."""
        if side != self.holder:
            return self, "NOT_HOLDER"
        if self.waiting:
            return self, "OFFERED_ALREADY"
        return replace(self, offers=(*self.offers, (side, "OFFERED")), stale=False), ""

    def settle(self, verb: str, number: int, side: str) -> tuple[Model, str]:
        """The case after an answer to an offer, or its recall."""
        if number > len(self.offers) or self.offers[number - 1][1] != "OFFERED":
            return self, "NOT_OFFERED"
        by = self.offers[number - 1][0]
        if verb == "recall" and side != by:
            return self, "NOT_SENDER"
        if verb != "recall" and side == by:
            return self, "NOT_RECEIVER"
        if verb == "accept" and self.stale:
            return self, "NOT_AS_LISTED"
        settled = (*self.offers[:-1], (by, ENDS[verb]))
        return replace(self, offers=settled, holder=side if verb == "accept" else self.holder), ""

    def change(self) -> Model:
        """Somebody works on the case."""
        return replace(self, stale=True)

    @property
    def shape(self) -> tuple[str, bool, bool, bool]:
        """What decides the next act: holder, whether an offer waits, whether it is true, whether the other has held."""
        let_in = any(state == "ACCEPTED" for _, state in self.offers)
        return self.holder, self.waiting, self.waiting and self.stale, let_in
