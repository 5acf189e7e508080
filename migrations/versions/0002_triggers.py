"""The rules that triggers keep: the queue of open seats, can't-judge, and what never changes"""

from migrations.triggers import create, create_refusal, drop

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# On every change of an assignment the queue follows. Comparisons are locked before their seats, always in this order.
# A rater sits down: the seat is no longer open, and the comparison's other seats are worth filling first.
SAT = """
    UPDATE seats SET is_open = false WHERE comparison_id = NEW.comparison_id AND seat = NEW.seat AND is_open;
    UPDATE seats SET started = true WHERE comparison_id = NEW.comparison_id AND NOT started;
"""
# The holder goes without rating: the seat opens again, unless the comparison has become unjudgeable.
# Two statements: the second sees a third can't-judge that the first has waited for.
LEFT = """
    UPDATE seats SET is_open = true WHERE comparison_id = NEW.comparison_id AND seat = NEW.seat;
    UPDATE seats SET is_open = false WHERE comparison_id = NEW.comparison_id AND seat = NEW.seat
        AND (SELECT unjudgeable FROM comparisons WHERE id = NEW.comparison_id);
"""
# The third can't-judge closes the comparison.
SKIPPED = """
    UPDATE comparisons SET skips = skips + 1, unjudgeable = (skips + 1 >= 3) WHERE id = NEW.comparison_id;
    UPDATE seats SET is_open = false WHERE comparison_id = NEW.comparison_id
        AND (SELECT unjudgeable FROM comparisons WHERE id = NEW.comparison_id);
"""

ON_ASSIGNMENTS = {
    "assignment_sat": ("AFTER INSERT", "NEW.state IN ('held', 'rated')", SAT),
    "assignment_rated_after_lapse": (
        "AFTER UPDATE OF state",
        "OLD.state = 'lapsed' AND NEW.state = 'rated'",
        SAT,
    ),
    "assignment_left": (
        "AFTER UPDATE OF state",
        "OLD.state = 'held' AND NEW.state IN ('lapsed', 'returned')",
        LEFT,
    ),
    "assignment_skipped": (
        "AFTER UPDATE OF state",
        "OLD.state = 'held' AND NEW.state = 'skipped'",
        SKIPPED + LEFT,
    ),
    "assignment_skipped_after_lapse": (
        "AFTER UPDATE OF state",
        "OLD.state = 'lapsed' AND NEW.state = 'skipped'",
        SKIPPED,
    ),
}

REFUSALS = {
    "ratings_never_change": ("ratings", "UPDATE", None, "a rating never changes"),
    "ratings_never_go": ("ratings", "DELETE", None, "a rating is never deleted"),
    "versions_never_change": ("study_versions", "UPDATE", None, "launched settings never change"),
    "versions_never_go": ("study_versions", "DELETE", None, "launched settings are never deleted"),
    "batches_stay_as_launched": (
        "batches",
        "UPDATE OF study_id, version_id, baseline_id, seats, seed, session_size, rater_cap, lease_seconds",
        None,
        "a batch stays as it was launched",
    ),
    "seats_never_go": ("seats", "DELETE", None, "a seat is never deleted"),
    "comparisons_never_go": ("comparisons", "DELETE", None, "a comparison is never deleted"),
    "assignments_never_go": ("assignments", "DELETE", None, "an assignment is never deleted"),
    "assignments_stay_put": (
        "assignments",
        "UPDATE OF batch_id, rater_id, prompt_id, comparison_id, seat",
        None,
        "an assignment never moves to another rater or seat",
    ),
    "assignments_end_once": (
        "assignments",
        "UPDATE OF state",
        "(OLD.state, NEW.state) NOT IN (VALUES ('held', 'held'), ('held', 'rated'), ('held', 'lapsed'),"
        " ('held', 'returned'), ('held', 'skipped'), ('lapsed', 'rated'), ('lapsed', 'late'),"
        " ('lapsed', 'skipped'))",
        "an assignment that has ended stays as it ended",
    ),
    "outputs_keep_their_text": ("outputs", "UPDATE OF text", None, "the text of an output never changes"),
    "outputs_shown_stay": (
        "outputs",
        "UPDATE OF shown",
        "EXISTS (SELECT 1 FROM comparisons WHERE OLD.id IN (candidate_output_id, baseline_output_id))",
        "what raters see of an output never changes after its launch",
    ),
    "seats_keep_their_side": (
        "seats",
        "UPDATE OF flipped",
        "EXISTS (SELECT 1 FROM assignments a WHERE a.comparison_id = OLD.comparison_id AND a.seat = OLD.seat)",
        "the side of a seat never changes once a rater has had it",
    ),
}


def upgrade() -> None:
    for name, (when, condition, body) in ON_ASSIGNMENTS.items():
        create(name, f"{when} ON assignments", condition, body)
    for name, (table, event, condition, message) in REFUSALS.items():
        create_refusal(name, f"{event} ON {table}", condition or "true", message)


def downgrade() -> None:
    tables = dict.fromkeys(ON_ASSIGNMENTS, "assignments") | {name: rule[0] for name, rule in REFUSALS.items()}
    for name, table in tables.items():
        drop(name, table)
