"""The clock that the services go by: the machine's, or in a rehearsal (演练) one that is ahead of it or behind it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

REHEARSAL = "LIANCAI_REHEARSAL"  # a file with the seconds that the clock is ahead; it may be set on meanwhile


def now() -> datetime:
    """The instant it is, aware, in UTC. Tokens and what replicas agree on by their database go by the machine's clock.

    Raises ValueError or OSError for a file of a rehearsal without a number.
    """
    machine = datetime.now(UTC)
    path = os.environ.get(REHEARSAL)
    return machine + timedelta(seconds=float(Path(path).read_text(encoding="ascii"))) if path else machine
