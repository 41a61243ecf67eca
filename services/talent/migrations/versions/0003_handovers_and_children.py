"""hand-overs and children"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
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
    op.create_table(
        "children",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("grade_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("school_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("certificate", sa.String(length=40), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(certificate = '') = (grade_sealed IS NOT NULL) AND (certificate = '') = (school_sealed IS NOT NULL)",
            name="kept_or_certified",
        ),
        sa.ForeignKeyConstraint(["case_id", "member"], ["family_members.case_id", "family_members.number"]),
        sa.PrimaryKeyConstraint("case_id", "member"),
    )
    op.create_table(
        "child_accesses",
        sa.Column("sequence", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("requester", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("approver", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("expire_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("request_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'APPROVED') = (expire_time IS NOT NULL)", name="approved_until"),
        sa.CheckConstraint("approver <> requester", name="approved_by_another"),
        sa.ForeignKeyConstraint(["case_id", "member"], ["children.case_id", "children.member"]),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("child_accesses_by_child", "child_accesses", ["case_id", "member", "sequence"])
    op.create_table(
        "child_entries",
        sa.Column("sequence", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case_id", "member"], ["children.case_id", "children.member"]),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("case_id", "member", "number", name="child_entries_are_counted"),
    )
    op.create_table(
        "deletion_certificates",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("basis", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("officer", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("deleted", sa.JSON(), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    for table in ("deletion_certificates", "child_entries", "child_accesses", "children"):
        op.drop_table(table)
    op.drop_table("handovers")
