"""re-plans and what they did with promises"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "replans",
        sa.Column("plan_id", sa.String(length=40), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"]),
        sa.PrimaryKeyConstraint("plan_id"),
    )
    op.create_table(
        "replan_promises",
        sa.Column("plan_id", sa.String(length=40), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("fate", sa.String(length=16), nullable=False),
        sa.Column("hit", sa.Boolean(), nullable=False),
        sa.Column("freed", sa.Boolean(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("new_commissioner_id", sa.String(length=40), nullable=False),
        sa.Column("new_days", sa.JSON(), nullable=False),
        sa.Column("price", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"]),
        sa.PrimaryKeyConstraint("plan_id", "request_id"),
    )
    with op.batch_alter_table("replan_promises", schema=None) as batch_op:
        batch_op.create_index("replan_promises_by_fate", ["plan_id", "fate", "request_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("replan_promises", schema=None) as batch_op:
        batch_op.drop_index("replan_promises_by_fate")

    op.drop_table("replan_promises")
    op.drop_table("replans")
