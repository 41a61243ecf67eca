"""Serves an unserved request by taking out what stands in its way and serving that elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from services.placement.planning.draft import NOBODY, ByRequest, Draft, bound, value
from services.placement.planning.problem import Floats, Problem
from services.placement.planning.splitting import around, best

TRIED = 60  # slots of a request, the most promising first
LEAST = 1e-6  # gain


@dataclass(frozen=True, slots=True, order=True)
class Move:
    """A visit to be taken, by its slots, and the points it brings for each unit of cost."""

    rate: float
    slots: tuple[int, ...]


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
        place = best(draft, slots, slack)
        if place is not None and place.gain > LEAST:
            draft.place(*place.slots)
            return []
        gained, move = LEAST, None
        elsewhere: dict[int, float] = {}
        for visit in self._visits(draft, request, slack, TRIED):
            gain = self._gain(draft, visit, self._out(draft, visit), elsewhere)
            if gain > gained:
                gained, move = gain, visit
        if move is None:
            return []
        out = self._out(draft, move)
        return [each for each in out if draft.slot[each] == NOBODY] if self.push(draft, move) else []

    def cheapest(self, draft: Draft, request: int, costs: Floats, most: int) -> Move | None:
        """The move that serves a request for the most points per cost, puts nothing out, and moves `most` at most.

        `costs` R: what moving each request costs; those of 0 are free to move and not counted.
        """
        found: Move | None = None
        elsewhere: dict[int, float] = {}
        for visit in self._visits(draft, request, np.zeros(self._problem.slots), None):
            out = self._out(draft, visit)
            cost = float(costs[out].sum())
            if np.count_nonzero(costs[out]) > most:
                continue
            gain = self._gain(draft, visit, out, elsewhere)
            if gain <= LEAST or any(elsewhere[each] <= 0 for each in out):
                continue
            move = Move(gain / max(cost, LEAST), visit)
            if found is None or move > found:
                found = move
        return found

    def _visits(self, draft: Draft, request: int, slack: Floats, most: int | None) -> Iterable[tuple[int, ...]]:
        """The visits that would serve a request, the most promising first."""
        slots = self._by_request.slots(request)
        if self._problem.parts[request] > 1:
            place = best(draft, slots, slack)
            return [*([place.slots] if place is not None else []), *around(draft, slots, slack)]
        return ((slot,) for slot in slots[np.argsort(-slack[slots], kind="stable")[:most]].tolist())

    def _out(self, draft: Draft, slots: tuple[int, ...]) -> list[int]:
        """The requests in the way of a visit, those of members of a team or of the team among them."""
        who = int(self._problem.slot_commissioner[slots[0]])
        days = bound(self._problem, slots)
        rows = self._problem.teams.beside.get(who)
        if rows is not None:
            owners = draft.owner[np.ix_(rows, np.array(days))].ravel()
        elif isinstance(days, range):
            owners = draft.owner[who, days.start : days.stop]
        else:
            owners = draft.owner[who, list(days)]
        return [each for each in dict.fromkeys(owners.tolist()) if each != NOBODY]

    def _gain(self, draft: Draft, slots: tuple[int, ...], out: list[int], elsewhere: dict[int, float]) -> float:
        """What the visit adds once what is in its way goes elsewhere, each to the best place that is free now."""
        problem = self._problem
        who, stay = int(problem.slot_commissioner[slots[0]]), len(bound(problem, slots))
        left: dict[int, int] = {who: 0}
        for each in out:
            whose = int(problem.slot_commissioner[draft.slot[each]])
            left[whose] = left.get(whose, 0) + int(draft.stay[each])
        used = int(draft.used[who])
        after = used + stay - left.pop(who)
        if after > problem.limit[who]:
            return -np.inf
        gain = float(value(problem, slots) - problem.load[who, after] + problem.load[who, used])
        for whose, days in left.items():
            used = int(draft.used[whose])
            gain += float(problem.load[whose, used] - problem.load[whose, used - days])
        for each in out:
            if each not in elsewhere:
                place = best(draft, self._by_request.slots(each))
                elsewhere[each] = max(0.0, place.gain) if place is not None else 0.0
            gain += elsewhere[each] - value(problem, draft.visit(each))
        return gain

    def push(self, draft: Draft, slots: tuple[int, ...], *, none_out: bool = False) -> bool:
        """Makes the move, and takes it back if it did not gain after all: two may have wanted the same place.

        With `none_out` it is taken back as well if one of them stays unserved for it.
        """
        before = draft.value
        out = self._out(draft, slots)
        were = [draft.remove(each) for each in out]
        draft.place(*slots)
        for each in out:
            place = best(draft, self._by_request.slots(each))
            if place is not None and place.gain > LEAST:
                draft.place(*place.slots)
        if draft.value > before + LEAST and not (none_out and any(draft.slot[each] == NOBODY for each in out)):
            return True
        draft.remove(int(self._problem.slot_request[slots[0]]))
        for each in out:
            if draft.slot[each] != NOBODY:
                draft.remove(each)
        for visit in were:
            draft.place(*visit)
        return False
