"""`liancai-server serve` with one fault of ours: while the file `fault` is in the data folder, deciding fails, and the
exception says whom it was about."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from services import __main__ as server
from services.training.seats.sitting import Sitting

FAULT = Path(os.environ["LIANCAI_DATA"]) / "fault"
_decide = Sitting.decide


def faulty(sitting: Sitting, applications: Any, *more: Any) -> Any:
    if FAULT.exists():
        people = [(each.person.full_name, each.person.number, each.person.phone) for each in applications]
        raise KeyError(f"nobody expected {people}")
    return _decide(sitting, applications, *more)


Sitting.decide = faulty  # type: ignore[method-assign]
server.main()
