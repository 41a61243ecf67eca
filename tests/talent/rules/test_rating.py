"""Which matters are rated."""

from __future__ import annotations

import pytest

from services.talent.rules.rating import Unrated, unrated
from services.talent.rules.states import MatterState

OF = {
    # state: (nobody has begun a step, somebody has)
    MatterState.WAITING: (Unrated.UNFINISHED, Unrated.UNFINISHED),
    MatterState.RUNNING: (Unrated.UNFINISHED, Unrated.UNFINISHED),
    MatterState.DONE: (None, None),
    MatterState.REFUSED: (None, None),
    MatterState.NOT_REQUIRED: (Unrated.UNDECIDED, None),
    MatterState.WITHDRAWN: (Unrated.UNDECIDED, Unrated.UNDECIDED),
    MatterState.MERGED: (Unrated.UNDECIDED, Unrated.UNDECIDED),
}


@pytest.mark.parametrize("state", MatterState)
def test_what_was_decided_or_handled_is_rated_and_nothing_else(state: MatterState) -> None:
    assert (unrated(state, handled=False), unrated(state, handled=True)) == OF[state]
