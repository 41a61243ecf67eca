"""What is asked for a seat, what is written, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.platform.boundary import Call
from services.training.rules.eligibility import Judgement, Ruleset, Verdict
from services.training.rules.facts import Facts
from services.training.rules.states import EnrolmentState
from services.training.seats.limits import Binding
from services.training.seats.people import Person


@dataclass(slots=True)
class Application:
    """One person's wish for one class.

    `late_reason` says why it is entered after `occur_time` (补录), `accepted` why a warning is let pass, by its code.
    Applications with one `party` stand together in the list and get seats together or not at all. `arrived` is when the
    server received it: the waitlist counts from then.
    """

    call: Call
    class_id: str
    person: Person
    occur_time: datetime
    late_reason: str = ""
    accepted: Mapping[str, str] = field(default_factory=dict)
    seat_only: bool = False
    party: str = ""
    arrived: datetime | None = None


class Enrolled(NamedTuple):
    """An enrolment as it is written."""

    id: str
    class_id: str
    order_id: str
    trainee_id: str
    state: str
    place: int
    priority: int
    waits_since: datetime | None
    tie: int
    party: str
    phone_sealed: bytes
    phone_index: bytes
    category: str
    proof_sealed: bytes
    subsidy_fen: int
    accepted: list[dict[str, str]]
    facts: str  # JSON
    rule_pack: str
    occur_time: datetime
    record_time: datetime
    offer_expire_time: datetime | None = None
    reason: str = ""
    version: int = 1


@dataclass(slots=True)
class Decision:
    """What comes of an application: a new enrolment, the place the person has already, or neither, and why.

    `blocked` when a rule refuses, `unaccepted` the codes of warnings that nobody gave a reason to let pass, `binding`
    the limit that has too little left, `full` when the class has no seat and nothing else was wanted, `partners` when
    others of the party may not come.
    """

    facts: Facts
    rules: Ruleset
    judgement: Judgement
    capacity: int
    filled: int
    unaccepted: tuple[str, ...] = ()
    binding: Binding | None = None
    full: bool = False
    partners: bool = False
    state: EnrolmentState | None = None
    enrolment: Enrolled | None = None
    present: tuple[str, EnrolmentState, int] | None = None  # id, state and place of the active enrolment

    @property
    def blocked(self) -> bool:
        """Whether a rule refuses."""
        return self.judgement.blocked

    @property
    def objections(self) -> Sequence[Verdict]:
        """The rules that are not met."""
        return self.judgement.objections
