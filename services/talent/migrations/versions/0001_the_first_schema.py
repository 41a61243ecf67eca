"""the first schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occur_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("resource", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("audit_entry_by_resource", ["resource", "sequence"], unique=False)

    op.create_table(
        "catalogues",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=120), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("replaces", sa.String(length=40), nullable=True),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("publish_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'DRAFT') = (replaces IS NULL)", name="published_after_another"),
        sa.CheckConstraint("(state = 'DRAFT') = (valid_from IS NULL)", name="published_from_a_day"),
        sa.CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="holds_a_day"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("replaces"),
    )
    op.create_table(
        "numbers",
        sa.Column("series", sa.String(length=40), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series"),
    )
    op.create_table(
        "outbox_delivery",
        sa.Column("endpoint", sa.String(length=40), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=26), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("endpoint"),
    )
    op.create_table(
        "outbox_event",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("number", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_table(
        "recalculations",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("caller", sa.String(length=200), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("calendar", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("earlier", sa.Integer(), nullable=False),
        sa.Column("later", sa.Integer(), nullable=False),
        sa.Column("otherwise", sa.Integer(), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("caller", "request_id", name="one_run_a_request"),
    )
    op.create_table(
        "reply",
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("caller", sa.String(length=200), nullable=False),
        sa.Column("body", sa.LargeBinary(length=32), nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "caller"),
    )
    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reply_record_time"), ["record_time"], unique=False)

    op.create_table(
        "talents",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("resident_id_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("resident_id_sealed", sa.LargeBinary(), nullable=False),
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
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("resident_id_index"),
    )
    with op.batch_alter_table("talents", schema=None) as batch_op:
        batch_op.create_index("talents_by_initials", ["name_initials", "id"], unique=False)
        batch_op.create_index("talents_by_name", ["full_name", "id"], unique=False)
        batch_op.create_index("talents_by_pinyin", ["name_pinyin", "id"], unique=False)

    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=6), nullable=False),
        sa.Column("destination", sa.String(length=6), nullable=False),
        sa.Column("custody", sa.String(length=16), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("partner_division", sa.String(length=6), nullable=False),
        sa.Column("catalogue_id", sa.String(length=40), nullable=False),
        sa.Column("talent_id", sa.String(length=40), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("employer_credit_code", sa.String(length=18), nullable=False),
        sa.Column("employer_name", sa.String(length=100), nullable=False),
        sa.Column("brought_by", sa.String(length=64), nullable=False),
        sa.Column("levels", sa.JSON(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("merged_into", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("open_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("close_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'MERGED') = (merged_into <> '')", name="merged_into_another"),
        sa.CheckConstraint("(state = 'OPEN') = (result = '')", name="ended_with_a_result"),
        sa.CheckConstraint("origin <> destination", name="goes_somewhere"),
        sa.ForeignKeyConstraint(
            ["catalogue_id"],
            ["catalogues.id"],
        ),
        sa.ForeignKeyConstraint(
            ["talent_id"],
            ["talents.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index("cases_by_division", ["division", "id"], unique=False)
        batch_op.create_index("cases_by_owner", ["owner", "id"], unique=False)
        batch_op.create_index("cases_by_partner", ["partner_division", "id"], unique=False)
        batch_op.create_index("cases_by_talent", ["talent_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_cases_brought_by"), ["brought_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_cases_day"), ["day"], unique=False)
        batch_op.create_index(batch_op.f("ix_cases_employer_credit_code"), ["employer_credit_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_cases_phone_index"), ["phone_index"], unique=False)

    op.create_table(
        "case_relations",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("other_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.ForeignKeyConstraint(
            ["other_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "other_id"),
    )
    op.create_table(
        "family_members",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("kind <> 'CHILD' OR name_sealed IS NULL", name="children_are_elsewhere"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "number"),
    )
    op.create_table(
        "matters",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finish_time", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "key"),
    )
    with op.batch_alter_table("matters", schema=None) as batch_op:
        batch_op.create_index(
            "matters_waiting",
            ["type"],
            unique=False,
            sqlite_where=sa.text("state = 'WAITING'"),
            postgresql_where=sa.text("state = 'WAITING'"),
        )

    op.create_table(
        "steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("matter", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("bureau", sa.String(length=16), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("assignee", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("received", sa.Date(), nullable=True),
        sa.Column("base", sa.Date(), nullable=True),
        sa.Column("begun", sa.String(length=16), nullable=False),
        sa.Column("planned", sa.Date(), nullable=True),
        sa.Column("promised", sa.Date(), nullable=True),
        sa.Column("statutory", sa.Date(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("calendar", sa.String(length=40), nullable=False),
        sa.Column("alarm", sa.Date(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finish_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id", "matter", "key", name="one_step_of_a_key"),
    )
    with op.batch_alter_table("steps", schema=None) as batch_op:
        batch_op.create_index(
            "steps_by_assignee",
            ["assignee", "alarm", "id"],
            unique=False,
            sqlite_where=sa.text("alarm IS NOT NULL"),
            postgresql_where=sa.text("alarm IS NOT NULL"),
        )
        batch_op.create_index(
            "steps_by_owner",
            ["owner", "alarm", "id"],
            unique=False,
            sqlite_where=sa.text("alarm IS NOT NULL"),
            postgresql_where=sa.text("alarm IS NOT NULL"),
        )
        batch_op.create_index(
            "steps_by_unit",
            ["unit", "alarm", "id"],
            unique=False,
            sqlite_where=sa.text("alarm IS NOT NULL AND assignee = ''"),
            postgresql_where=sa.text("alarm IS NOT NULL AND assignee = ''"),
        )
        batch_op.create_index("steps_of_a_unit", ["unit", "case_id"], unique=False)

    op.create_table(
        "clock_entries",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("step_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("occur_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.CheckConstraint("number >= 1", name="counted_from_one"),
        sa.ForeignKeyConstraint(
            ["step_id"],
            ["steps.id"],
        ),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("step_id", "number", name="counted_without_a_gap"),
    )
    op.create_table(
        "moved_deadlines",
        sa.Column("recalculation_id", sa.String(length=40), nullable=False),
        sa.Column("step_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recalculation_id"],
            ["recalculations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["step_id"],
            ["steps.id"],
        ),
        sa.PrimaryKeyConstraint("recalculation_id", "step_id"),
    )


def downgrade() -> None:
    op.drop_table("moved_deadlines")
    op.drop_table("clock_entries")
    with op.batch_alter_table("steps", schema=None) as batch_op:
        batch_op.drop_index("steps_of_a_unit")
        batch_op.drop_index(
            "steps_by_unit",
            sqlite_where=sa.text("alarm IS NOT NULL AND assignee = ''"),
            postgresql_where=sa.text("alarm IS NOT NULL AND assignee = ''"),
        )
        batch_op.drop_index(
            "steps_by_owner", sqlite_where=sa.text("alarm IS NOT NULL"), postgresql_where=sa.text("alarm IS NOT NULL")
        )
        batch_op.drop_index(
            "steps_by_assignee",
            sqlite_where=sa.text("alarm IS NOT NULL"),
            postgresql_where=sa.text("alarm IS NOT NULL"),
        )

    op.drop_table("steps")
    with op.batch_alter_table("matters", schema=None) as batch_op:
        batch_op.drop_index(
            "matters_waiting", sqlite_where=sa.text("state = 'WAITING'"), postgresql_where=sa.text("state = 'WAITING'")
        )

    op.drop_table("matters")
    op.drop_table("family_members")
    op.drop_table("case_relations")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cases_phone_index"))
        batch_op.drop_index(batch_op.f("ix_cases_employer_credit_code"))
        batch_op.drop_index(batch_op.f("ix_cases_day"))
        batch_op.drop_index(batch_op.f("ix_cases_brought_by"))
        batch_op.drop_index("cases_by_talent")
        batch_op.drop_index("cases_by_partner")
        batch_op.drop_index("cases_by_owner")
        batch_op.drop_index("cases_by_division")

    op.drop_table("cases")
    with op.batch_alter_table("talents", schema=None) as batch_op:
        batch_op.drop_index("talents_by_pinyin")
        batch_op.drop_index("talents_by_name")
        batch_op.drop_index("talents_by_initials")

    op.drop_table("talents")
    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reply_record_time"))

    op.drop_table("reply")
    op.drop_table("recalculations")
    op.drop_table("outbox_event")
    op.drop_table("outbox_delivery")
    op.drop_table("numbers")
    op.drop_table("catalogues")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("audit_entry_by_resource")

    op.drop_table("audit_entry")
