"""other placements"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "placed_people",
        sa.Column("resident_id_index", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("resident_id_index"),
    )
    op.create_table(
        "placements",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column(
            "full_name",
            sa.String(length=50).with_variant(sa.String(length=50, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "name_pinyin",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "name_initials",
            sa.String(length=50).with_variant(sa.String(length=50, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("resident_id_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("resident_id_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("title", sa.String(length=24), nullable=False),
        sa.Column("education", sa.String(length=24), nullable=False),
        sa.Column("home_unit_credit_code", sa.String(length=18), nullable=False),
        sa.Column("home_unit_name", sa.String(length=100), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("host_credit_code", sa.String(length=18), nullable=False),
        sa.Column("host_name", sa.String(length=100), nullable=False),
        sa.Column("host_division", sa.String(length=6), nullable=False),
        sa.Column("post", sa.String(length=100), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("approval_number", sa.String(length=64), nullable=False),
        sa.Column("approving_unit", sa.String(length=100), nullable=False),
        sa.Column("agreement_title", sa.String(length=100), nullable=False),
        sa.Column("agreement_sha256", sa.String(length=64), nullable=False),
        sa.Column("agreement_signed_on", sa.Date(), nullable=True),
        sa.Column("documents", sa.JSON(), nullable=False),
        sa.Column("pay_bearer", sa.String(length=16), nullable=False),
        sa.Column("injury_bearer", sa.String(length=16), nullable=False),
        sa.Column("benefit_basis", sa.String(length=200), nullable=False),
        sa.Column("school", sa.String(length=16), nullable=False),
        sa.Column("study_months", sa.Integer(), nullable=False),
        sa.Column("host_staff", sa.Integer(), nullable=False),
        sa.Column("host_interns", sa.Integer(), nullable=False),
        sa.Column("consent_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_unit", sa.String(length=64), nullable=False),
        sa.Column("begun_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("report_count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("rule_pack", sa.String(length=120), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'ENDED') = (ended_on IS NOT NULL)", name="ended_on_a_day"),
        sa.CheckConstraint(
            "kind = 'INTERNSHIP' OR (school = '' AND study_months + host_staff + host_interns = 0)",
            name="of_students_only",
        ),
        sa.CheckConstraint("state NOT IN ('RUNNING', 'ENDED') OR begun_on IS NOT NULL", name="began_before_it_ran"),
        sa.CheckConstraint("home_unit_credit_code <> host_credit_code", name="two_units"),
        sa.CheckConstraint("start_date <= end_date", name="a_period_of_a_day"),
        sa.ForeignKeyConstraint(
            ["resident_id_index"],
            ["placed_people.resident_id_index"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("placements", schema=None) as batch_op:
        batch_op.create_index("placements_by_division", ["division", "id"], unique=False)
        batch_op.create_index("placements_by_host", ["host_credit_code", "id"], unique=False)
        batch_op.create_index("placements_by_host_division", ["host_division", "id"], unique=False)
        batch_op.create_index("placements_by_initials", ["name_initials", "id"], unique=False)
        batch_op.create_index("placements_by_name", ["full_name", "id"], unique=False)
        batch_op.create_index("placements_by_number", ["resident_id_index", "id"], unique=False)
        batch_op.create_index("placements_by_phone", ["phone_index", "id"], unique=False)
        batch_op.create_index("placements_by_pinyin", ["name_pinyin", "id"], unique=False)
        batch_op.create_index("placements_by_unit", ["home_unit_credit_code", "id"], unique=False)

    op.create_table(
        "placement_reports",
        sa.Column("placement_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("text <> '' OR file_sha256 <> ''", name="says_something"),
        sa.CheckConstraint("first_day <= last_day", name="about_a_day"),
        sa.ForeignKeyConstraint(
            ["placement_id"],
            ["placements.id"],
        ),
        sa.PrimaryKeyConstraint("placement_id", "number"),
    )


def downgrade() -> None:
    op.drop_table("placement_reports")
    with op.batch_alter_table("placements", schema=None) as batch_op:
        batch_op.drop_index("placements_by_unit")
        batch_op.drop_index("placements_by_pinyin")
        batch_op.drop_index("placements_by_phone")
        batch_op.drop_index("placements_by_number")
        batch_op.drop_index("placements_by_name")
        batch_op.drop_index("placements_by_initials")
        batch_op.drop_index("placements_by_host_division")
        batch_op.drop_index("placements_by_host")
        batch_op.drop_index("placements_by_division")

    op.drop_table("placements")
    op.drop_table("placed_people")
