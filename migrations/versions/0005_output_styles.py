"""The style of outputs, counted once at the launch; filled in for what was launched before"""

from collections.abc import Iterator
from dataclasses import asdict

import sqlalchemy as sa
from alembic import op

from backend.domain.features import features

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COUNTS = ("words", "characters", "lines", "list_lines", "bold", "headers", "code_blocks")
LAUNCHED = """
    SELECT id, coalesce(shown, text) FROM outputs WHERE id IN
    (SELECT candidate_output_id FROM comparisons UNION SELECT baseline_output_id FROM comparisons)
"""
ROWS_AT_ONCE = 1_000


def upgrade() -> None:
    styles = op.create_table(
        "output_styles",
        sa.Column("output_id", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.ForeignKeyConstraint(["output_id"], ["outputs.id"], name=op.f("fk_output_styles_output_id")),
        sa.PrimaryKeyConstraint("output_id", name=op.f("pk_output_styles")),
    )
    for rows in counted():
        op.bulk_insert(styles, rows)


def counted() -> Iterator[list[dict[str, int]]]:
    """The counts of every output that is in a comparison, some at a time."""
    result = op.get_bind().execute(sa.text(LAUNCHED))
    while texts := result.fetchmany(ROWS_AT_ONCE):
        yield [{"output_id": number, **asdict(features(text))} for number, text in texts]


def downgrade() -> None:
    op.drop_table("output_styles")
