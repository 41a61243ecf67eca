"""The graph of a matter's steps, and of a case's matters: what may begin, what waits for what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.talent.rules.catalogue import Matter
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


def ready(matter: Matter, states: Mapping[str, StepState]) -> tuple[str, ...]:
    """The pending steps whose predecessors are all done or skipped."""
    return tuple(
        step.key
        for step in matter.steps
        if states[step.key] is StepState.PENDING and all(states[before] in STEP_ENDED for before in step.after)
    )


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
