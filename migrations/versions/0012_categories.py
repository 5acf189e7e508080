"""Samples of queries that are sorted into categories"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import create_refusal, drop

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

CATEGORIES = (
    "category IN ('generation', 'general_qa', 'coding', 'brainstorming', 'chat', 'summarization', 'rewrite',"
    " 'non_english', 'invalid')"
)
REFUSALS = {
    "category_reviews_never_change": ("category_reviews", "UPDATE", "true", "a sample never changes"),
    "category_queries_never_change": ("category_queries", "UPDATE", "true", "a sample never changes"),
    "category_queries_never_go": ("category_queries", "DELETE", "true", "a sample never changes"),
    "category_labels_of_judges_never_change": (
        "category_labels",
        "UPDATE",
        "OLD.labeller <> '' OR NEW.labeller <> '' OR OLD.review_id <> NEW.review_id OR OLD.place <> NEW.place",
        "a judge's word stays as it is",
    ),
    "category_labels_never_go": ("category_labels", "DELETE", "true", "a label never goes"),
}


def upgrade() -> None:
    op.create_table(
        "category_reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("of >= 1", name=op.f("ck_category_reviews_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_reviews")),
        sa.UniqueConstraint("name", name=op.f("uq_category_reviews_name")),
    )
    op.create_table(
        "category_queries",
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("place >= 1", name=op.f("ck_category_queries_place")),
        sa.ForeignKeyConstraint(["review_id"], ["category_reviews.id"], name=op.f("fk_category_queries_review_id")),
        sa.PrimaryKeyConstraint("review_id", "place", name=op.f("pk_category_queries")),
    )
    op.create_table(
        "category_labels",
        sa.Column("review_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("labeller", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("labelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(CATEGORIES, name=op.f("ck_category_labels_category")),
        sa.CheckConstraint("(category IS NULL) = (reason <> '')", name=op.f("ck_category_labels_unread_for_a_reason")),
        sa.CheckConstraint("labeller <> '' OR category IS NOT NULL", name=op.f("ck_category_labels_a_person_can_read")),
        sa.ForeignKeyConstraint(
            ["review_id", "place"],
            ["category_queries.review_id", "category_queries.place"],
            name=op.f("fk_category_labels_review_id_place"),
        ),
        sa.PrimaryKeyConstraint("review_id", "place", "labeller", name=op.f("pk_category_labels")),
    )
    for name, (table, event, condition, message) in REFUSALS.items():
        create_refusal(name, f"{event} ON {table}", condition, message.replace("'", "''"))


def downgrade() -> None:
    for name, (table, *_) in reversed(REFUSALS.items()):
        drop(name, table)
    op.drop_table("category_labels")
    op.drop_table("category_queries")
    op.drop_table("category_reviews")
