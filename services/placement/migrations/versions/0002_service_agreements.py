"""service agreements"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_agreements",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.Column("sending_unit_credit_code", sa.String(length=18), nullable=False),
        sa.Column("sending_unit_name", sa.String(length=100), nullable=False),
        sa.Column("host_credit_code", sa.String(length=18), nullable=False),
        sa.Column("host_name", sa.String(length=100), nullable=False),
        sa.Column("bureau_credit_code", sa.String(length=18), nullable=False),
        sa.Column("bureau_name", sa.String(length=100), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("partner_division", sa.String(length=6), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("min_days_a_year", sa.Integer(), nullable=False),
        sa.Column("deliverables", sa.String(length=1000), nullable=False),
        sa.Column("intellectual_property", sa.String(length=1000), nullable=False),
        sa.Column("confidentiality", sa.String(length=1000), nullable=False),
        sa.Column("pay_a_year_fen", sa.BigInteger(), nullable=False),
        sa.Column("expense_bearer", sa.String(length=16), nullable=False),
        sa.Column("pay_terms", sa.String(length=500), nullable=False),
        sa.Column("insurance_bearer", sa.String(length=16), nullable=False),
        sa.Column("exit_terms", sa.String(length=500), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("filing_number", sa.String(length=64), nullable=False),
        sa.Column("file_date", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("rule_pack", sa.String(length=120), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(file_date IS NOT NULL) = (state IN ('FILED', 'ENDED', 'TERMINATED'))", name="in_force_once_filed"
        ),
        sa.CheckConstraint("(kind = 'SINGLE_HOST') = (host_credit_code <> '')", name="a_single_host_is_named"),
        sa.CheckConstraint("kind <> 'FRAMEWORK' OR bureau_credit_code <> ''", name="a_framework_has_its_bureau"),
        sa.CheckConstraint("last_day <= valid_to", name="ends_with_its_term"),
        sa.CheckConstraint("min_days_a_year BETWEEN 1 AND 366", name="days_of_a_year"),
        sa.CheckConstraint("valid_from <= valid_to", name="a_term_of_a_day"),
        sa.ForeignKeyConstraint(
            ["commissioner_id"],
            ["commissioners.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("service_agreements", schema=None) as batch_op:
        batch_op.create_index("service_agreements_by_commissioner", ["commissioner_id", "valid_from"], unique=False)
        batch_op.create_index("service_agreements_by_division", ["division", "id"], unique=False)
        batch_op.create_index("service_agreements_by_host", ["host_credit_code", "id"], unique=False)
        batch_op.create_index("service_agreements_by_partner", ["partner_division", "id"], unique=False)
        batch_op.create_index("service_agreements_by_unit", ["sending_unit_credit_code", "id"], unique=False)

    op.create_table(
        "service_agreement_signatures",
        sa.Column("agreement_id", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("noted_by_unit", sa.String(length=64), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["service_agreements.id"],
        ),
        sa.PrimaryKeyConstraint("agreement_id", "role"),
    )


def downgrade() -> None:
    op.drop_table("service_agreement_signatures")
    with op.batch_alter_table("service_agreements", schema=None) as batch_op:
        batch_op.drop_index("service_agreements_by_unit")
        batch_op.drop_index("service_agreements_by_partner")
        batch_op.drop_index("service_agreements_by_host")
        batch_op.drop_index("service_agreements_by_division")
        batch_op.drop_index("service_agreements_by_commissioner")

    op.drop_table("service_agreements")
