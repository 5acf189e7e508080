"""Reports on training data, kept to be read"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import create_refusal, drop

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KINDS = "kind IN ('cleaning', 'diversity', 'leakage', 'mixture')"
STAYS = "data_reports_never_change"


def upgrade() -> None:
    op.create_table(
        "data_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_data_reports_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_reports")),
        sa.UniqueConstraint("sha256", name=op.f("uq_data_reports_sha256")),
    )
    create_refusal(STAYS, "UPDATE ON data_reports", "true", "a report never changes")


def downgrade() -> None:
    drop(STAYS, "data_reports")
    op.drop_table("data_reports")
