"""Job events have a kind, by which programs tell them apart; their words are for people alone"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import create_refusal, drop

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KINDS = "'queued', 'begun', 'lost', 'handed_back', 'asked_to_stop', 'tried_again', 'ended'"
# How the words of each kind were written until now; all others told of an end, by its state.
KIND_OF_WORDS = """CASE
    WHEN words = 'queued' THEN 'queued'
    WHEN words LIKE 'begun by %' THEN 'begun'
    WHEN words LIKE 'handed back by %' THEN 'handed_back'
    WHEN words = 'asked to stop' THEN 'asked_to_stop'
    WHEN words LIKE 'tried again: %' THEN 'tried_again'
    WHEN words LIKE 'failed: %' THEN 'ended'
    WHEN words LIKE '% gave no sign of life any more' THEN 'lost'
    ELSE 'ended' END"""
REFUSALS = {
    "job_events_never_change": ("UPDATE ON job_events", "what became of a job never changes"),
    "job_events_never_go": ("DELETE ON job_events", "what became of a job never goes"),
}


def upgrade() -> None:
    for name in REFUSALS:
        drop(name, "job_events")
    with op.batch_alter_table("job_events") as table:
        table.add_column(sa.Column("kind", sa.Text(), nullable=True))
    op.execute(f"UPDATE job_events SET kind = {KIND_OF_WORDS}")
    with op.batch_alter_table("job_events") as table:
        table.alter_column("kind", nullable=False)
        table.create_check_constraint(op.f("ck_job_events_kind"), f"kind IN ({KINDS})")
    refuse()


def downgrade() -> None:
    for name in REFUSALS:
        drop(name, "job_events")
    with op.batch_alter_table("job_events") as table:
        table.drop_constraint(op.f("ck_job_events_kind"), type_="check")
        table.drop_column("kind")
    refuse()


def refuse() -> None:
    """The triggers of 0009, which go with the table where it is made again."""
    for name, (event, message) in REFUSALS.items():
        create_refusal(name, event, "true", message)
