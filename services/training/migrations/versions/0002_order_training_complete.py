"""agreements, institutions, filings, quotas, registers, waitlists with reasons"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _by_code_point(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("partner_division", sa.String(length=6), nullable=False),
        sa.Column("headcount", sa.Integer(), nullable=False),
        sa.Column("hire_commitment", sa.Integer(), nullable=False),
        sa.Column("wage_floor_fen", sa.BigInteger(), nullable=False),
        sa.Column("fee_bearer", sa.String(length=16), nullable=False),
        sa.Column("penalty", sa.String(length=500), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("agreements", schema=None) as batch_op:
        batch_op.create_index("agreements_by_division", ["division", "id"], unique=False)
        batch_op.create_index("agreements_by_partner", ["partner_division", "id"], unique=False)

    op.create_table(
        "institutions",
        sa.Column("id", sa.String(length=18), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("institution_name", sa.String(length=100), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("licence_number", sa.String(length=64), nullable=False),
        sa.Column("catalogue_number", sa.String(length=64), nullable=False),
        sa.Column("occupation_codes", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("institutions", schema=None) as batch_op:
        batch_op.create_index("ix_institutions_division", ["division"], unique=False)

    op.create_table(
        "quotas",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=18), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("fund", sa.String(length=24), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("taken >= 0 AND granted >= 0", name="counts"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "register_entries",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("generation", _by_code_point(40), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("person_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("occupation_code", sa.String(length=16), nullable=False),
        sa.Column("certificate_level", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    with op.batch_alter_table("register_entries", schema=None) as batch_op:
        batch_op.create_index("ix_register_entries_generation", ["generation"], unique=False)
        batch_op.create_index("register_entries_by_person", ["person_index", "generation"], unique=False)

    op.create_table(
        "registers",
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("generation", _by_code_point(40), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "division"),
    )
    op.create_table(
        "agreement_orders",
        sa.Column("agreement_id", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("headcount", sa.Integer(), nullable=False),
        sa.CheckConstraint("headcount > 0", name="covers_somebody"),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["agreements.id"],
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("agreement_id", "order_id"),
    )
    with op.batch_alter_table("agreement_orders", schema=None) as batch_op:
        batch_op.create_index("ix_agreement_orders_order_id", ["order_id"], unique=False)

    op.create_table(
        "agreement_parties",
        sa.Column("agreement_id", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("credit_code", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["agreements.id"],
        ),
        sa.PrimaryKeyConstraint("agreement_id", "role", "credit_code"),
    )
    with op.batch_alter_table("agreement_parties", schema=None) as batch_op:
        batch_op.create_index("ix_agreement_parties_credit_code", ["credit_code"], unique=False)

    op.create_table(
        "teachers",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("institution_id", sa.String(length=18), nullable=False),
        sa.Column("resident_id_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("resident_id_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("full_name", sa.String(length=50), nullable=False),
        sa.Column("qualification", sa.String(length=100), nullable=False),
        sa.Column("certificate_number", sa.String(length=64), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("institution_id", "resident_id_index", name="one_teacher_once"),
    )
    with op.batch_alter_table("teachers", schema=None) as batch_op:
        batch_op.create_index("ix_teachers_resident_id_index", ["resident_id_index"], unique=False)

    op.create_table(
        "bookings",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("half_hour", sa.Integer(), nullable=False),
        sa.Column("class_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["class_id"],
            ["classes.id"],
        ),
        sa.PrimaryKeyConstraint("kind", "subject", "day", "half_hour"),
    )
    with op.batch_alter_table("bookings", schema=None) as batch_op:
        batch_op.create_index("ix_bookings_class_id", ["class_id"], unique=False)

    op.create_table(
        "quota_movements",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("quota_id", sa.String(length=64), nullable=False),
        sa.Column("class_id", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["class_id"],
            ["classes.id"],
        ),
        sa.ForeignKeyConstraint(
            ["quota_id"],
            ["quotas.id"],
        ),
        sa.PrimaryKeyConstraint("sequence"),
    )
    with op.batch_alter_table("quota_movements", schema=None) as batch_op:
        batch_op.create_index("quota_movements_by_quota", ["quota_id", "sequence"], unique=False)

    op.create_table(
        "substitutions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("class_id", sa.String(length=40), nullable=False),
        sa.Column("leaving_id", sa.String(length=40), nullable=False),
        sa.Column("coming_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("asked_division", sa.String(length=6), nullable=False),
        sa.Column("record_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["class_id"],
            ["classes.id"],
        ),
        sa.ForeignKeyConstraint(
            ["coming_id"],
            ["enrolments.id"],
        ),
        sa.ForeignKeyConstraint(
            ["leaving_id"],
            ["enrolments.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("substitutions", schema=None) as batch_op:
        batch_op.create_index("substitutions_by_class", ["class_id", "id"], unique=False)

    with op.batch_alter_table("class_sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("teacher_id", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("topic", sa.String(length=100), server_default="", nullable=False))
        batch_op.add_column(sa.Column("practice", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_foreign_key("session_teacher", "teachers", ["teacher_id"], ["id"])

    with op.batch_alter_table("classes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("certificate_level", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("training_kind", sa.String(length=24), server_default="", nullable=False))
        batch_op.add_column(sa.Column("fund", sa.String(length=24), server_default="NONE", nullable=False))
        batch_op.add_column(sa.Column("subsidy_fen", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("subsidy_standard", sa.String(length=64), server_default="", nullable=False))
        batch_op.add_column(sa.Column("project_number", sa.String(length=64), server_default="", nullable=False))
        batch_op.add_column(sa.Column("certificate_kind", sa.String(length=24), server_default="", nullable=False))
        batch_op.add_column(sa.Column("hours_theory", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("hours_practice", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("site_address", sa.String(length=200), server_default="", nullable=False))
        batch_op.add_column(sa.Column("head_teacher", sa.String(length=50), server_default="", nullable=False))
        batch_op.add_column(sa.Column("assessment_plan", sa.String(length=1000), server_default="", nullable=False))
        batch_op.add_column(sa.Column("attachments", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("gaps", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("file_time", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("reviewer", sa.String(length=200), server_default="", nullable=False))
        batch_op.add_column(sa.Column("timetable_version", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("suspended", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("offered", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("last_arrival", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("lottery_seed", sa.String(length=32), server_default="", nullable=False))

    with op.batch_alter_table("enrolments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("waits_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("tie", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("party", sa.String(length=40), server_default="", nullable=False))
        batch_op.add_column(sa.Column("offer_expire_time", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("phone_index", sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column("category", sa.String(length=8), server_default="", nullable=False))
        batch_op.add_column(sa.Column("proof_sealed", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("subsidy_fen", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("accepted", sa.JSON(), server_default="[]", nullable=False))
        batch_op.drop_index(
            "waiting", sqlite_where=sa.text("state = 'WAITLISTED'"), postgresql_where=sa.text("state = 'WAITLISTED'")
        )
        batch_op.create_index("enrolments_by_phone", ["phone_index"], unique=False)
        batch_op.create_index(
            "offers_by_expiry",
            ["offer_expire_time"],
            unique=False,
            sqlite_where=sa.text("state = 'OFFERED'"),
            postgresql_where=sa.text("state = 'OFFERED'"),
        )
        batch_op.create_index(
            "waiting_in_order",
            ["class_id", "priority", "waits_since", "tie", "place"],
            unique=False,
            sqlite_where=sa.text("state = 'WAITLISTED'"),
            postgresql_where=sa.text("state = 'WAITLISTED'"),
        )

    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_column("agreement_number")

    with op.batch_alter_table("trainees", schema=None) as batch_op:
        batch_op.add_column(sa.Column("name_pinyin", _by_code_point(300), server_default="", nullable=False))
        batch_op.add_column(sa.Column("name_initials", _by_code_point(50), server_default="", nullable=False))
        if op.get_context().dialect.name == "postgresql":
            batch_op.alter_column("full_name", type_=sa.String(length=50, collation="C"), existing_nullable=False)
        batch_op.create_index("trainees_by_name", ["full_name", "id"], unique=False)
        batch_op.create_index("trainees_by_pinyin", ["name_pinyin", "id"], unique=False)
        batch_op.create_index("trainees_by_initials", ["name_initials", "id"], unique=False)

    with op.batch_alter_table("classes", schema=None) as batch_op:
        batch_op.create_check_constraint("offers", "offered >= 0")
    op.drop_index("active_once", "enrolments")
    op.create_index(
        "active_once",
        "enrolments",
        ["class_id", "trainee_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('ENROLLED', 'OFFERED', 'WAITLISTED', 'HIRED')"),
        postgresql_where=sa.text("state IN ('ENROLLED', 'OFFERED', 'WAITLISTED', 'HIRED')"),
    )


def downgrade() -> None:
    with op.batch_alter_table("classes", schema=None) as batch_op:
        batch_op.drop_constraint("offers", type_="check")
    op.drop_index("active_once", "enrolments")
    op.create_index(
        "active_once",
        "enrolments",
        ["class_id", "trainee_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('ENROLLED', 'WAITLISTED', 'HIRED')"),
        postgresql_where=sa.text("state IN ('ENROLLED', 'WAITLISTED', 'HIRED')"),
    )
    with op.batch_alter_table("trainees", schema=None) as batch_op:
        batch_op.drop_index("trainees_by_initials")
        batch_op.drop_index("trainees_by_pinyin")
        batch_op.drop_index("trainees_by_name")
        if op.get_context().dialect.name == "postgresql":
            batch_op.alter_column("full_name", type_=sa.String(length=50, collation="default"), existing_nullable=False)
        batch_op.drop_column("name_initials")
        batch_op.drop_column("name_pinyin")

    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("agreement_number", sa.String(length=64), server_default="", nullable=False))

    with op.batch_alter_table("enrolments", schema=None) as batch_op:
        batch_op.drop_index(
            "waiting_in_order",
            sqlite_where=sa.text("state = 'WAITLISTED'"),
            postgresql_where=sa.text("state = 'WAITLISTED'"),
        )
        batch_op.drop_index(
            "offers_by_expiry", sqlite_where=sa.text("state = 'OFFERED'"), postgresql_where=sa.text("state = 'OFFERED'")
        )
        batch_op.drop_index("enrolments_by_phone")
        batch_op.create_index(
            "waiting",
            ["class_id", "place"],
            unique=True,
            sqlite_where=sa.text("state = 'WAITLISTED'"),
            postgresql_where=sa.text("state = 'WAITLISTED'"),
        )
        batch_op.drop_column("accepted")
        batch_op.drop_column("subsidy_fen")
        batch_op.drop_column("proof_sealed")
        batch_op.drop_column("category")
        batch_op.drop_column("phone_index")
        batch_op.drop_column("offer_expire_time")
        batch_op.drop_column("party")
        batch_op.drop_column("tie")
        batch_op.drop_column("waits_since")
        batch_op.drop_column("priority")

    with op.batch_alter_table("classes", schema=None) as batch_op:
        batch_op.drop_column("lottery_seed")
        batch_op.drop_column("last_arrival")
        batch_op.drop_column("offered")
        batch_op.drop_column("suspended")
        batch_op.drop_column("timetable_version")
        batch_op.drop_column("reviewer")
        batch_op.drop_column("file_time")
        batch_op.drop_column("gaps")
        batch_op.drop_column("attachments")
        batch_op.drop_column("assessment_plan")
        batch_op.drop_column("head_teacher")
        batch_op.drop_column("site_address")
        batch_op.drop_column("hours_practice")
        batch_op.drop_column("hours_theory")
        batch_op.drop_column("certificate_kind")
        batch_op.drop_column("project_number")
        batch_op.drop_column("subsidy_standard")
        batch_op.drop_column("subsidy_fen")
        batch_op.drop_column("fund")
        batch_op.drop_column("training_kind")
        batch_op.drop_column("certificate_level")

    with op.batch_alter_table("class_sessions", schema=None) as batch_op:
        batch_op.drop_constraint("session_teacher", type_="foreignkey")
        batch_op.drop_column("practice")
        batch_op.drop_column("topic")
        batch_op.drop_column("teacher_id")

    with op.batch_alter_table("substitutions", schema=None) as batch_op:
        batch_op.drop_index("substitutions_by_class")

    op.drop_table("substitutions")
    with op.batch_alter_table("quota_movements", schema=None) as batch_op:
        batch_op.drop_index("quota_movements_by_quota")

    op.drop_table("quota_movements")
    with op.batch_alter_table("bookings", schema=None) as batch_op:
        batch_op.drop_index("ix_bookings_class_id")

    op.drop_table("bookings")
    with op.batch_alter_table("teachers", schema=None) as batch_op:
        batch_op.drop_index("ix_teachers_resident_id_index")

    op.drop_table("teachers")
    with op.batch_alter_table("agreement_parties", schema=None) as batch_op:
        batch_op.drop_index("ix_agreement_parties_credit_code")

    op.drop_table("agreement_parties")
    with op.batch_alter_table("agreement_orders", schema=None) as batch_op:
        batch_op.drop_index("ix_agreement_orders_order_id")

    op.drop_table("agreement_orders")
    op.drop_table("registers")
    with op.batch_alter_table("register_entries", schema=None) as batch_op:
        batch_op.drop_index("register_entries_by_person")
        batch_op.drop_index("ix_register_entries_generation")

    op.drop_table("register_entries")
    op.drop_table("quotas")
    with op.batch_alter_table("institutions", schema=None) as batch_op:
        batch_op.drop_index("ix_institutions_division")

    op.drop_table("institutions")
    with op.batch_alter_table("agreements", schema=None) as batch_op:
        batch_op.drop_index("agreements_by_partner")
        batch_op.drop_index("agreements_by_division")

    op.drop_table("agreements")
