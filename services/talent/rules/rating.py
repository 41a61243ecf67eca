"""Which matters are rated (好差评): those in which something was decided or done for the applicant.

国办发〔2019〕51号 wants whatever is handled to be rated, once an item (一事一评), and does not ask how it ended: a
refusal is rated like a grant. It does not say what of an item that came to no decision; neither do the local rules that
we have read. Our own reading, unconfirmed: what the applicant withdrew, what went into another case, and what turned
out not to be required before anybody had begun a step of it is not rated. Whoever is dissatisfied files a complaint.
"""

from __future__ import annotations

from enum import StrEnum

from services.talent.rules.states import MATTER_ENDED, MatterState

_DECIDED = (MatterState.DONE, MatterState.REFUSED)


class Unrated(StrEnum):
    """Why a matter is not rated."""

    UNFINISHED = "UNFINISHED"  # yet
    UNDECIDED = "UNDECIDED"  # it has ended without anything to rate


def unrated(state: MatterState, *, handled: bool) -> Unrated | None:
    """Why a matter in this state is not rated, None if it may be. `handled`: somebody has begun a step of it."""
    if state not in MATTER_ENDED:
        return Unrated.UNFINISHED
    if state in _DECIDED or (state is MatterState.NOT_REQUIRED and handled):
        return None
    return Unrated.UNDECIDED
