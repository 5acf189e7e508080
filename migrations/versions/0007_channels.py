"""Channels and what was posted on them, vendors' submissions, and raters' ways to the task"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import create, create_refusal, drop, is_postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BEFORE, AFTER = "channel IN ('link', 'imported')", "channel IN ('link', 'panel', 'prolific', 'mturk', 'imported')"

# A seat opens again when its holder goes: as before, but for seats that are bound to a posting.
OPENS_AGAIN = """
    UPDATE seats SET is_open = true WHERE comparison_id = NEW.comparison_id AND seat = NEW.seat;
    UPDATE seats SET is_open = false WHERE comparison_id = NEW.comparison_id AND seat = NEW.seat
        AND ({}(SELECT unjudgeable FROM comparisons WHERE id = NEW.comparison_id));
"""
SKIPPED = """
    UPDATE comparisons SET skips = skips + 1, unjudgeable = (skips + 1 >= 3) WHERE id = NEW.comparison_id;
    UPDATE seats SET is_open = false WHERE comparison_id = NEW.comparison_id
        AND (SELECT unjudgeable FROM comparisons WHERE id = NEW.comparison_id);
"""
LEAVING = {
    "assignment_left": ("OLD.state = 'held' AND NEW.state IN ('lapsed', 'returned')", ""),
    "assignment_skipped": ("OLD.state = 'held' AND NEW.state = 'skipped'", SKIPPED),
}
BOUND = "posting_id IS NOT NULL OR "

BINDING = {
    "seat_bound": (
        "NEW.posting_id IS NOT NULL",
        "UPDATE seats SET is_open = false WHERE comparison_id = NEW.comparison_id AND seat = NEW.seat;",
    ),
    "seat_freed": (
        "NEW.posting_id IS NULL AND OLD.posting_id IS NOT NULL",
        """UPDATE seats SET is_open = true WHERE comparison_id = NEW.comparison_id AND seat = NEW.seat
        AND seat <= (SELECT opened FROM comparisons WHERE id = NEW.comparison_id)
        AND NOT (SELECT unjudgeable FROM comparisons WHERE id = NEW.comparison_id)
        AND NOT EXISTS (SELECT 1 FROM assignments a WHERE a.comparison_id = NEW.comparison_id AND a.seat = NEW.seat
            AND a.state IN ('held', 'rated'));""",
    ),
}
WAYS = """(OLD.state, NEW.state) NOT IN (VALUES ('intended', 'intended'), ('intended', 'published'),
    ('intended', 'closed'), ('published', 'published'), ('published', 'paused'), ('published', 'closed'),
    ('paused', 'paused'), ('paused', 'published'), ('paused', 'closed'), ('closed', 'closed'))"""
REFUSALS = {
    "seats_are_bound_while_open": (
        "seats",
        "UPDATE OF posting_id",
        "NEW.posting_id IS NOT NULL AND (OLD.posting_id IS NOT NULL OR NOT OLD.is_open OR NOT EXISTS"
        " (SELECT 1 FROM postings p WHERE p.id = NEW.posting_id AND p.comparison_id = NEW.comparison_id"
        " AND p.state <> 'closed'))",
        "a seat is bound while it is open, to an open posting of its own comparison",
    ),
    "seats_leave_closed_postings": (
        "seats",
        "UPDATE OF posting_id",
        "NEW.posting_id IS NULL AND OLD.posting_id IS NOT NULL"
        " AND (SELECT state FROM postings WHERE id = OLD.posting_id) <> 'closed'",
        "a seat leaves its posting only when the vendor has confirmed that it is closed",
    ),
    "assignments_come_through_their_posting": (
        "assignments",
        "INSERT",
        "EXISTS (SELECT 1 FROM seats s WHERE s.comparison_id = NEW.comparison_id AND s.seat = NEW.seat"
        " AND s.posting_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM submissions b"
        " WHERE b.posting_id = s.posting_id AND b.rater_id = NEW.rater_id))",
        "a seat that is bound to a posting is only for who came through it",
    ),
    "channels_never_change": ("channels", "UPDATE", "true", "a channel stays as it was declared"),
    "channels_never_go": ("channels", "DELETE", "true", "a channel is never deleted"),
    "postings_never_go": ("postings", "DELETE", "true", "a posting is never deleted"),
    "postings_stay": (
        "postings",
        "UPDATE OF token, channel_id, batch_id, comparison_id, currency, reward, intended_at",
        "true",
        "what a posting offers never changes",
    ),
    "postings_only_grow": ("postings", "UPDATE OF places", "NEW.places < OLD.places", "a posting only grows"),
    "postings_go_one_way": ("postings", "UPDATE OF state", WAYS, "a posting that is closed stays closed"),
    "postings_keep_their_name": (
        "postings",
        "UPDATE OF vendor_id",
        "OLD.vendor_id IS NOT NULL AND (NEW.vendor_id IS NULL OR NEW.vendor_id <> OLD.vendor_id)",
        "a posting keeps the id that the vendor gave it",
    ),
    "submissions_never_go": ("submissions", "DELETE", "true", "a submission is never deleted"),
    "submissions_stay_the_raters": (
        "submissions",
        "UPDATE OF posting_id, batch_id, rater_id, vendor_id",
        "true",
        "a submission never moves to another rater or posting",
    ),
    "submissions_stay_approved": (
        "submissions",
        "UPDATE OF state",
        "OLD.state = 'approved' AND NEW.state <> 'approved'",
        "a submission that was approved stays so",
    ),
    "rejections_never_go": ("rejections", "DELETE", "true", "a rejection is never deleted"),
    "rejections_stay": (
        "rejections",
        "UPDATE OF submission_id, reason, decided_at",
        "true",
        "a rejection keeps its reason",
    ),
    "appeals_never_go": ("appeals", "DELETE", "true", "an appeal is never deleted"),
    "appeals_stay": ("appeals", "UPDATE OF link_id, text, made_at", "true", "an appeal keeps its words"),
    "appeals_are_answered_once": (
        "appeals",
        "UPDATE OF answer, answered_at",
        "OLD.answer IS NOT NULL",
        "the answer to an appeal never changes",
    ),
    "entries_pay_entry_tests_that_were_taken": (
        "ledger_entries",
        "INSERT",
        "NEW.work = 'entry_test' AND NOT EXISTS (SELECT 1 FROM entry_tests t WHERE t.batch_id = NEW.batch_id"
        " AND t.rater_id = NEW.rater_id AND t.name = NEW.entry_test)",
        "an entry test is paid to who has taken it",
    ),
    **{
        f"{table}_never_{verb}": (table, event, "true", f"{noun} never {what}")
        for table, noun in {
            "consents": "a consent",
            "practices": "an exercise that was answered",
            "entry_tests": "an entry test that was taken",
            "completions": "a completion",
        }.items()
        for verb, event, what in (("change", "UPDATE", "changes"), ("go", "DELETE", "goes"))
    },
}
OPENED = "UPDATE seats SET is_open = true WHERE comparison_id = NEW.id AND seat > OLD.opened{};"
FREE = " AND posting_id IS NULL"


def upgrade() -> None:
    set_channels(BEFORE, AFTER)
    create_vendor_calls()
    create_channels()
    create_submissions()
    create_journeys()
    bind_seats()
    replace_leaving(BOUND)
    for name, (condition, body) in BINDING.items():
        create(name, "AFTER UPDATE OF posting_id ON seats", condition, body)
    for name, (table, event, condition, message) in REFUSALS.items():
        create_refusal(name, f"{event} ON {table}", condition, message)


def set_channels(old: str, new: str) -> None:
    """The words of a rater's channel. SQLite changes a CHECK only in the text of its schema, as its manual describes."""
    if is_postgresql():
        op.execute("ALTER TABLE raters DROP CONSTRAINT ck_raters_channel")
        op.execute(f"ALTER TABLE raters ADD CONSTRAINT ck_raters_channel CHECK ({new})")
        return
    version = op.get_bind().execute(sa.text("PRAGMA schema_version")).scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    op.get_bind().execute(
        sa.text("UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = 'raters'"),
        {"old": old, "new": new},
    )
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")


def replace_leaving(bound: str) -> None:
    """The triggers that open seats, with or without a look at whether they are bound."""
    for name, (condition, first) in LEAVING.items():
        drop(name, "assignments")
        create(name, "AFTER UPDATE OF state ON assignments", condition, first + OPENS_AGAIN.format(bound))
    drop("comparison_opens_more_seats", "comparisons")
    create(
        "comparison_opens_more_seats",
        "AFTER UPDATE OF opened ON comparisons",
        "NEW.opened > OLD.opened",
        OPENED.format(FREE if bound else ""),
    )


def create_vendor_calls() -> None:
    op.create_table(
        "vendor_calls",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_vendor_calls")),
    )
    op.create_index("ix_vendor_calls_subject", "vendor_calls", ["subject"], unique=False)
    op.create_table(
        "hand_payments",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.Text(), nullable=False),
        sa.Column("rater_id", sa.Text(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(amount IS NULL) = (currency IS NULL)", name=op.f("ck_hand_payments_amount_of_money")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_hand_payments")),
    )


def create_channels() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel <> 'imported'", name=op.f("ck_channels_brings_raters")),
        sa.CheckConstraint(AFTER, name=op.f("ck_channels_channel")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_channels_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("batch_id", "channel", name=op.f("uq_channels_batch_id_channel")),
        sa.UniqueConstraint("id", "batch_id", name=op.f("uq_channels_id_batch_id")),
    )
    op.create_table(
        "postings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("comparison_id", sa.Integer(), nullable=True),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reward", sa.BigInteger(), nullable=False),
        sa.Column("reservation_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("vendor_id", sa.Text(), nullable=True),
        sa.Column("intended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_postings_closes_once")),
        sa.CheckConstraint("state IN ('intended', 'published', 'paused', 'closed')", name=op.f("ck_postings_state")),
        sa.CheckConstraint(
            "state NOT IN ('published', 'paused') OR vendor_id IS NOT NULL",
            name=op.f("ck_postings_named_by_the_vendor"),
        ),
        sa.CheckConstraint("places > 0 AND reward >= 0", name=op.f("ck_postings_offers_something")),
        sa.ForeignKeyConstraint(
            ["channel_id", "batch_id"],
            ["channels.id", "channels.batch_id"],
            name=op.f("fk_postings_channel_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(["comparison_id"], ["comparisons.id"], name=op.f("fk_postings_comparison_id")),
        sa.ForeignKeyConstraint(
            ["reservation_id", "batch_id", "currency"],
            ["reservations.id", "reservations.batch_id", "reservations.currency"],
            name=op.f("fk_postings_reservation_id_batch_id_currency"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postings")),
        sa.UniqueConstraint("channel_id", "vendor_id", name=op.f("uq_postings_channel_id_vendor_id")),
        sa.UniqueConstraint("id", "batch_id", name=op.f("uq_postings_id_batch_id")),
        sa.UniqueConstraint("token", name=op.f("uq_postings_token")),
    )
    op.create_index("ix_postings_batch_id", "postings", ["batch_id", "state"], unique=False)
    op.create_index("ix_postings_comparison_id", "postings", ["comparison_id"], unique=False)


def create_submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("posting_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "confirmed_at IS NOT NULL OR state = 'active'", name=op.f("ck_submissions_ends_by_the_vendor")
        ),
        sa.CheckConstraint(
            "state IN ('active', 'submitted', 'approved', 'rejected', 'returned', 'timed_out')",
            name=op.f("ck_submissions_state"),
        ),
        sa.ForeignKeyConstraint(
            ["posting_id", "batch_id"],
            ["postings.id", "postings.batch_id"],
            name=op.f("fk_submissions_posting_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(["rater_id"], ["raters.id"], name=op.f("fk_submissions_rater_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint("id", "batch_id", "rater_id", name=op.f("uq_submissions_id_batch_id_rater_id")),
        sa.UniqueConstraint("posting_id", "vendor_id", name=op.f("uq_submissions_posting_id_vendor_id")),
    )
    op.create_index("ix_submissions_rater_id", "submissions", ["batch_id", "rater_id"], unique=False)
    op.create_table(
        "rejections",
        sa.Column("submission_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_rejections_says_why")),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_rejections_submission_id")),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_rejections")),
    )
    op.create_table(
        "appeals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("text <> ''", name=op.f("ck_appeals_says_something")),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_appeals_answered_once")),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_appeals_link_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
    )
    op.create_index("ix_appeals_link_id", "appeals", ["link_id"], unique=False)


def create_journeys() -> None:
    op.create_table(
        "consents",
        sa.Column("link_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_consents_link_id")),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_consents")),
    )
    op.create_table(
        "practices",
        sa.Column("link_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("exercise", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_practices_link_id")),
        sa.PrimaryKeyConstraint("link_id", "exercise", name=op.f("pk_practices")),
    )
    op.create_table(
        "entry_tests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("out_of", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("active_ms", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("score BETWEEN 0 AND out_of", name=op.f("ck_entry_tests_score")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_entry_tests_batch_id")),
        sa.ForeignKeyConstraint(["rater_id"], ["raters.id"], name=op.f("fk_entry_tests_rater_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_tests")),
        sa.UniqueConstraint("batch_id", "rater_id", "name", name=op.f("uq_entry_tests_batch_id_rater_id_name")),
    )
    op.create_table(
        "completions",
        sa.Column("link_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_completions_link_id")),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_completions")),
    )
    op.create_table(
        "listed_raters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("may_enter", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_listed_raters_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listed_raters")),
        sa.UniqueConstraint(
            "batch_id", "channel", "external_id", name=op.f("uq_listed_raters_batch_id_channel_external_id")
        ),
    )


def bind_seats() -> None:
    op.execute(
        "ALTER TABLE seats ADD COLUMN posting_id INTEGER CONSTRAINT fk_seats_posting_id REFERENCES postings (id)"
    )
    op.create_index(
        "ix_seats_posting_id",
        "seats",
        ["posting_id"],
        unique=False,
        sqlite_where=sa.text("posting_id IS NOT NULL"),
        postgresql_where=sa.text("posting_id IS NOT NULL"),
    )


def downgrade() -> None:
    for name, (table, *_) in REFUSALS.items():
        drop(name, table)
    for name in BINDING:
        drop(name, "seats")
    replace_leaving("")
    op.drop_index("ix_seats_posting_id", "seats")
    op.drop_column("seats", "posting_id")
    tables = ("completions", "entry_tests", "practices", "consents", "listed_raters", "appeals", "rejections")
    for table in (*tables, "submissions", "postings", "channels", "hand_payments", "vendor_calls"):
        op.drop_table(table)
    set_channels(AFTER, BEFORE)
