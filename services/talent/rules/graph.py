"""The graph of a matter's steps, and of a case's matters: what may begin, what is not needed, what comes last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.talent.rules.catalogue import Branch, Matter, Outcome, Step
from services.talent.rules.states import STEP_ENDED, MatterState, StepState

# states of a matter that let those after it begin; one that was refused does not
_LETS_GO_ON = (MatterState.DONE, MatterState.NOT_REQUIRED, MatterState.WITHDRAWN, MatterState.MERGED)

Edges = Mapping[str, Sequence[str]]


def edges(matter: Matter) -> dict[str, tuple[str, ...]]:
    """What comes directly before each step."""
    return {step.key: step.after for step in matter.steps}


def cycle(after: Edges) -> tuple[str, ...]:
    """One cycle in a graph, each followed by one that waits for it, the first of the graph first; empty: none."""
    done: set[str] = set()
    for start in after:
        path: list[str] = []
        stack = [(start, iter(after.get(start, ())))] if start not in done else []
        if stack:
            path.append(start)
        while stack:
            _, rest = stack[-1]
            for before in rest:
                if before in path:
                    loop = path[path.index(before) :][::-1]
                    first = loop.index(min(loop, key=list(after).index))
                    return (*loop[first:], *loop[:first])
                if before not in done and before in after:
                    path.append(before)
                    stack.append((before, iter(after[before])))
                    break
            else:
                done.add(path.pop())
                stack.pop()
    return ()


def ordered(after: Edges) -> tuple[str, ...]:
    """The graph from its beginnings to its ends, otherwise in its own order. ValueError for a cycle."""
    if loop := cycle(after):
        raise ValueError(f"a cycle: {' → '.join(loop)}")
    placed: dict[str, None] = {}
    while len(placed) < len(after):
        for key, before in after.items():
            if key not in placed and all(each in placed or each not in after for each in before):
                placed[key] = None
    return tuple(placed)


def tracks(matter: Matter) -> tuple[tuple[str, ...], ...]:
    """The steps in rounds: those of one round may run at the same time."""
    after = edges(matter)
    rounds: dict[str, int] = {}
    for key in ordered(after):
        rounds[key] = max((rounds[each] + 1 for each in after[key]), default=0)
    return tuple(
        tuple(key for key, at in rounds.items() if at == number)
        for number in range(max(rounds.values(), default=-1) + 1)
    )


def opening(matter: Matter, branch: Branch) -> dict[str, StepState]:
    """The steps of a matter that is opened: what the branch leaves out is skipped, what waits for nothing is ready."""
    states = {step.key: StepState.SKIPPED if step.key in branch.skips else StepState.PENDING for step in matter.steps}
    return states | dict.fromkeys(ready(matter, states), StepState.READY)


def ready(matter: Matter, states: Mapping[str, StepState]) -> tuple[str, ...]:
    """The pending steps whose predecessors are all done or skipped."""
    return tuple(
        step.key
        for step in matter.steps
        if states[step.key] is StepState.PENDING and all(states[before] in STEP_ENDED for before in step.after)
    )


def completed(
    matter: Matter, states: Mapping[str, StepState], step: Step, outcome: Outcome | None
) -> tuple[dict[str, StepState], MatterState | None]:
    """The steps after one is done, and what the matter has become: None while it goes on.

    A step that the outcome skips is skipped unless it is done. When the outcome ends the matter, all that is open is
    skipped.
    """
    after = dict(states) | {step.key: StepState.DONE}
    ends = outcome is not None and outcome.ends is not None
    skipped = set(after) if ends else set(outcome.skips if outcome else ())
    after |= {key: StepState.SKIPPED for key in skipped if after[key] not in STEP_ENDED}
    after |= dict.fromkeys(ready(matter, after), StepState.READY)
    if outcome is not None and outcome.ends is not None:
        return after, outcome.ends
    return after, MatterState.DONE if all(state in STEP_ENDED for state in after.values()) else None


def returned(matter: Matter, states: Mapping[str, StepState], key: str) -> dict[str, StepState]:
    """The steps after one is sent back: those that waited for it, directly or not, wait again, whatever they were."""
    after = dict(states) | {key: StepState.RETURNED}
    for later in following(edges(matter), key):
        if after[later] is not StepState.SKIPPED:
            after[later] = StepState.PENDING
    return after


def following(after: Edges, key: str) -> tuple[str, ...]:
    """What waits for a key, directly or not, in the order of the graph."""
    found = {key}
    for each in ordered(after):
        if found.intersection(after[each]):
            found.add(each)
    return tuple(each for each in ordered(after) if each in found and each != key)


def may_start(matter: Matter, others: Iterable[tuple[str, MatterState]]) -> bool:
    """Whether the matters that come first, of those the case has, are over and none was refused."""
    return all(state in _LETS_GO_ON for key, state in others if key in matter.after)


def longest(after: Edges, weight: Mapping[str, int]) -> tuple[tuple[str, ...], int]:
    """The critical path (关键路径): of all ways through a graph the heaviest, and its weight."""
    best: dict[str, tuple[int, tuple[str, ...]]] = {}
    for key in ordered(after):
        before = max((best[each] for each in after[key] if each in best), default=(0, ()))
        best[key] = (before[0] + weight.get(key, 0), (*before[1], key))
    total, path = max(best.values(), default=(0, ()))
    return path, total
