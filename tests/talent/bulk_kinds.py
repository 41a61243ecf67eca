"""The kinds of bulk jobs as they are, few things at once, and met in the middle of a transaction, to be killed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from services.platform.boundary import Call
from services.platform.errors import Fault
from services.platform.job_process import Kinds, Run
from services.platform.jobs import Json
from services.platform.transaction import Tx
from services.talent import jobs
from services.talent.tables import BOOKS, JOBS
from tests.platform.job_kinds import meet

PLACE = "tests.talent.bulk_kinds:KINDS"
FOLDER = "BULK_KINDS_FOLDER"
TOGETHER = 5
STOP = 10  # things that are done when it is met


def _met(run: Run) -> Json:
    """Does the job, in the process that was started for it and in no other."""
    done = jobs._done

    def met(tx: Tx, call: Call, some: Sequence[jobs.Thing], together: jobs.Together, run: Run) -> list[Fault | None]:
        found = done(tx, call, some, together, run)
        if run.checkpoint.get("done") == STOP:
            tx.flush()  # what was done to these is written, and not committed
            meet(os.environ[FOLDER], f"{STOP}.{run.attempt}")
        return found

    jobs.TOGETHER, jobs._done = TOGETHER, met
    return jobs.KINDS.kinds[run.kind](run)


_KINDS: dict[str, Any] = dict.fromkeys(jobs.KINDS.kinds, _met)
KINDS = Kinds(BOOKS, JOBS, _KINDS)
