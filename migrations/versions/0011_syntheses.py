"""New questions made from a few: how, which calls were answered, and the job that asks them"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import create_refusal, drop, is_postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FROZEN = (
    "name, way, engine, model, url, template, instructions, sampling, serving, prompt, seeds, excluded, evaluation,"
    " closest, draw, created_at"
)
REFUSALS = {
    "syntheses_stay": ("syntheses", f"UPDATE OF {FROZEN}", "how entries are made never changes"),
    "syntheses_never_go": ("syntheses", "DELETE", "a synthesis never goes"),
    "synthesis_calls_never_change": ("synthesis_calls", "UPDATE", "an answered call never changes"),
    "synthesis_calls_never_go": ("synthesis_calls", "DELETE", "an answered call never goes"),
}
STAY = "a job stays the work that it is"
WORK_BEFORE = "kind, study_id, generation_id, judging_id, created_at"
WORK = "kind, study_id, generation_id, judging_id, synthesis_id, created_at"
KINDS_BEFORE, KINDS = "kind IN ('generate', 'judge')", "kind IN ('generate', 'judge', 'synthesize')"
NAMES_BEFORE = "(kind = 'generate') = (generation_id IS NOT NULL) AND (kind = 'judge') = (judging_id IS NOT NULL)"
NAMES = (
    f"{NAMES_BEFORE} AND (kind = 'synthesize') = (synthesis_id IS NOT NULL)"
    " AND (kind = 'synthesize') = (study_id IS NULL)"
)
LIVE = sa.text("state IN ('queued', 'running')")
KEY = "fk_jobs_synthesis_id"
COLUMN = "synthesis_id INTEGER CONSTRAINT fk_jobs_synthesis_id REFERENCES syntheses (id)"


def upgrade() -> None:
    create_syntheses()
    create_calls()
    drop("jobs_stay", "jobs")
    if is_postgresql():
        op.add_column("jobs", sa.Column("synthesis_id", sa.Integer(), nullable=True))
        op.create_foreign_key(KEY, "jobs", "syntheses", ["synthesis_id"], ["id"])
        op.alter_column("jobs", "study_id", existing_type=sa.Integer(), nullable=True)
        rule("names_its_work", NAMES)
        rule("kind", KINDS)
    else:
        rebuild(
            {
                "study_id INTEGER NOT NULL": "study_id INTEGER",
                "judging_id INTEGER,": f"judging_id INTEGER, {COLUMN},",
                NAMES_BEFORE: NAMES,
                KINDS_BEFORE: KINDS,
            },
            {},
        )
    create_refusal("jobs_stay", f"UPDATE OF {WORK} ON jobs", "true", STAY)
    op.create_index(
        "uq_jobs_live_synthesis", "jobs", ["synthesis_id"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )


def create_syntheses() -> None:
    op.create_table(
        "syntheses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("sampling", sa.JSON(), nullable=False),
        sa.Column("serving", sa.JSON(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("seeds", sa.JSON(), nullable=False),
        sa.Column("excluded", sa.JSON(), nullable=False),
        sa.Column("evaluation", sa.JSON(), nullable=False),
        sa.Column("closest", sa.Double(), nullable=False),
        sa.Column("draw", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("most_calls", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("engine IN ('vllm', 'openai', 'transformers', 'echo')", name=op.f("ck_syntheses_engine")),
        sa.CheckConstraint("way IN ('nq', 'self_instruct')", name=op.f("ck_syntheses_way")),
        sa.CheckConstraint("wanted >= 1 AND most_calls >= 1", name=op.f("ck_syntheses_wants_something")),
        sa.CheckConstraint("closest >= 0 AND closest <= 100", name=op.f("ck_syntheses_closest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_syntheses")),
        sa.UniqueConstraint("name", name=op.f("uq_syntheses_name")),
    )


def create_calls() -> None:
    op.create_table(
        "synthesis_calls",
        sa.Column("synthesis_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reply_hash", sa.Text(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_synthesis_calls_number")),
        sa.CheckConstraint(
            "(reply_hash IS NULL) = (refusal <> '')", name=op.f("ck_synthesis_calls_answered_or_refused")
        ),
        sa.ForeignKeyConstraint(["reply_hash"], ["replies.hash"], name=op.f("fk_synthesis_calls_reply_hash")),
        sa.ForeignKeyConstraint(["synthesis_id"], ["syntheses.id"], name=op.f("fk_synthesis_calls_synthesis_id")),
        sa.PrimaryKeyConstraint("synthesis_id", "number", name=op.f("pk_synthesis_calls")),
    )
    for name, (table, event, message) in REFUSALS.items():
        create_refusal(name, f"{event} ON {table}", "true", message)


def rule(name: str, condition: str) -> None:
    """Another condition under a rule's name, on PostgreSQL."""
    op.drop_constraint(op.f(f"ck_jobs_{name}"), "jobs", type_="check")
    op.create_check_constraint(op.f(f"ck_jobs_{name}"), "jobs", condition)


def rebuild(changes: dict[str, str], without: dict[str, str]) -> None:
    """SQLite can't change a rule, so the table is made again under its own name, with its indexes and triggers.

    Replies and events point to it: they are looked at when all is done, and not when it is dropped. without: columns
    that go, each with the words for it.
    """
    connection = op.get_bind()
    query = sa.text("SELECT sql FROM sqlite_master WHERE tbl_name = 'jobs' AND sql IS NOT NULL ORDER BY rowid")
    made, *others = connection.execute(query).scalars().all()
    for before, after in {**changes, **dict.fromkeys(without.values(), "")}.items():
        if before not in made:
            raise RuntimeError(f"The table of jobs has no {before}.")
        made = made.replace(before, after)
    known = connection.execute(sa.text("SELECT name FROM pragma_table_info('jobs') ORDER BY cid")).scalars()
    columns = ", ".join(name for name in known if name not in without)
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TABLE jobs_before AS SELECT * FROM jobs")
    op.execute("DROP TABLE jobs")
    moved = f"INSERT INTO jobs ({columns}) SELECT {columns} FROM jobs_before"
    for sql in (made, moved, *others):
        connection.exec_driver_sql(sql)
    op.execute("DROP TABLE jobs_before")


def downgrade() -> None:
    """Refused where a job of a synthesis is there: there is no room for it before."""
    op.drop_index("uq_jobs_live_synthesis", "jobs")
    drop("jobs_stay", "jobs")
    if is_postgresql():
        rule("kind", KINDS_BEFORE)
        rule("names_its_work", NAMES_BEFORE)
        op.alter_column("jobs", "study_id", existing_type=sa.Integer(), nullable=False)
        op.drop_constraint(KEY, "jobs", type_="foreignkey")
        op.drop_column("jobs", "synthesis_id")
    else:
        rebuild(
            {"study_id INTEGER,": "study_id INTEGER NOT NULL,", NAMES: NAMES_BEFORE, KINDS: KINDS_BEFORE},
            {"synthesis_id": f" {COLUMN},"},
        )
    create_refusal("jobs_stay", f"UPDATE OF {WORK_BEFORE} ON jobs", "true", STAY)
    for name, (table, _, _) in reversed(REFUSALS.items()):
        drop(name, table)
    op.drop_table("synthesis_calls")
    op.drop_table("syntheses")
