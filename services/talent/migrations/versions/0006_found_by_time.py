"""cases and matters are found by when they began and ended, events by their case; rows that change have room"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FULL = 85  # per cent of a page: a changed row then stays on it, and its indexes as they are


def upgrade() -> None:
    op.create_index("cases_by_opening", "cases", ["open_time"])
    op.create_index("cases_by_closing", "cases", ["close_time"])
    op.create_index("matters_by_start", "matters", ["start_time"])
    op.create_index("matters_by_finish", "matters", ["finish_time"])
    op.create_index("outbox_event_by_subject", "outbox_event", ["subject", "sequence"])
    if op.get_context().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE cases SET (fillfactor = {FULL})")


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE cases RESET (fillfactor)")
    op.drop_index("outbox_event_by_subject", "outbox_event")
    op.drop_index("matters_by_finish", "matters")
    op.drop_index("matters_by_start", "matters")
    op.drop_index("cases_by_closing", "cases")
    op.drop_index("cases_by_opening", "cases")
