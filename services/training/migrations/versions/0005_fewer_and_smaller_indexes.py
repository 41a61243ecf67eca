"""fewer and smaller indexes: a roster writes each of their pages many times"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("enrolments_by_order", "enrolments")
    op.drop_index("trainees_by_name", "trainees")
    op.drop_index("trainees_by_pinyin", "trainees")
    op.create_index("trainees_by_name", "trainees", ["full_name"])
    op.create_index("trainees_by_pinyin", "trainees", ["name_pinyin"])


def downgrade() -> None:
    op.drop_index("trainees_by_pinyin", "trainees")
    op.drop_index("trainees_by_name", "trainees")
    op.create_index("trainees_by_pinyin", "trainees", ["name_pinyin", "id"])
    op.create_index("trainees_by_name", "trainees", ["full_name", "id"])
    op.create_index("enrolments_by_order", "enrolments", ["order_id", "class_id", "place"])
