"""up to where events are kept no longer; when holding passed to the other side"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TAKEN = sa.text("state = 'ACCEPTED'")
INDEXES = {"accepted_by_case": ["case_id", "settle_time"], "accepted_by_time": ["settle_time"]}


def upgrade() -> None:
    op.create_table(
        "outbox_floor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="one_floor"),
        sa.PrimaryKeyConstraint("id"),
    )
    for name, columns in INDEXES.items():
        op.create_index(name, "handovers", columns, sqlite_where=TAKEN, postgresql_where=TAKEN)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "handovers")
    op.drop_table("outbox_floor")
