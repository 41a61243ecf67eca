"""plans, their pins, bans, inputs and visits; jobs"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("caller", sa.JSON(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("checkpoint", sa.JSON(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("error", sa.String(length=64), nullable=False),
        sa.Column("cancel", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=26), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("job_by_state", ["state", "id"], unique=False)
        batch_op.create_index("job_by_subject", ["subject", "id"], unique=False)

    op.create_table(
        "job_item",
        sa.Column("job_id", sa.String(length=26), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"]),
        sa.PrimaryKeyConstraint("job_id", "place"),
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("partner_division", sa.String(length=6), nullable=False),
        sa.Column("disciplines", sa.JSON(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("objective", sa.JSON(), nullable=False),
        sa.Column("replaces", sa.String(length=40), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("outdated", sa.Boolean(), nullable=False),
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("makers", sa.JSON(), nullable=False),
        sa.Column("reviewer", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("publish_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name="lasts_a_day"),
        sa.CheckConstraint("state <> 'PUBLISHED' OR publish_time IS NOT NULL", name="published_at_a_time"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("plans", schema=None) as batch_op:
        batch_op.create_index("plans_by_division", ["division", "id"], unique=False)
        batch_op.create_index("plans_by_partner", ["partner_division", "id"], unique=False)

    op.create_table(
        "plan_pins",
        sa.Column("plan_id", sa.String(length=40), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cost", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["commissioner_id"], ["commissioners.id"]),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"]),
        sa.PrimaryKeyConstraint("plan_id", "request_id"),
    )
    op.create_table(
        "plan_bans",
        sa.Column("plan_id", sa.String(length=40), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cost", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["commissioner_id"], ["commissioners.id"]),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"]),
        sa.PrimaryKeyConstraint("plan_id", "request_id", "commissioner_id"),
    )
    op.create_table(
        "plan_inputs",
        sa.Column("plan_id", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("prices", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"]),
        sa.PrimaryKeyConstraint("plan_id", "digest"),
    )
    op.create_table(
        "plan_visits",
        sa.Column("plan_id", sa.String(length=40), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("travel_days", sa.JSON(), nullable=False),
        sa.Column("priority_points", sa.Integer(), nullable=False),
        sa.Column("continuity_points", sa.Integer(), nullable=False),
        sa.Column("travel_points", sa.Integer(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["commissioner_id"], ["commissioners.id"]),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"]),
        sa.PrimaryKeyConstraint("plan_id", "request_id"),
    )
    with op.batch_alter_table("plan_visits", schema=None) as batch_op:
        batch_op.create_index("plan_visits_by_commissioner", ["plan_id", "commissioner_id", "request_id"], unique=False)

    op.create_table(
        "plan_unserved",
        sa.Column("plan_id", sa.String(length=40), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"]),
        sa.PrimaryKeyConstraint("plan_id", "request_id"),
    )


def downgrade() -> None:
    for table in ("plan_unserved", "plan_visits", "plan_inputs", "plan_bans", "plan_pins", "plans", "job_item", "job"):
        op.drop_table(table)
