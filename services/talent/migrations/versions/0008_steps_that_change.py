"""steps that change have room, and what begins a step leaves their indexes alone"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FULL = 85  # per cent of a page: a changed row then stays on it
FINISHED = text("finish_time IS NOT NULL")


def upgrade() -> None:
    op.drop_index("steps_by_finish", "steps")
    op.create_index("steps_by_finish", "steps", ["finish_time"], sqlite_where=FINISHED, postgresql_where=FINISHED)
    if op.get_context().dialect.name == "postgresql":
        op.drop_index("steps_by_start", "steps")
        op.create_index("steps_by_start", "steps", ["start_time"], postgresql_using="brin")
        op.execute(f"ALTER TABLE steps SET (fillfactor = {FULL})")


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE steps RESET (fillfactor)")
        op.drop_index("steps_by_start", "steps")
        op.create_index("steps_by_start", "steps", ["start_time"])
    op.drop_index("steps_by_finish", "steps")
    op.create_index("steps_by_finish", "steps", ["finish_time"])
