"""Checks: gold, attention and repeats, raters at them, and their answers"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

REFUSALS = {
    "checks_never_change": ("checks", "UPDATE", "true", "a check never changes"),
    "checks_never_go": ("checks", "DELETE", "true", "a check is never deleted"),
    "check_answers_never_change": ("check_answers", "UPDATE", "true", "an answer to a check never changes"),
    "check_answers_never_go": ("check_answers", "DELETE", "true", "an answer to a check is never deleted"),
    "check_assignments_never_go": ("check_assignments", "DELETE", "true", "a rater at a check is never deleted"),
    "check_assignments_stay_put": (
        "check_assignments",
        "UPDATE OF batch_id, rater_id, check_id, kind, after, original_id",
        "true",
        "a rater at a check never moves",
    ),
    "check_assignments_end_once": (
        "check_assignments",
        "UPDATE OF state",
        "(OLD.state, NEW.state) NOT IN (VALUES ('held', 'held'), ('held', 'answered'), ('held', 'lapsed'),"
        " ('held', 'returned'), ('held', 'skipped'), ('lapsed', 'answered'), ('lapsed', 'skipped'))",
        "a check that has ended stays as it ended",
    ),
    "repeats_are_the_raters_own": (
        "check_assignments",
        "INSERT",
        "NEW.original_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM assignments a"
        " JOIN checks c ON c.comparison_id = a.comparison_id AND c.batch_id = a.batch_id"
        " JOIN seats s ON s.comparison_id = a.comparison_id AND s.seat = a.seat"
        " WHERE a.id = NEW.original_id AND a.rater_id = NEW.rater_id AND c.id = NEW.check_id"
        " AND s.flipped IS NOT NULL)",
        "a repeat shows a comparison that its rater has judged, of a known side",
    ),
    "no_check_beside_a_seat": (
        "check_assignments",
        "INSERT",
        "NEW.state = 'held' AND EXISTS (SELECT 1 FROM assignments a"
        " WHERE a.batch_id = NEW.batch_id AND a.rater_id = NEW.rater_id AND a.state = 'held')",
        "a rater who holds a seat gets no check beside it",
    ),
    "no_seat_beside_a_check": (
        "assignments",
        "INSERT",
        "NEW.state = 'held' AND EXISTS (SELECT 1 FROM check_assignments c"
        " WHERE c.batch_id = NEW.batch_id AND c.rater_id = NEW.rater_id AND c.state = 'held')",
        "a rater who is at a check gets no seat beside it",
    ),
}


def upgrade() -> None:
    create_checks()
    create_check_assignments()
    create_check_answers()
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name, (table, event, condition, message) in REFUSALS.items():
        refuse(name, f"BEFORE {event} ON {table}", condition, message, postgresql)


def create_checks() -> None:
    op.create_table(
        "checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("dialogue", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("first", sa.Text(), nullable=True),
        sa.Column("second", sa.Text(), nullable=True),
        sa.Column("expected", sa.Text(), nullable=True),
        sa.Column("comparison_id", sa.Integer(), nullable=True),
        sa.Column("prompt_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "CASE WHEN kind = 'repeat' THEN comparison_id IS NOT NULL AND prompt_id IS NOT NULL AND dialogue IS NULL"
            " AND first IS NULL AND second IS NULL AND expected IS NULL ELSE comparison_id IS NULL AND prompt_id IS NULL"
            " AND dialogue IS NOT NULL AND first IS NOT NULL AND second IS NOT NULL AND expected IS NOT NULL END",
            name=op.f("ck_checks_written_or_repeated"),
        ),
        sa.CheckConstraint("expected IN ('first', 'second', 'tie')", name=op.f("ck_checks_expected")),
        sa.CheckConstraint("kind IN ('gold', 'attention', 'repeat')", name=op.f("ck_checks_kind")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_checks_batch_id")),
        sa.ForeignKeyConstraint(
            ["comparison_id", "batch_id", "prompt_id"],
            ["comparisons.id", "comparisons.batch_id", "comparisons.prompt_id"],
            name=op.f("fk_checks_comparison_id_batch_id_prompt_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checks")),
        sa.UniqueConstraint("batch_id", "kind", "position", name=op.f("uq_checks_batch_id_kind_position")),
        sa.UniqueConstraint("comparison_id", name=op.f("uq_checks_comparison_id")),
        sa.UniqueConstraint("id", "batch_id", "kind", name=op.f("uq_checks_id_batch_id_kind")),
    )


def create_check_assignments() -> None:
    op.create_table(
        "check_assignments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("check_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.Column("original_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("skip_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'repeat') = (original_id IS NOT NULL)",
            name=op.f("ck_check_assignments_repeats_have_an_original"),
        ),
        sa.CheckConstraint(
            "(state = 'skipped') = (skip_reason IS NOT NULL)", name=op.f("ck_check_assignments_skips_say_why")
        ),
        sa.CheckConstraint(
            "skip_reason IN ('offensive', 'unreadable', 'not_my_language')",
            name=op.f("ck_check_assignments_skip_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('held', 'answered', 'lapsed', 'returned', 'skipped')",
            name=op.f("ck_check_assignments_state"),
        ),
        sa.CheckConstraint("after >= 1", name=op.f("ck_check_assignments_never_first")),
        sa.ForeignKeyConstraint(
            ["check_id", "batch_id", "kind"],
            ["checks.id", "checks.batch_id", "checks.kind"],
            name=op.f("fk_check_assignments_check_id_batch_id_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["original_id"], ["ratings.assignment_id"], name=op.f("fk_check_assignments_original_id")
        ),
        sa.ForeignKeyConstraint(["rater_id"], ["raters.id"], name=op.f("fk_check_assignments_rater_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_assignments")),
        sa.UniqueConstraint("batch_id", "rater_id", "after", name=op.f("uq_check_assignments_batch_id_rater_id_after")),
        sa.UniqueConstraint("check_id", "rater_id", name=op.f("uq_check_assignments_check_id_rater_id")),
        sa.UniqueConstraint("id", "rater_id", "state", name=op.f("uq_check_assignments_id_rater_id_state")),
        sa.UniqueConstraint("original_id", name=op.f("uq_check_assignments_original_id")),
    )
    op.create_index(
        "uq_check_assignments_one_held",
        "check_assignments",
        ["batch_id", "rater_id"],
        unique=True,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )


def create_check_answers() -> None:
    op.create_table(
        "check_answers",
        sa.Column("assignment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("active_ms", sa.Integer(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("choice IN ('first', 'second', 'tie', 'both_bad')", name=op.f("ck_check_answers_choice")),
        sa.CheckConstraint("state = 'answered'", name=op.f("ck_check_answers_state")),
        sa.CheckConstraint("active_ms IS NULL OR active_ms >= 0", name=op.f("ck_check_answers_active_ms")),
        sa.ForeignKeyConstraint(
            ["assignment_id", "rater_id", "state"],
            ["check_assignments.id", "check_assignments.rater_id", "check_assignments.state"],
            name=op.f("fk_check_answers_assignment_id_rater_id_state"),
        ),
        sa.PrimaryKeyConstraint("assignment_id", name=op.f("pk_check_answers")),
        sa.UniqueConstraint("receipt", name=op.f("uq_check_answers_receipt")),
    )


def refuse(name: str, when: str, condition: str, message: str, postgresql: bool) -> None:
    """A trigger that refuses what the condition describes. PostgreSQL's WHEN takes no subquery, hence its IF."""
    if not postgresql:
        op.execute(
            f"CREATE TRIGGER {name} {when} FOR EACH ROW WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    row = "OLD" if "DELETE" in when else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN {row}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} {when} FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name, (table, *_) in REFUSALS.items():
        op.execute(f"DROP TRIGGER {name} ON {table}" if postgresql else f"DROP TRIGGER {name}")
        if postgresql:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("check_answers")
    op.drop_index(
        "uq_check_assignments_one_held",
        table_name="check_assignments",
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.drop_table("check_assignments")
    op.drop_table("checks")
