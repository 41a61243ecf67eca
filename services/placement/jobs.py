"""Long work of the placement service."""

from __future__ import annotations

from services.placement.tables import BOOKS, JOBS
from services.platform.job_process import Kinds, Run
from services.platform.jobs import Json


def solve(run: Run) -> Json:
    """Works a plan out."""
    # arrays and solvers take half a second and much memory: a server names this kind, and need not load them
    from services.placement.plan_jobs import overriding, solving

    return solving.solve(run, overriding.tell_costs)


def replan(run: Run) -> Json:
    """Plans a published plan again."""
    from services.placement.plan_jobs import replanning

    return replanning.again(run)


def improve(run: Run) -> Json:
    """Makes visits drawn up by hand better."""
    from services.placement.plan_jobs import replanning

    return replanning.better(run)


KINDS = Kinds(BOOKS, JOBS, {"plan.solve": solve, "plan.replan": replan, "plan.improve": improve})
