"""Seats that open only where the first ones differ, and results that stay sealed until the end"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import create, create_refusal, drop, is_postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What a batch was launched with; before this migration, and after it.
LAUNCHED = "study_id, version_id, baseline_id, seats, seed, session_size, rater_cap, lease_seconds"
STAYS = "a batch stays as it was launched"

# All open seats of a comparison are rated, and no preference has more than half of them: with three, one each. What
# occupies a seat and has a rating is rated. A seat without a side is an imported vote, stored as candidate first.
CANDIDATE = "CASE WHEN s.flipped THEN 'second' ELSE 'first' END"
BASELINE = "CASE WHEN s.flipped THEN 'first' ELSE 'second' END"
SPLIT = f"""EXISTS (
    SELECT 1 FROM assignments a
    JOIN ratings r ON r.assignment_id = a.id
    JOIN seats s ON s.comparison_id = a.comparison_id AND s.seat = a.seat
    WHERE a.comparison_id = {{comparison}}.id AND a.state IN ('held', 'rated')
    GROUP BY a.comparison_id
    HAVING count(*) = {{comparison}}.opened
        AND 2 * count(CASE WHEN r.choice IN ('tie', 'both_bad') THEN 1 END) <= count(*)
        AND 2 * count(CASE WHEN r.choice = {CANDIDATE} THEN 1 END) <= count(*)
        AND 2 * count(CASE WHEN r.choice = {BASELINE} THEN 1 END) <= count(*)
)"""
OF_RATING = "(SELECT comparison_id FROM assignments WHERE id = NEW.assignment_id)"
# Two statements: the first waits for raters of the same comparison who are voting at this moment, and the second sees
# what they have stored.
RATED = f"""
    UPDATE comparisons SET opened = opened WHERE id = {OF_RATING} AND opened < seats;
    UPDATE comparisons SET opened = seats WHERE id = {OF_RATING} AND opened < seats AND NOT unjudgeable
        AND {SPLIT.format(comparison="comparisons")};
"""
OPENED = "UPDATE seats SET is_open = true WHERE comparison_id = NEW.id AND seat > OLD.opened;"

TRIGGERS = {
    "rating_splits_comparison": ("ratings", "AFTER INSERT", "NEW.state = 'rated'", RATED),
    "comparison_opens_more_seats": ("comparisons", "AFTER UPDATE OF opened", "NEW.opened > OLD.opened", OPENED),
}
REFUSALS = {
    "comparisons_open_as_launched": (
        "comparisons",
        "INSERT",
        "NEW.opened <> (SELECT opening FROM batches WHERE id = NEW.batch_id)",
        "a comparison opens the seats that its batch says",
    ),
    "comparisons_open_by_split": (
        "comparisons",
        "UPDATE OF opened",
        f"NEW.opened <> OLD.opened AND NOT (NEW.opened = OLD.seats AND {SPLIT.format(comparison='OLD')})",
        "the last seats of a comparison open only when the first have no majority",
    ),
    "assignments_wait_for_split": (
        "assignments",
        "INSERT",
        "EXISTS (SELECT 1 FROM comparisons c WHERE c.id = NEW.comparison_id"
        " AND c.opened < c.seats AND NEW.seat > c.opened)",
        "nobody sits on a seat that has not been opened",
    ),
    "batches_open_their_results_once": (
        "batches",
        "UPDATE OF unsealed_at, stopped_at",
        "(OLD.unsealed_at IS NOT NULL AND (NEW.unsealed_at IS NULL OR NEW.unsealed_at <> OLD.unsealed_at))"
        " OR (OLD.stopped_at IS NOT NULL AND (NEW.stopped_at IS NULL OR NEW.stopped_at <> OLD.stopped_at))",
        "when a batch was stopped or its results were opened never changes",
    ),
}


def upgrade() -> None:
    op.add_column("batches", sa.Column("unsealed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("batches", sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True))
    add_number_of_seats("batches", "opening")
    add_number_of_seats("comparisons", "opened")
    drop("batches_stay_as_launched", "batches")
    create_refusal("batches_stay_as_launched", f"UPDATE OF {LAUNCHED}, opening ON batches", "true", STAYS)
    for name, (table, when, condition, body) in TRIGGERS.items():
        create(name, f"{when} ON {table}", condition, body)
    for name, (table, event, condition, message) in REFUSALS.items():
        create_refusal(name, f"{event} ON {table}", condition, message)


def add_number_of_seats(table: str, column: str) -> None:
    """Between 1 and `seats`; in what was launched before, every seat was open from the start."""
    # SQLite adds a column that can't be NULL only with a default, and can't take the default away again.
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} INTEGER DEFAULT 1 NOT NULL"
        f" CONSTRAINT ck_{table}_{column} CHECK ({column} BETWEEN 1 AND seats)"
    )
    op.execute(f"UPDATE {table} SET {column} = seats")
    if is_postgresql():
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT")


def downgrade() -> None:
    tables = {name: rule[0] for name, rule in (TRIGGERS | REFUSALS).items()}
    for name, table in tables.items():
        drop(name, table)
    drop("batches_stay_as_launched", "batches")
    create_refusal("batches_stay_as_launched", f"UPDATE OF {LAUNCHED} ON batches", "true", STAYS)
    op.drop_column("comparisons", "opened")
    for column in ("opening", "stopped_at", "unsealed_at"):
        op.drop_column("batches", column)
