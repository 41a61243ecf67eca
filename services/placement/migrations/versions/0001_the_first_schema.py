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
        "commissioners",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
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
        sa.Column("resident_id_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("resident_id_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("leader_id", sa.String(length=40), nullable=True),
        sa.Column("home_unit_credit_code", sa.String(length=18), nullable=False),
        sa.Column("home_unit_name", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=24), nullable=False),
        sa.Column("education", sa.String(length=24), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("partner_division", sa.String(length=6), nullable=False),
        sa.Column("home_place", sa.String(length=9), nullable=False),
        sa.Column("days_a_year", sa.Integer(), nullable=False),
        sa.Column("unavailable_weekdays", sa.JSON(), nullable=False),
        sa.Column("vetted_by", sa.String(length=200), nullable=False),
        sa.Column("certificate_number", sa.String(length=64), nullable=False),
        sa.Column("term_start", sa.Date(), nullable=True),
        sa.Column("term_end", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("rule_pack", sa.String(length=120), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(kind = 'INDIVIDUAL') = (resident_id_index IS NOT NULL)", name="individuals_are_people"),
        sa.CheckConstraint("(kind = 'TEAM') = (leader_id IS NOT NULL)", name="teams_have_a_leader"),
        sa.CheckConstraint("(kind = 'TEAM') = (phone_index IS NULL)", name="teams_are_reached_by_their_leader"),
        sa.CheckConstraint("state <> 'FILED' OR term_start IS NOT NULL", name="filed_for_a_term"),
        sa.CheckConstraint("(term_start IS NULL) = (term_end IS NULL)", name="terms_have_both_ends"),
        sa.CheckConstraint("days_a_year BETWEEN 1 AND 366", name="days_of_a_year"),
        sa.ForeignKeyConstraint(
            ["leader_id"],
            ["commissioners.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("commissioners", schema=None) as batch_op:
        batch_op.create_index("commissioners_by_division", ["division", "id"], unique=False)
        batch_op.create_index("commissioners_by_initials", ["name_initials", "id"], unique=False)
        batch_op.create_index("commissioners_by_name", ["full_name", "id"], unique=False)
        batch_op.create_index("commissioners_by_number", ["resident_id_index", "id"], unique=False)
        batch_op.create_index("commissioners_by_partner", ["partner_division", "id"], unique=False)
        batch_op.create_index("commissioners_by_phone", ["phone_index", "id"], unique=False)
        batch_op.create_index("commissioners_by_pinyin", ["name_pinyin", "id"], unique=False)
        batch_op.create_index("commissioners_by_unit", ["home_unit_credit_code", "id"], unique=False)
        batch_op.create_index(
            "commissioners_once",
            ["resident_id_index"],
            unique=True,
            sqlite_where=sa.text("state NOT IN ('REFUSED', 'WITHDRAWN')"),
            postgresql_where=sa.text("state NOT IN ('REFUSED', 'WITHDRAWN')"),
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
        "requests",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("problem", sa.String(length=500), nullable=False),
        sa.Column(
            "discipline",
            sa.String(length=7).with_variant(sa.String(length=7, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("host_credit_code", sa.String(length=18), nullable=False),
        sa.Column("host_name", sa.String(length=100), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("partner_division", sa.String(length=6), nullable=False),
        sa.Column("place", sa.String(length=9), nullable=False),
        sa.Column("window_start", sa.Date(), nullable=False),
        sa.Column("window_end", sa.Date(), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.Column("may_split", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("priority_reason", sa.String(length=200), nullable=False),
        sa.Column("wished_commissioner", sa.String(length=40), nullable=False),
        sa.Column("refused_commissioners", sa.JSON(), nullable=False),
        sa.Column("team_needed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("level BETWEEN 1 AND 3", name="levels_of_three"),
        sa.CheckConstraint("priority BETWEEN 1 AND 5", name="priorities_of_five"),
        sa.CheckConstraint("window_start <= window_end", name="a_window_of_a_day"),
        sa.CheckConstraint("working_days >= 1", name="wants_a_day"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.create_index("requests_by_discipline", ["discipline", "id"], unique=False)
        batch_op.create_index("requests_by_division", ["division", "id"], unique=False)
        batch_op.create_index("requests_by_host", ["host_credit_code", "id"], unique=False)
        batch_op.create_index("requests_by_partner", ["partner_division", "id"], unique=False)

    op.create_table(
        "absences",
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name="lasts_a_day"),
        sa.ForeignKeyConstraint(
            ["commissioner_id"],
            ["commissioners.id"],
        ),
        sa.PrimaryKeyConstraint("commissioner_id", "first_day"),
    )
    op.create_table(
        "members",
        sa.Column("team_id", sa.String(length=40), nullable=False),
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["commissioner_id"],
            ["commissioners.id"],
        ),
        sa.ForeignKeyConstraint(
            ["team_id"],
            ["commissioners.id"],
        ),
        sa.PrimaryKeyConstraint("team_id", "commissioner_id"),
    )
    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_members_commissioner_id"), ["commissioner_id"], unique=False)

    op.create_table(
        "skills",
        sa.Column("commissioner_id", sa.String(length=40), nullable=False),
        sa.Column(
            "code", sa.String(length=7).with_variant(sa.String(length=7, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.CheckConstraint("level BETWEEN 1 AND 3", name="levels_of_three"),
        sa.ForeignKeyConstraint(
            ["commissioner_id"],
            ["commissioners.id"],
        ),
        sa.PrimaryKeyConstraint("commissioner_id", "code"),
    )
    with op.batch_alter_table("skills", schema=None) as batch_op:
        batch_op.create_index("skills_by_code", ["code", "commissioner_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("skills", schema=None) as batch_op:
        batch_op.drop_index("skills_by_code")

    op.drop_table("skills")
    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_members_commissioner_id"))

    op.drop_table("members")
    op.drop_table("absences")
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.drop_index("requests_by_partner")
        batch_op.drop_index("requests_by_host")
        batch_op.drop_index("requests_by_division")
        batch_op.drop_index("requests_by_discipline")

    op.drop_table("requests")
    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reply_record_time"))

    op.drop_table("reply")
    op.drop_table("outbox_event")
    op.drop_table("outbox_delivery")
    op.drop_table("numbers")
    with op.batch_alter_table("commissioners", schema=None) as batch_op:
        batch_op.drop_index(
            "commissioners_once",
            sqlite_where=sa.text("state NOT IN ('REFUSED', 'WITHDRAWN')"),
            postgresql_where=sa.text("state NOT IN ('REFUSED', 'WITHDRAWN')"),
        )
        batch_op.drop_index("commissioners_by_unit")
        batch_op.drop_index("commissioners_by_pinyin")
        batch_op.drop_index("commissioners_by_phone")
        batch_op.drop_index("commissioners_by_partner")
        batch_op.drop_index("commissioners_by_number")
        batch_op.drop_index("commissioners_by_name")
        batch_op.drop_index("commissioners_by_initials")
        batch_op.drop_index("commissioners_by_division")

    op.drop_table("commissioners")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("audit_entry_by_resource")

    op.drop_table("audit_entry")
