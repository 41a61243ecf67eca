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
        "numbers",
        sa.Column("series", sa.String(length=40), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series"),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("enterprise_credit_code", sa.String(length=18), nullable=False),
        sa.Column("enterprise_name", sa.String(length=100), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("partner_division", sa.String(length=6), nullable=False),
        sa.Column("park", sa.String(length=100), nullable=False),
        sa.Column("occupation_code", sa.String(length=16), nullable=False),
        sa.Column("skill_level", sa.Integer(), nullable=False),
        sa.Column("certificate_level", sa.Integer(), nullable=False),
        sa.Column("headcount", sa.Integer(), nullable=False),
        sa.Column("wage_min_fen", sa.BigInteger(), nullable=False),
        sa.Column("wage_max_fen", sa.BigInteger(), nullable=False),
        sa.Column("contract_months", sa.Integer(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("chain_tag", sa.String(length=50), nullable=False),
        sa.Column("institution_credit_code", sa.String(length=18), nullable=False),
        sa.Column("agreement_number", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("seats_open", sa.Integer(), nullable=False),
        sa.Column("seats_committed", sa.Integer(), nullable=False),
        sa.Column("seats_enrolled", sa.Integer(), nullable=False),
        sa.Column("seats_hired", sa.Integer(), nullable=False),
        sa.Column("seats_lost", sa.Integer(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "headcount = seats_open + seats_committed + seats_enrolled + seats_hired + seats_lost", name="conserved"
        ),
        sa.CheckConstraint(
            "seats_open >= 0 AND seats_committed >= 0 AND seats_enrolled >= 0 AND seats_hired >= 0 AND seats_lost >= 0",
            name="no_seat_twice",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_orders_enterprise_credit_code"), ["enterprise_credit_code"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_orders_institution_credit_code"), ["institution_credit_code"], unique=False
        )
        batch_op.create_index("orders_by_division", ["division", "id"], unique=False)
        batch_op.create_index("orders_by_partner", ["partner_division", "id"], unique=False)

    op.create_table(
        "outbox_event",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
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
        "rule_packs",
        sa.Column("fingerprint", sa.String(length=120), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    op.create_table(
        "trainees",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("resident_id_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("resident_id_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("full_name", sa.String(length=50), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("resident_id_index"),
    )
    op.create_table(
        "classes",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("institution_credit_code", sa.String(length=18), nullable=False),
        sa.Column("institution_name", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("partner_division", sa.String(length=6), nullable=False),
        sa.Column("enterprise_credit_code", sa.String(length=18), nullable=False),
        sa.Column("occupation_code", sa.String(length=16), nullable=False),
        sa.Column("skill_level", sa.Integer(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("minimum", sa.Integer(), nullable=False),
        sa.Column("enrolled", sa.Integer(), nullable=False),
        sa.Column("waitlisted", sa.Integer(), nullable=False),
        sa.Column("hired", sa.Integer(), nullable=False),
        sa.Column("arrivals", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("remarks", sa.JSON(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("enrolled >= 0 AND waitlisted >= 0 AND hired >= 0 AND capacity >= 1", name="counts"),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("classes", schema=None) as batch_op:
        batch_op.create_index("classes_by_division", ["division", "id"], unique=False)
        batch_op.create_index("classes_by_partner", ["partner_division", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_classes_institution_credit_code"), ["institution_credit_code"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_classes_order_id"), ["order_id"], unique=False)

    op.create_table(
        "class_sessions",
        sa.Column("class_id", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.CheckConstraint("0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440", name="in_one_day"),
        sa.ForeignKeyConstraint(
            ["class_id"],
            ["classes.id"],
        ),
        sa.PrimaryKeyConstraint("class_id", "day", "start_minute"),
    )
    op.create_table(
        "enrolments",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("class_id", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("trainee_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("rule_pack", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("occur_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["class_id"],
            ["classes.id"],
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.ForeignKeyConstraint(
            ["trainee_id"],
            ["trainees.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("class_id", "place", name="one_place_each"),
    )
    with op.batch_alter_table("enrolments", schema=None) as batch_op:
        batch_op.create_index(
            "active_once",
            ["class_id", "trainee_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('ENROLLED', 'WAITLISTED', 'HIRED')"),
            postgresql_where=sa.text("state IN ('ENROLLED', 'WAITLISTED', 'HIRED')"),
        )
        batch_op.create_index("enrolments_by_order", ["order_id", "class_id", "place"], unique=False)
        batch_op.create_index("enrolments_by_trainee", ["trainee_id"], unique=False)
        batch_op.create_index(
            "waiting",
            ["class_id", "place"],
            unique=True,
            sqlite_where=sa.text("state = 'WAITLISTED'"),
            postgresql_where=sa.text("state = 'WAITLISTED'"),
        )

    op.create_table(
        "roster_files",
        sa.Column("class_id", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["class_id"],
            ["classes.id"],
        ),
        sa.PrimaryKeyConstraint("class_id", "sha256"),
    )
    op.create_table(
        "seat_movements",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("class_id", sa.String(length=40), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=16), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("seats > 0 AND source <> target", name="moves_something"),
        sa.ForeignKeyConstraint(
            ["class_id"],
            ["classes.id"],
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("sequence"),
    )
    with op.batch_alter_table("seat_movements", schema=None) as batch_op:
        batch_op.create_index("seat_movements_by_order", ["order_id", "sequence"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("seat_movements", schema=None) as batch_op:
        batch_op.drop_index("seat_movements_by_order")

    op.drop_table("seat_movements")
    op.drop_table("roster_files")
    with op.batch_alter_table("enrolments", schema=None) as batch_op:
        batch_op.drop_index(
            "waiting", sqlite_where=sa.text("state = 'WAITLISTED'"), postgresql_where=sa.text("state = 'WAITLISTED'")
        )
        batch_op.drop_index("enrolments_by_trainee")
        batch_op.drop_index("enrolments_by_order")
        batch_op.drop_index(
            "active_once",
            sqlite_where=sa.text("state IN ('ENROLLED', 'WAITLISTED', 'HIRED')"),
            postgresql_where=sa.text("state IN ('ENROLLED', 'WAITLISTED', 'HIRED')"),
        )

    op.drop_table("enrolments")
    op.drop_table("class_sessions")
    with op.batch_alter_table("classes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_classes_order_id"))
        batch_op.drop_index(batch_op.f("ix_classes_institution_credit_code"))
        batch_op.drop_index("classes_by_partner")
        batch_op.drop_index("classes_by_division")

    op.drop_table("classes")
    op.drop_table("trainees")
    op.drop_table("rule_packs")
    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reply_record_time"))

    op.drop_table("reply")
    op.drop_table("outbox_event")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index("orders_by_partner")
        batch_op.drop_index("orders_by_division")
        batch_op.drop_index(batch_op.f("ix_orders_institution_credit_code"))
        batch_op.drop_index(batch_op.f("ix_orders_enterprise_credit_code"))

    op.drop_table("orders")
    op.drop_table("numbers")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("audit_entry_by_resource")

    op.drop_table("audit_entry")
