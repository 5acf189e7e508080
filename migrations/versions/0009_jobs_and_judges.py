"""Jobs, how systems' outputs are made, engines' replies, judges and their verdicts"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import create_refusal, drop

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WAYS = """(OLD.state, NEW.state) NOT IN (VALUES ('queued', 'queued'), ('queued', 'running'), ('queued', 'cancelled'),
    ('running', 'running'), ('running', 'queued'), ('running', 'done'), ('running', 'failed'), ('running', 'cancelled'),
    ('failed', 'queued'), ('cancelled', 'queued'))"""
KEPT = {
    "generations": "how outputs are made",
    "output_origins": "where an output came from",
    "replies": "a reply",
    "judges": "a judge",
    "judgings": "what a judge is asked to compare",
    "verdicts": "a verdict",
    "job_events": "what became of a job",
}
REFUSALS = {
    "jobs_never_go": ("jobs", "DELETE", "true", "a job is never deleted"),
    "jobs_stay": (
        "jobs",
        "UPDATE OF kind, study_id, generation_id, judging_id, created_at",
        "true",
        "a job stays the work that it is",
    ),
    "jobs_go_their_ways": ("jobs", "UPDATE OF state", WAYS, "a job that is done stays done"),
    "jobs_count_their_holders": (
        "jobs",
        "UPDATE OF attempt, holder",
        "NEW.attempt < OLD.attempt OR (NEW.holder IS NOT NULL AND NEW.attempt = OLD.attempt"
        " AND (OLD.holder IS NULL OR NEW.holder <> OLD.holder))",
        "the next holder of a job is another attempt",
    ),
    **{
        f"{table}_never_{verb}": (table, event, "true", f"{noun} never {what}")
        for table, noun in KEPT.items()
        for verb, event, what in (("change", "UPDATE", "changes"), ("go", "DELETE", "goes"))
    },
}


def upgrade() -> None:
    create_generations()
    create_judges()
    create_judgings()
    create_jobs()
    create_job_events()
    create_replies()
    create_output_origins()
    create_verdicts()
    for name, (table, event, condition, message) in REFUSALS.items():
        create_refusal(name, f"{event} ON {table}", condition, message)


def create_generations() -> None:
    op.create_table(
        "generations",
        sa.Column("system_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("sampling", sa.JSON(), nullable=False),
        sa.Column("sample", sa.Integer(), nullable=False),
        sa.Column("serving", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("engine IN ('vllm', 'openai', 'transformers', 'echo')", name=op.f("ck_generations_engine")),
        sa.CheckConstraint("sample >= 0", name=op.f("ck_generations_sample")),
        sa.ForeignKeyConstraint(
            ["system_id", "study_id"],
            ["systems.id", "systems.study_id"],
            name=op.f("fk_generations_system_id_study_id"),
        ),
        sa.PrimaryKeyConstraint("system_id", name=op.f("pk_generations")),
        sa.UniqueConstraint("system_id", "study_id", name=op.f("uq_generations_system_id_study_id")),
    )


def create_judges() -> None:
    op.create_table(
        "judges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("templates", sa.JSON(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("sampling", sa.JSON(), nullable=False),
        sa.Column("serving", sa.JSON(), nullable=False),
        sa.Column("orders", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("engine IN ('vllm', 'openai', 'transformers', 'echo')", name=op.f("ck_judges_engine")),
        sa.CheckConstraint("orders IN ('both', 'candidate_first', 'baseline_first')", name=op.f("ck_judges_orders")),
        sa.CheckConstraint("rule IN ('agree_else_tie', 'mean_score', 'prob_mean')", name=op.f("ck_judges_rule")),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_judges_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judges")),
        sa.UniqueConstraint("id", "study_id", name=op.f("uq_judges_id_study_id")),
        sa.UniqueConstraint("study_id", "name", name=op.f("uq_judges_study_id_name")),
    )


def create_judgings() -> None:
    op.create_table(
        "judgings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("judge_id", sa.Integer(), nullable=False),
        sa.Column("candidate_id", sa.Integer(), nullable=False),
        sa.Column("baseline_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("candidate_id <> baseline_id", name=op.f("ck_judgings_two_systems")),
        sa.ForeignKeyConstraint(
            ["baseline_id", "study_id"],
            ["systems.id", "systems.study_id"],
            name=op.f("fk_judgings_baseline_id_study_id"),
        ),
        sa.ForeignKeyConstraint(
            ["candidate_id", "study_id"],
            ["systems.id", "systems.study_id"],
            name=op.f("fk_judgings_candidate_id_study_id"),
        ),
        sa.ForeignKeyConstraint(
            ["judge_id", "study_id"], ["judges.id", "judges.study_id"], name=op.f("fk_judgings_judge_id_study_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgings")),
        sa.UniqueConstraint("id", "study_id", name=op.f("uq_judgings_id_study_id")),
        sa.UniqueConstraint(
            "judge_id", "candidate_id", "baseline_id", name=op.f("uq_judgings_judge_id_candidate_id_baseline_id")
        ),
    )


def create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("generation_id", sa.Integer(), nullable=True),
        sa.Column("judging_id", sa.Integer(), nullable=True),
        sa.Column("manner", sa.JSON(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("asked_to_stop", sa.Boolean(), nullable=False),
        sa.Column("allowed", sa.BigInteger(), nullable=True),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'generate') = (generation_id IS NOT NULL) AND (kind = 'judge') = (judging_id IS NOT NULL)",
            name=op.f("ck_jobs_names_its_work"),
        ),
        sa.CheckConstraint(
            "(state = 'running') = (holder IS NOT NULL) AND (state = 'running') = (lease_until IS NOT NULL)",
            name=op.f("ck_jobs_held_while_running"),
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)",
            name=op.f("ck_jobs_ends_at_a_moment"),
        ),
        sa.CheckConstraint("kind IN ('generate', 'judge')", name=op.f("ck_jobs_kind")),
        sa.CheckConstraint("queue IN ('io', 'gpu')", name=op.f("ck_jobs_queue")),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_jobs_state")),
        sa.CheckConstraint(
            "done >= 0 AND failed >= 0 AND (total IS NULL OR done + failed <= total)", name=op.f("ck_jobs_counts")
        ),
        sa.CheckConstraint(
            "spent >= 0 AND (allowed IS NULL OR spent <= allowed)", name=op.f("ck_jobs_keeps_to_its_budget")
        ),
        sa.ForeignKeyConstraint(
            ["generation_id", "study_id"],
            ["generations.system_id", "generations.study_id"],
            name=op.f("fk_jobs_generation_id_study_id"),
        ),
        sa.ForeignKeyConstraint(
            ["judging_id", "study_id"], ["judgings.id", "judgings.study_id"], name=op.f("fk_jobs_judging_id_study_id")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_jobs_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index("ix_jobs_state", "jobs", ["state", "queue"], unique=False)
    op.create_index(
        "uq_jobs_live_generation",
        "jobs",
        ["generation_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('queued', 'running')"),
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_index(
        "uq_jobs_live_judging",
        "jobs",
        ["judging_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('queued', 'running')"),
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )


def create_job_events() -> None:
    op.create_table(
        "job_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_events_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_events")),
    )
    op.create_index("ix_job_events_job_id", "job_events", ["job_id"], unique=False)


def create_replies() -> None:
    op.create_table(
        "replies",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("reply", sa.JSON(), nullable=False),
        sa.Column("engine_version", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_replies_job_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_replies")),
    )
    op.create_index("ix_replies_job_id", "replies", ["job_id"], unique=False)


def create_output_origins() -> None:
    op.create_table(
        "output_origins",
        sa.Column("output_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("system_id", sa.Integer(), nullable=False),
        sa.Column("reply_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["output_id", "prompt_id", "system_id"],
            ["outputs.id", "outputs.prompt_id", "outputs.system_id"],
            name=op.f("fk_output_origins_output_id_prompt_id_system_id"),
        ),
        sa.ForeignKeyConstraint(["reply_hash"], ["replies.hash"], name=op.f("fk_output_origins_reply_hash")),
        sa.ForeignKeyConstraint(["system_id"], ["generations.system_id"], name=op.f("fk_output_origins_system_id")),
        sa.PrimaryKeyConstraint("output_id", name=op.f("pk_output_origins")),
    )
    op.create_index("ix_output_origins_system_id", "output_origins", ["system_id"], unique=False)


def create_verdicts() -> None:
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("judge_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("first_system_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("second_system_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=True),
        sa.Column("strength", sa.Integer(), nullable=True),
        sa.Column("first_score", sa.Double(), nullable=True),
        sa.Column("second_score", sa.Double(), nullable=True),
        sa.Column("first_probability", sa.Double(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("finish", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reply_hash", sa.Text(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(choice IS NULL) = (reason <> '')", name=op.f("ck_verdicts_unparsed_for_a_reason")),
        sa.CheckConstraint("choice IN ('first', 'second', 'tie', 'both_bad')", name=op.f("ck_verdicts_choice")),
        sa.CheckConstraint("(first_score IS NULL) = (second_score IS NULL)", name=op.f("ck_verdicts_both_scores")),
        sa.CheckConstraint("first_id <> second_id", name=op.f("ck_verdicts_two_outputs")),
        sa.CheckConstraint("first_probability BETWEEN 0 AND 1", name=op.f("ck_verdicts_first_probability")),
        sa.ForeignKeyConstraint(
            ["first_id", "prompt_id", "first_system_id"],
            ["outputs.id", "outputs.prompt_id", "outputs.system_id"],
            name=op.f("fk_verdicts_first_id_prompt_id_first_system_id"),
        ),
        sa.ForeignKeyConstraint(
            ["judge_id", "study_id"], ["judges.id", "judges.study_id"], name=op.f("fk_verdicts_judge_id_study_id")
        ),
        sa.ForeignKeyConstraint(
            ["first_system_id", "study_id"],
            ["systems.id", "systems.study_id"],
            name=op.f("fk_verdicts_first_system_id_study_id"),
        ),
        sa.ForeignKeyConstraint(["reply_hash"], ["replies.hash"], name=op.f("fk_verdicts_reply_hash")),
        sa.ForeignKeyConstraint(
            ["second_id", "prompt_id", "second_system_id"],
            ["outputs.id", "outputs.prompt_id", "outputs.system_id"],
            name=op.f("fk_verdicts_second_id_prompt_id_second_system_id"),
        ),
        sa.ForeignKeyConstraint(
            ["second_system_id", "study_id"],
            ["systems.id", "systems.study_id"],
            name=op.f("fk_verdicts_second_system_id_study_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
        sa.UniqueConstraint("judge_id", "first_id", "second_id", name=op.f("uq_verdicts_judge_id_first_id_second_id")),
    )
    op.create_index(
        "ix_verdicts_judge_id", "verdicts", ["judge_id", "first_system_id", "second_system_id"], unique=False
    )


def downgrade() -> None:
    for name, (table, *_) in REFUSALS.items():
        drop(name, table)
    for table in ("verdicts", "output_origins", "replies", "job_events", "jobs", "judgings", "judges", "generations"):
        op.drop_table(table)
