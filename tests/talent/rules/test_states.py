from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import pytest

from services.talent.rules import states
from services.talent.rules.states import MATTER_ENDED, STEP_ENDED, STEP_OPEN, MatterState, StepState

TABLES: dict[str, tuple[type[StrEnum], Mapping[str, tuple[tuple[StrEnum, ...], StrEnum]], StrEnum]] = {
    "catalogue": (states.CatalogueState, states.CATALOGUE_VERBS, states.CatalogueState.DRAFT),
    "case": (states.CaseState, states.CASE_VERBS, states.CaseState.OPEN),
    "matter": (states.MatterState, states.MATTER_VERBS, states.MatterState.WAITING),
    "step": (states.StepState, states.STEP_VERBS, states.StepState.PENDING),
    "handover": (states.HandoverState, states.HANDOVER_VERBS, states.HandoverState.OFFERED),
}


@pytest.mark.parametrize("name", TABLES)
def test_every_state_can_be_come_to(name: str) -> None:
    kind, verbs, beginning = TABLES[name]
    reached = {beginning}
    for _ in kind:
        reached |= {leads for froms, leads in verbs.values() if reached & set(froms)}
    assert reached == set(kind)


def test_what_is_frozen_stays() -> None:
    leaving = {verb for verb, (froms, _) in states.CATALOGUE_VERBS.items() if states.CatalogueState.PUBLISHED in froms}
    assert leaving == {"retire"}
    for final in (states.HandoverState.ACCEPTED, states.HandoverState.RETURNED, states.HandoverState.RECALLED):
        assert not any(final in froms for froms, _ in states.HANDOVER_VERBS.values())


def test_states_that_are_open_and_states_that_are_over() -> None:
    assert set(STEP_OPEN) | set(STEP_ENDED) | {StepState.PENDING} == set(StepState)
    assert not set(STEP_OPEN) & set(STEP_ENDED)
    assert set(MATTER_ENDED) == set(MatterState) - {MatterState.WAITING, MatterState.RUNNING}
