"""assignments and the days they bind"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0001"
branch_labels = None
depends_on = None

STANDS = sa.text("state NOT IN ('DECLINED', 'CANCELLED')")


def upgrade() -> None:
    op.create_table(
        "assignments",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.Column("plan", sa.String(length=64), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("travel_days", sa.JSON(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("host_credit_code", sa.String(length=18), nullable=False),
        sa.Column("host_name", sa.String(length=100), nullable=False),
        sa.Column("home_unit_credit_code", sa.String(length=18), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("partner_division", sa.String(length=6), nullable=False),
        sa.Column("answered_by", sa.String(length=200), server_default="", nullable=False),
        sa.Column("answer_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=500), server_default="", nullable=False),
        sa.Column("disrupted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("rating", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rating_comment", sa.String(length=500), server_default="", nullable=False),
        sa.Column("rate_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(rating > 0) = (state = 'RATED')", name="rated_have_a_rating"),
        sa.CheckConstraint("first_day <= last_day", name="lasts_a_day"),
        sa.CheckConstraint("rating BETWEEN 0 AND 5", name="five_levels"),
        sa.ForeignKeyConstraint(["commissioner_id"], ["commissioners.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("assignments", schema=None) as batch_op:
        for name, column in (
            ("commissioner", "commissioner_id"),
            ("division", "division"),
            ("host", "host_credit_code"),
            ("partner", "partner_division"),
            ("plan", "plan"),
            ("request", "request_id"),
            ("unit", "home_unit_credit_code"),
        ):
            batch_op.create_index(f"assignments_by_{name}", [column, "id"], unique=False)
        batch_op.create_index(
            "assignments_once", ["request_id"], unique=True, sqlite_where=STANDS, postgresql_where=STANDS
        )

    op.create_table(
        "assigned_days",
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("assignment_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"]),
        sa.ForeignKeyConstraint(["commissioner_id"], ["commissioners.id"]),
        sa.PrimaryKeyConstraint("commissioner_id", "day"),
    )
    with op.batch_alter_table("assigned_days", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assigned_days_assignment_id"), ["assignment_id"], unique=False)


def downgrade() -> None:
    op.drop_table("assigned_days")
    op.drop_table("assignments")
