"""assignments and the days they bind, visits, technology transfers, grades, subsidies"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

REGISTERED = sa.text("registration_number <> '' AND continues_id IS NULL")
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

    op.create_table(
        "visits",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("assignment_id", sa.String(length=40), nullable=False),
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.Column("host_credit_code", sa.String(length=18), nullable=False),
        sa.Column("home_unit_credit_code", sa.String(length=18), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("partner_division", sa.String(length=6), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.Column("remote", sa.Boolean(), nullable=False),
        sa.Column("place", sa.String(length=9), nullable=False),
        sa.Column("category", sa.String(length=24), nullable=False),
        sa.Column("problem", sa.String(length=500), nullable=False),
        sa.Column("measure", sa.String(length=1000), nullable=False),
        sa.Column("result", sa.String(length=1000), nullable=False),
        sa.Column("beneficiaries", sa.Integer(), nullable=False),
        sa.Column("photo_sha256", sa.JSON(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("late_reason", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("confirmed_by", sa.String(length=200), nullable=False),
        sa.Column("confirm_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("countersign_due", sa.Date(), nullable=True),
        sa.Column("countersign_late", sa.Boolean(), nullable=False),
        sa.Column("countersigned_by", sa.String(length=200), nullable=False),
        sa.Column("countersign_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rule_pack", sa.String(length=120), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("start_minute < end_minute", name="lasts_a_minute"),
        sa.CheckConstraint(
            "state <> 'COUNTERSIGNED' OR countersign_time IS NOT NULL", name="countersigned_by_somebody"
        ),
        sa.CheckConstraint(
            "state NOT IN ('CONFIRMED', 'COUNTERSIGNED') OR confirm_time IS NOT NULL", name="confirmed_once"
        ),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"]),
        sa.ForeignKeyConstraint(["commissioner_id"], ["commissioners.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.create_index("visits_by_assignment", ["assignment_id", "id"], unique=False)
        batch_op.create_index("visits_by_commissioner", ["commissioner_id", "day"], unique=False)
        batch_op.create_index("visits_by_division", ["division", "id"], unique=False)
        batch_op.create_index("visits_by_host", ["host_credit_code", "id"], unique=False)
        batch_op.create_index("visits_by_partner", ["partner_division", "id"], unique=False)
        batch_op.create_index("visits_by_unit", ["home_unit_credit_code", "id"], unique=False)

    op.create_table(
        "technology_transfers",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.Column("assignment_id", sa.String(length=40), nullable=True),
        sa.Column("host_credit_code", sa.String(length=18), nullable=False),
        sa.Column("host_name", sa.String(length=100), nullable=False),
        sa.Column("home_unit_credit_code", sa.String(length=18), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("partner_division", sa.String(length=6), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("contract_number", sa.String(length=64), nullable=False),
        sa.Column("registration_number", sa.String(length=64), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("stage_date", sa.Date(), nullable=False),
        sa.Column("intellectual_property", sa.String(length=500), nullable=False),
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column("continues_id", sa.String(length=40), nullable=True),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount_fen >= 0", name="worth_nothing_or_more"),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"]),
        sa.ForeignKeyConstraint(["commissioner_id"], ["commissioners.id"]),
        sa.ForeignKeyConstraint(["continues_id"], ["technology_transfers.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("continues_id"),
    )
    with op.batch_alter_table("technology_transfers", schema=None) as batch_op:
        for name, column in (
            ("commissioner", "commissioner_id"),
            ("division", "division"),
            ("host", "host_credit_code"),
            ("partner", "partner_division"),
            ("unit", "home_unit_credit_code"),
        ):
            batch_op.create_index(f"transfers_by_{name}", [column, "id"], unique=False)
        batch_op.create_index(
            "transfers_registered_once",
            ["registration_number"],
            unique=True,
            sqlite_where=REGISTERED,
            postgresql_where=REGISTERED,
        )

    op.create_table(
        "evaluations",
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("grade", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("recorded_by", sa.String(length=200), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["commissioner_id"], ["commissioners.id"]),
        sa.PrimaryKeyConstraint("commissioner_id", "year"),
    )
    with op.batch_alter_table("evaluations", schema=None) as batch_op:
        batch_op.create_index("evaluations_by_year", ["year"], unique=False)

    op.create_table(
        "subsidies",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("pay_date", sa.Date(), nullable=False),
        sa.Column("basis", sa.String(length=200), nullable=False),
        sa.Column("recorded_by", sa.String(length=200), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen >= 1", name="paid_something"),
        sa.ForeignKeyConstraint(["commissioner_id"], ["commissioners.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("subsidies", schema=None) as batch_op:
        batch_op.create_index("subsidies_by_commissioner", ["commissioner_id", "pay_date"], unique=False)


def downgrade() -> None:
    for table in ("subsidies", "evaluations", "technology_transfers", "visits", "assigned_days", "assignments"):
        op.drop_table(table)
