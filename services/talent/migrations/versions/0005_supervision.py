"""lights and reminders, supervision orders, imported logs"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TO_REMIND = sa.text("alarm IS NOT NULL AND remind IS NOT NULL")
UNDER_WAY = sa.text("state IN ('ISSUED', 'ANSWERED')")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("steps", schema=None) as batch_op:
        for name in ("yellow", "red", "remind", "finish_date"):
            batch_op.add_column(sa.Column(name, sa.Date(), nullable=True))
        batch_op.create_index("steps_to_remind", ["remind", "id"], sqlite_where=TO_REMIND, postgresql_where=TO_REMIND)
        batch_op.create_index("steps_by_start", ["start_time"])
        batch_op.create_index("steps_by_finish", ["finish_time"])

    op.create_table(
        "reminders",
        sa.Column("step_id", NUMBER, nullable=False),
        sa.Column("rung", sa.String(length=32), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("matter", sa.String(length=40), nullable=False),
        sa.Column("light", sa.String(length=8), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"]),
        sa.PrimaryKeyConstraint("step_id", "rung", "due"),
    )
    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.create_index("reminders_of_a_case", ["case_id", "day"])
        batch_op.create_index("reminders_of_a_matter", ["case_id", "matter", "light"])

    op.create_table(
        "supervision_orders",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("step_id", NUMBER, nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("matter", sa.String(length=40), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("officer", sa.String(length=200), nullable=False),
        sa.Column("requirement", sa.String(length=500), nullable=False),
        sa.Column("new_date", sa.Date(), nullable=False),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("remark", sa.String(length=500), nullable=False),
        sa.Column("rung", sa.String(length=32), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("answerer", sa.String(length=200), nullable=False),
        sa.Column("closer", sa.String(length=200), nullable=False),
        sa.Column("issue_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state <> 'ANSWERED' OR answer <> ''", name="answered_in_words"),
        sa.CheckConstraint("(state IN ('ISSUED', 'ANSWERED')) = (close_time IS NULL)", name="closed_at_a_time"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("supervision_orders", schema=None) as batch_op:
        batch_op.create_index(
            "one_order_under_way", ["step_id"], unique=True, sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY
        )
        batch_op.create_index("orders_of_a_case", ["case_id", "id"])
        batch_op.create_index("orders_of_a_unit", ["unit", "id"])

    op.create_table(
        "log_cases",
        sa.Column("log", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("log", "key"),
    )
    op.create_table(
        "log_lines",
        sa.Column("log", sa.String(length=80), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("log", "fingerprint"),
    )


def downgrade() -> None:
    op.drop_table("log_lines")
    op.drop_table("log_cases")
    with op.batch_alter_table("supervision_orders", schema=None) as batch_op:
        batch_op.drop_index("orders_of_a_unit")
        batch_op.drop_index("orders_of_a_case")
        batch_op.drop_index("one_order_under_way", sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY)

    op.drop_table("supervision_orders")
    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.drop_index("reminders_of_a_matter")
        batch_op.drop_index("reminders_of_a_case")

    op.drop_table("reminders")
    with op.batch_alter_table("steps", schema=None) as batch_op:
        batch_op.drop_index("steps_by_finish")
        batch_op.drop_index("steps_by_start")
        batch_op.drop_index("steps_to_remind", sqlite_where=TO_REMIND, postgresql_where=TO_REMIND)
        for name in ("finish_date", "remind", "red", "yellow"):
            batch_op.drop_column(name)
