"""Money: budgets and reservations, payment intents, and the ledger; what moves between accounts and what never changes"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import create, create_refusal, drop, is_postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COUNTERS = {
    "reservation_made": (
        "reservations",
        "AFTER INSERT",
        "true",
        "UPDATE budgets SET reserved = reserved + NEW.remaining WHERE batch_id = NEW.batch_id;",
    ),
    "reservation_changed": (
        "reservations",
        "AFTER UPDATE OF remaining",
        "NEW.remaining <> OLD.remaining",
        "UPDATE budgets SET reserved = reserved + NEW.remaining - OLD.remaining WHERE batch_id = NEW.batch_id;",
    ),
}
# What entries take from reservations. The reservation first, so that what is reserved falls before what is spent rises.
# PostgreSQL keeps every version of a row until the transaction ends, so there it is one update a statement, not a row.
TAKES = "entry_takes_from_a_reservation"
TAKE_BY_ROW = """
    UPDATE reservations SET remaining = remaining - NEW.amount WHERE id = NEW.reservation_id;
    UPDATE budgets SET spent = spent + NEW.amount WHERE batch_id = NEW.batch_id;
"""
TAKE_BY_STATEMENT = """
    UPDATE reservations SET remaining = remaining - taken.amount
        FROM (SELECT reservation_id, sum(amount) AS amount FROM entered WHERE reservation_id IS NOT NULL GROUP BY 1) taken
        WHERE id = taken.reservation_id;
    UPDATE budgets SET spent = spent + taken.amount
        FROM (SELECT batch_id, sum(amount) AS amount FROM entered WHERE reservation_id IS NOT NULL GROUP BY 1) taken
        WHERE budgets.batch_id = taken.batch_id;
"""
OTHER = " OR ".join(
    f"coalesce(m.{name}, 0) <> coalesce(NEW.{name}, 0)"
    for name in ("assignment_id", "check_assignment_id", "compensation_id")
)
ADDS_UP = "(SELECT coalesce(sum(amount), 0) FROM ledger_entries WHERE payment_id = NEW.id AND to_account = 'paying' AND purpose {}IN ('reward_fee', 'top_up_fee'))"
INTENT = "token, batch_id, rater_id, kind, posting_id, submission_id, currency, amount, fee, reason, intended_at"
REFUSALS = {
    "budgets_never_go": ("budgets", "DELETE", "true", "a budget is never deleted"),
    "budgets_keep_their_currency": ("budgets", "UPDATE OF batch_id, currency", "true", "a budget keeps its currency"),
    "budgets_begin_unspent": (
        "budgets",
        "INSERT",
        "NEW.reserved <> 0 OR NEW.spent <> 0",
        "a budget begins with nothing reserved or spent",
    ),
    "budgets_count_what_is_true": (
        "budgets",
        "UPDATE OF reserved, spent",
        "NEW.spent < OLD.spent"
        " OR NEW.reserved < (SELECT coalesce(sum(remaining), 0) FROM reservations WHERE batch_id = NEW.batch_id)",
        "what was spent or set aside is never uncounted",
    ),
    "reservations_never_go": ("reservations", "DELETE", "true", "a reservation is never deleted"),
    "reservations_stay_put": (
        "reservations",
        "UPDATE OF batch_id, currency, key, created_at",
        "true",
        "a reservation stays with its batch",
    ),
    "reservations_begin_whole": (
        "reservations",
        "INSERT",
        "NEW.remaining <> NEW.amount",
        "a reservation begins with all of its amount",
    ),
    "reservations_grow_or_are_used": (
        "reservations",
        "UPDATE OF amount, remaining",
        "NEW.amount < OLD.amount OR NEW.remaining - OLD.remaining > NEW.amount - OLD.amount",
        "what was taken from a reservation never comes back",
    ),
    "compensations_never_change": ("compensations", "UPDATE", "true", "a compensation never changes"),
    "compensations_never_go": ("compensations", "DELETE", "true", "a compensation is never deleted"),
    "entries_never_change": ("ledger_entries", "UPDATE", "true", "a ledger entry never changes"),
    "entries_never_go": ("ledger_entries", "DELETE", "true", "a ledger entry is never deleted"),
    "entries_pay_work_of_their_batch": (
        "ledger_entries",
        "INSERT",
        "EXISTS (SELECT 1 FROM assignments a WHERE a.id = NEW.assignment_id AND a.batch_id <> NEW.batch_id)"
        " OR EXISTS (SELECT 1 FROM check_assignments c"
        " WHERE c.id = NEW.check_assignment_id AND c.batch_id <> NEW.batch_id)",
        "a ledger entry pays work of its own batch",
    ),
    "entries_move_for_the_same_work": (
        "ledger_entries",
        "INSERT",
        "EXISTS (SELECT 1 FROM ledger_entries m WHERE m.id = NEW.moves_id"
        f" AND ({OTHER} OR coalesce(m.entry_test, '') <> coalesce(NEW.entry_test, '')))",
        "money that was earned by one piece of work never pays another",
    ),
    "entries_move_as_their_payment": (
        "ledger_entries",
        "INSERT",
        "NEW.payment_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM payment_intents p WHERE p.id = NEW.payment_id"
        " AND p.state = CASE NEW.to_account WHEN 'paying' THEN 'intended' WHEN 'owed' THEN 'refused'"
        " ELSE 'confirmed' END)",
        "money moves only as its payment does",
    ),
    "entries_end_with_their_own_payment": (
        "ledger_entries",
        "INSERT",
        "NEW.from_account = 'paying' AND EXISTS (SELECT 1 FROM ledger_entries m"
        " WHERE m.id = NEW.moves_id AND m.payment_id <> NEW.payment_id)",
        "what one payment began another never ends",
    ),
    "payments_begin_as_intents": (
        "payment_intents",
        "INSERT",
        "NEW.state <> 'intended'",
        "a payment is intended before anything else",
    ),
    "payments_never_go": ("payment_intents", "DELETE", "true", "a payment is never deleted"),
    "payments_stay_as_intended": (
        "payment_intents",
        f"UPDATE OF {INTENT}",
        "true",
        "a payment stays as it was intended",
    ),
    "payments_end_once": (
        "payment_intents",
        "UPDATE",
        "(OLD.state, NEW.state) NOT IN (VALUES ('intended', 'sent'), ('sent', 'sent'), ('sent', 'confirmed'),"
        " ('sent', 'refused'))",
        "a payment is intended, sent, then confirmed or refused, and nothing after that",
    ),
    "payments_add_up": (
        "payment_intents",
        "UPDATE OF state",
        f"OLD.state = 'intended' AND NEW.state = 'sent' AND (NEW.amount <> {ADDS_UP.format('NOT ')} OR NEW.fee <> {ADDS_UP.format('')})",
        "a payment is sent only when its ledger entries add up to it",
    ),
}


def upgrade() -> None:
    create_budgets()
    create_compensations()
    create_payment_intents()
    create_reservations()
    create_ledger_entries()
    create_takes()
    for name, (table, when, condition, body) in COUNTERS.items():
        create(name, f"{when} ON {table}", condition, body)
    for name, (table, event, condition, message) in REFUSALS.items():
        create_refusal(name, f"{event} ON {table}", condition, message)


def create_takes() -> None:
    """The trigger by which entries take from reservations."""
    if not is_postgresql():
        create(TAKES, "AFTER INSERT ON ledger_entries", "NEW.reservation_id IS NOT NULL", TAKE_BY_ROW)
        return
    op.execute(
        f"CREATE FUNCTION {TAKES}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {TAKE_BY_STATEMENT} RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {TAKES} AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS entered"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {TAKES}()"
    )


def create_budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("batch_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("allowed", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("spent", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "reserved >= 0 AND spent >= 0 AND reserved + spent <= allowed", name=op.f("ck_budgets_never_overspent")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_budgets_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_budgets")),
        sa.UniqueConstraint("batch_id", "currency", name=op.f("uq_budgets_batch_id_currency")),
    )


def create_compensations() -> None:
    op.create_table(
        "compensations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_compensations_says_why")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_compensations_batch_id")),
        sa.ForeignKeyConstraint(["rater_id"], ["raters.id"], name=op.f("fk_compensations_rater_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compensations")),
        sa.UniqueConstraint("id", "batch_id", "rater_id", name=op.f("uq_compensations_id_batch_id_rater_id")),
        sa.UniqueConstraint("key", name=op.f("uq_compensations_key")),
    )


def create_payment_intents() -> None:
    op.create_table(
        "payment_intents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("posting_id", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("intended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('confirmed', 'refused')) = (ended_at IS NOT NULL)", name=op.f("ck_payment_intents_ends_once")
        ),
        sa.CheckConstraint("answer IS NULL OR state = 'refused'", name=op.f("ck_payment_intents_answer_of_a_refusal")),
        sa.CheckConstraint("asked_at IS NULL OR state = 'sent'", name=op.f("ck_payment_intents_asked_when_sent")),
        sa.CheckConstraint("kind IN ('approval', 'bonus')", name=op.f("ck_payment_intents_kind")),
        sa.CheckConstraint(
            "state IN ('intended', 'sent', 'confirmed', 'refused')", name=op.f("ck_payment_intents_state")
        ),
        sa.CheckConstraint("amount > 0 AND fee >= 0", name=op.f("ck_payment_intents_amount")),
        sa.ForeignKeyConstraint(
            ["batch_id", "currency"],
            ["budgets.batch_id", "budgets.currency"],
            name=op.f("fk_payment_intents_batch_id_currency"),
        ),
        sa.ForeignKeyConstraint(["rater_id"], ["raters.id"], name=op.f("fk_payment_intents_rater_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_intents")),
        sa.UniqueConstraint(
            "id", "batch_id", "rater_id", "currency", name=op.f("uq_payment_intents_id_batch_id_rater_id_currency")
        ),
        sa.UniqueConstraint("token", name=op.f("uq_payment_intents_token")),
    )
    op.create_index("ix_payment_intents_batch_id", "payment_intents", ["batch_id", "state"], unique=False)
    op.create_index(
        "uq_payment_intents_approval",
        "payment_intents",
        ["posting_id", "submission_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'approval' AND state != 'refused'"),
        postgresql_where=sa.text("kind = 'approval' AND state != 'refused'"),
    )


def create_reservations() -> None:
    op.create_table(
        "reservations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("remaining BETWEEN 0 AND amount", name=op.f("ck_reservations_remaining")),
        sa.ForeignKeyConstraint(
            ["batch_id", "currency"],
            ["budgets.batch_id", "budgets.currency"],
            name=op.f("fk_reservations_batch_id_currency"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservations")),
        sa.UniqueConstraint("id", "batch_id", "currency", name=op.f("uq_reservations_id_batch_id_currency")),
        sa.UniqueConstraint("key", name=op.f("uq_reservations_key")),
    )


def create_ledger_entries() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("from_account", sa.Text(), nullable=False),
        sa.Column("to_account", sa.Text(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=True),
        sa.Column("check_assignment_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("entry_test", sa.Text(), nullable=True),
        sa.Column("compensation_id", sa.Integer(), nullable=True),
        sa.Column("reservation_id", sa.Integer(), nullable=True),
        sa.Column("moves_id", sa.Integer(), nullable=True),
        sa.Column("payment_id", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(from_account = 'reserved') = (moves_id IS NULL)", name=op.f("ck_ledger_entries_moves_an_entry")
        ),
        sa.CheckConstraint(
            "(from_account = 'reserved') = (payment_id IS NULL)", name=op.f("ck_ledger_entries_moves_by_a_payment")
        ),
        sa.CheckConstraint(
            "(from_account = 'reserved') = (reservation_id IS NOT NULL)",
            name=op.f("ck_ledger_entries_from_a_reservation"),
        ),
        sa.CheckConstraint(
            "CASE from_account\n    WHEN 'reserved' THEN to_account = 'owed'\n    WHEN 'owed' THEN to_account = 'paying'\n    WHEN 'paying' THEN to_account = 'owed'\n        OR to_account = CASE WHEN purpose IN ('reward_fee', 'top_up_fee') THEN 'fees' ELSE 'paid' END\n    ELSE 1 = 0 END",
            name=op.f("ck_ledger_entries_ways"),
        ),
        sa.CheckConstraint(
            "CASE work\n    WHEN 'rating' THEN assignment_id IS NOT NULL AND state IS NOT NULL AND state = 'rated'\n    WHEN 'late_rating' THEN assignment_id IS NOT NULL AND state IS NOT NULL AND state = 'late'\n    WHEN 'check' THEN check_assignment_id IS NOT NULL AND state IS NOT NULL AND state = 'answered'\n    WHEN 'skip' THEN (assignment_id IS NOT NULL OR check_assignment_id IS NOT NULL)\n        AND state IS NOT NULL AND state = 'skipped'\n    WHEN 'entry_test' THEN entry_test IS NOT NULL AND state IS NULL\n    ELSE compensation_id IS NOT NULL AND state IS NULL END",
            name=op.f("ck_ledger_entries_work_as_named"),
        ),
        sa.CheckConstraint(
            "from_account IN ('reserved', 'owed', 'paying', 'paid', 'fees')",
            name=op.f("ck_ledger_entries_from_account"),
        ),
        sa.CheckConstraint(
            "purpose IN ('reward', 'top_up', 'reward_fee', 'top_up_fee')", name=op.f("ck_ledger_entries_purpose")
        ),
        sa.CheckConstraint(
            "to_account IN ('reserved', 'owed', 'paying', 'paid', 'fees')", name=op.f("ck_ledger_entries_to_account")
        ),
        sa.CheckConstraint(
            "work IN ('rating', 'late_rating', 'check', 'entry_test', 'skip', 'compensation')",
            name=op.f("ck_ledger_entries_work"),
        ),
        sa.CheckConstraint(
            "CASE WHEN assignment_id IS NULL THEN 0 ELSE 1 END + CASE WHEN check_assignment_id IS NULL THEN 0 ELSE 1 END + CASE WHEN entry_test IS NULL THEN 0 ELSE 1 END + CASE WHEN compensation_id IS NULL THEN 0 ELSE 1 END = 1",
            name=op.f("ck_ledger_entries_names_one_work"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_entries_amount")),
        sa.ForeignKeyConstraint(
            ["assignment_id", "rater_id", "state"],
            ["assignments.id", "assignments.rater_id", "assignments.state"],
            name=op.f("fk_ledger_entries_assignment_id_rater_id_state"),
        ),
        sa.ForeignKeyConstraint(
            ["check_assignment_id", "rater_id", "state"],
            ["check_assignments.id", "check_assignments.rater_id", "check_assignments.state"],
            name="fk_ledger_entries_check",
        ),
        sa.ForeignKeyConstraint(
            ["compensation_id", "batch_id", "rater_id"],
            ["compensations.id", "compensations.batch_id", "compensations.rater_id"],
            name="fk_ledger_entries_compensation",
        ),
        sa.ForeignKeyConstraint(
            ["moves_id", "from_account", "batch_id", "rater_id", "currency", "amount", "work", "purpose"],
            [
                "ledger_entries.id",
                "ledger_entries.to_account",
                "ledger_entries.batch_id",
                "ledger_entries.rater_id",
                "ledger_entries.currency",
                "ledger_entries.amount",
                "ledger_entries.work",
                "ledger_entries.purpose",
            ],
            name="fk_ledger_entries_moves",
        ),
        sa.ForeignKeyConstraint(
            ["payment_id", "batch_id", "rater_id", "currency"],
            ["payment_intents.id", "payment_intents.batch_id", "payment_intents.rater_id", "payment_intents.currency"],
            name="fk_ledger_entries_payment",
        ),
        sa.ForeignKeyConstraint(["rater_id"], ["raters.id"], name=op.f("fk_ledger_entries_rater_id")),
        sa.ForeignKeyConstraint(
            ["reservation_id", "batch_id", "currency"],
            ["reservations.id", "reservations.batch_id", "reservations.currency"],
            name=op.f("fk_ledger_entries_reservation_id_batch_id_currency"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint(
            "id",
            "to_account",
            "batch_id",
            "rater_id",
            "currency",
            "amount",
            "work",
            "purpose",
            name="uq_ledger_entries_moved",
        ),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_entries_key")),
        sa.UniqueConstraint("moves_id", name=op.f("uq_ledger_entries_moves_id")),
    )
    op.create_index("ix_ledger_entries_payment", "ledger_entries", ["payment_id"], unique=False)
    op.create_index("ix_ledger_entries_rater", "ledger_entries", ["batch_id", "rater_id"], unique=False)
    op.create_index(
        "uq_ledger_entries_earned_assignment",
        "ledger_entries",
        ["assignment_id", "purpose"],
        unique=True,
        sqlite_where=sa.text("from_account = 'reserved'"),
        postgresql_where=sa.text("from_account = 'reserved'"),
    )
    op.create_index(
        "uq_ledger_entries_earned_check",
        "ledger_entries",
        ["check_assignment_id", "purpose"],
        unique=True,
        sqlite_where=sa.text("from_account = 'reserved'"),
        postgresql_where=sa.text("from_account = 'reserved'"),
    )
    op.create_index(
        "uq_ledger_entries_earned_compensation",
        "ledger_entries",
        ["compensation_id", "purpose"],
        unique=True,
        sqlite_where=sa.text("from_account = 'reserved'"),
        postgresql_where=sa.text("from_account = 'reserved'"),
    )


def downgrade() -> None:
    drop(TAKES, "ledger_entries")
    for name, (table, *_) in (COUNTERS | REFUSALS).items():
        drop(name, table)
    op.drop_table("ledger_entries")
    op.drop_table("reservations")
    op.drop_table("payment_intents")
    op.drop_table("compensations")
    op.drop_table("budgets")
