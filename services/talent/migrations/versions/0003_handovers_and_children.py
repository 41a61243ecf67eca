"""hand-overs and children"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    waiting = sa.text("state = 'OFFERED'")
    op.create_table(
        "handovers",
        sa.Column("sequence", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sender", sa.String(length=16), nullable=False),
        sa.Column("sender_division", sa.String(length=6), nullable=False),
        sa.Column("receiver", sa.String(length=16), nullable=False),
        sa.Column("receiver_division", sa.String(length=6), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("offered_by", sa.String(length=200), nullable=False),
        sa.Column("offered_unit", sa.String(length=64), nullable=False),
        sa.Column("offer_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_by", sa.String(length=200), nullable=False),
        sa.Column("settled_unit", sa.String(length=64), nullable=False),
        sa.Column("settle_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("sender <> receiver", name="goes_to_the_other_side"),
        sa.CheckConstraint("(state = 'OFFERED') = (settled_by = '')", name="settled_with_a_signature"),
        sa.CheckConstraint("state <> 'RETURNED' OR answer <> ''", name="returned_with_a_reason"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("case_id", "number", name="handovers_are_counted"),
    )
    op.create_index(
        "one_offer_a_case", "handovers", ["case_id"], unique=True, sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_index("handovers_by_sender", "handovers", ["sender_division", "sequence"])
    op.create_index("handovers_by_receiver", "handovers", ["receiver_division", "sequence"])


def downgrade() -> None:
    op.drop_table("handovers")
