"""Serves an unserved request by taking out what stands in its way and serving that elsewhere."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from services.placement.planning.draft import NOBODY, ByRequest, Draft
from services.placement.planning.problem import Floats, Problem

TRIED = 60  # slots of a request, the most promising first
LEAST = 1e-6  # gain


@dataclass(frozen=True, slots=True, order=True)
class Move:
    """A slot to be taken and the points it brings for each unit of cost."""

    rate: float
    slot: int


class Ejection:
    """The moves on one problem."""

    def __init__(self, problem: Problem, by_request: ByRequest) -> None:
        self._problem = problem
        self._by_request = by_request

    def serve(self, draft: Draft, slack: Floats, rounds: int) -> None:
        """Goes through the unserved requests, and through those it puts out; at most `rounds` tries for each."""
        waiting = deque(np.flatnonzero(draft.slot == NOBODY).tolist())
        tries = np.zeros(self._problem.requests, dtype=np.int64)
        while waiting:
            request = waiting.popleft()
            if draft.slot[request] != NOBODY or tries[request] >= rounds:
                continue
            tries[request] += 1
            waiting.extend(self._serve(draft, request, slack))

    def _serve(self, draft: Draft, request: int, slack: Floats) -> list[int]:
        """Takes the best move that gains; the requests it puts out."""
        slots = self._by_request.slots(request)
        if not len(slots):
            return []
        gains, free = draft.gains(slots)
        if len(free) and gains.max() > LEAST:
            draft.place(int(free[np.argmax(gains)]))
            return []
        best, move = LEAST, NOBODY
        elsewhere: dict[int, float] = {}
        for slot in slots[np.argsort(-slack[slots], kind="stable")[:TRIED]].tolist():
            gain = self._gain(draft, slot, elsewhere)
            if gain > best:
                best, move = gain, slot
        if move == NOBODY:
            return []
        out = self._out(draft, move)
        return [each for each in out if draft.slot[each] == NOBODY] if self.push(draft, move) else []

    def cheapest(self, draft: Draft, request: int, costs: Floats, most: int) -> Move | None:
        """The move that serves a request for the most points per cost, puts nothing out, and moves `most` at most.

        `costs` R: what moving each request costs; those of 0 are free to move and not counted.
        """
        best: Move | None = None
        elsewhere: dict[int, float] = {}
        for slot in self._by_request.slots(request).tolist():
            out = self._out(draft, slot)
            cost = float(costs[out].sum())
            if np.count_nonzero(costs[out]) > most:
                continue
            gain = self._gain(draft, slot, elsewhere)
            if gain <= LEAST or any(elsewhere[each] <= 0 for each in out):
                continue
            move = Move(gain / max(cost, LEAST), slot)
            if best is None or move > best:
                best = move
        return best

    def _out(self, draft: Draft, slot: int) -> list[int]:
        """The requests in the way of a slot."""
        problem = self._problem
        who, day, stay = (int(each[slot]) for each in (problem.slot_commissioner, problem.slot_day, problem.slot_stay))
        owners = dict.fromkeys(draft.owner[who, day : day + stay].tolist())
        return [each for each in owners if each != NOBODY]

    def _gain(self, draft: Draft, slot: int, elsewhere: dict[int, float]) -> float:
        """What the slot adds once what is in its way goes elsewhere, each to the best place that is free now."""
        problem = self._problem
        who, stay = int(problem.slot_commissioner[slot]), int(problem.slot_stay[slot])
        out = self._out(draft, slot)
        used = int(draft.used[who])
        after = used + stay - sum(int(problem.slot_stay[draft.slot[each]]) for each in out)
        if after > problem.limit[who]:
            return -np.inf
        gain = float(problem.slot_value[slot] - problem.load[who, after] + problem.load[who, used])
        for each in out:
            if each not in elsewhere:
                gains, _ = draft.gains(self._by_request.slots(each))
                elsewhere[each] = max(0.0, float(gains.max(initial=0.0)))
            gain += elsewhere[each] - float(problem.slot_value[draft.slot[each]])
        return gain

    def push(self, draft: Draft, slot: int, *, none_out: bool = False) -> bool:
        """Makes the move, and takes it back if it did not gain after all: two may have wanted the same place.

        With `none_out` it is taken back as well if one of them stays unserved for it.
        """
        problem = self._problem
        before = draft.value
        out = self._out(draft, slot)
        were = [draft.remove(each) for each in out]
        draft.place(slot)
        for each in out:
            gains, free = draft.gains(self._by_request.slots(each))
            if len(free) and gains.max() > LEAST:
                draft.place(int(free[np.argmax(gains)]))
        if draft.value > before + LEAST and not (none_out and any(draft.slot[each] == NOBODY for each in out)):
            return True
        draft.remove(int(problem.slot_request[slot]))
        for each in out:
            if draft.slot[each] != NOBODY:
                draft.remove(each)
        for each in were:
            draft.place(each)
        return False
