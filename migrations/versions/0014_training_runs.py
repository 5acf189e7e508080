"""Training runs, the models that came of them, and the job that trains"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import create_refusal, drop, is_postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

HAS_BEGUN = "EXISTS (SELECT 1 FROM jobs WHERE training_run_id = OLD.id AND (done > 0 OR state = 'running'))"
REFUSALS = {
    "training_runs_keep_names": (
        "training_runs",
        "UPDATE OF name, created_at",
        "true",
        "a training run keeps its name",
    ),
    "training_runs_stay": ("training_runs", "UPDATE", HAS_BEGUN, "what has begun to train stays as it was declared"),
    "training_runs_never_go": ("training_runs", "DELETE", "true", "a training run never goes"),
    "trained_models_stay": ("trained_models", "UPDATE", "true", "what a training run came to never changes"),
    "trained_models_never_go": ("trained_models", "DELETE", "true", "what a training run came to never goes"),
}
STAY = "a job stays the work that it is"
WORK_BEFORE = "kind, study_id, generation_id, judging_id, synthesis_id, created_at"
WORK = "kind, study_id, generation_id, judging_id, synthesis_id, training_run_id, created_at"
KINDS_BEFORE = "kind IN ('generate', 'judge', 'synthesize')"
KINDS = "kind IN ('generate', 'judge', 'synthesize', 'train')"
WORKS = (
    "(kind = 'generate') = (generation_id IS NOT NULL) AND (kind = 'judge') = (judging_id IS NOT NULL)"
    " AND (kind = 'synthesize') = (synthesis_id IS NOT NULL)"
)
NAMES_BEFORE = f"{WORKS} AND (kind = 'synthesize') = (study_id IS NULL)"
NAMES = (
    f"{WORKS} AND (kind = 'train') = (training_run_id IS NOT NULL)"
    " AND (kind IN ('synthesize', 'train')) = (study_id IS NULL)"
)
LIVE = sa.text("state IN ('queued', 'running')")
KEY = "fk_jobs_training_run_id"
COLUMN = f"training_run_id INTEGER CONSTRAINT {KEY} REFERENCES training_runs (id)"


def upgrade() -> None:
    create_runs()
    drop("jobs_stay", "jobs")
    if is_postgresql():
        op.add_column("jobs", sa.Column("training_run_id", sa.Integer(), nullable=True))
        op.create_foreign_key(KEY, "jobs", "training_runs", ["training_run_id"], ["id"])
        rule("names_its_work", NAMES)
        rule("kind", KINDS)
    else:
        rebuild({"judging_id INTEGER,": f"judging_id INTEGER, {COLUMN},", NAMES_BEFORE: NAMES, KINDS_BEFORE: KINDS})
    create_refusal("jobs_stay", f"UPDATE OF {WORK} ON jobs", "true", STAY)
    op.create_index(
        "uq_jobs_live_training_run", "jobs", ["training_run_id"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )


def create_runs() -> None:
    op.create_table(
        "training_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("declaration", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("processes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("name <> '' AND declaration <> ''", name=op.f("ck_training_runs_says_what")),
        sa.CheckConstraint("processes >= 1", name=op.f("ck_training_runs_processes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_runs")),
        sa.UniqueConstraint("name", name=op.f("uq_training_runs_name")),
        sa.UniqueConstraint("folder", name=op.f("uq_training_runs_folder")),
    )
    op.create_table(
        "trained_models",
        sa.Column("run_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("loss", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("steps >= 1", name=op.f("ck_trained_models_steps")),
        sa.ForeignKeyConstraint(["run_id"], ["training_runs.id"], name=op.f("fk_trained_models_run_id")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_trained_models")),
    )
    for name, (table, event, condition, message) in REFUSALS.items():
        create_refusal(name, f"{event} ON {table}", condition, message)


def rule(name: str, condition: str) -> None:
    """Another condition under a rule's name, on PostgreSQL."""
    op.drop_constraint(op.f(f"ck_jobs_{name}"), "jobs", type_="check")
    op.create_check_constraint(op.f(f"ck_jobs_{name}"), "jobs", condition)


def rebuild(changes: dict[str, str], *, without: str = "") -> None:
    """SQLite can't change a rule, so the table is made again under its own name, with its indexes and triggers.

    Replies and events point to it: they are looked at when all is done, and not when it is dropped. without: a column
    that goes.
    """
    connection = op.get_bind()
    query = sa.text("SELECT sql FROM sqlite_master WHERE tbl_name = 'jobs' AND sql IS NOT NULL ORDER BY rowid")
    made, *others = connection.execute(query).scalars().all()
    for before, after in changes.items():
        if before not in made:
            raise RuntimeError(f"The table of jobs has no {before}.")
        made = made.replace(before, after)
    known = connection.execute(sa.text("SELECT name FROM pragma_table_info('jobs') ORDER BY cid")).scalars()
    columns = ", ".join(name for name in known if name != without)
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TABLE jobs_before AS SELECT * FROM jobs")
    op.execute("DROP TABLE jobs")
    moved = f"INSERT INTO jobs ({columns}) SELECT {columns} FROM jobs_before"
    for sql in (made, moved, *others):
        connection.exec_driver_sql(sql)
    op.execute("DROP TABLE jobs_before")


def downgrade() -> None:
    """Refused where a job that trains is there: there is no room for it before."""
    op.drop_index("uq_jobs_live_training_run", "jobs")
    drop("jobs_stay", "jobs")
    if is_postgresql():
        rule("kind", KINDS_BEFORE)
        rule("names_its_work", NAMES_BEFORE)
        op.drop_constraint(KEY, "jobs", type_="foreignkey")
        op.drop_column("jobs", "training_run_id")
    else:
        rebuild({f" {COLUMN},": "", NAMES: NAMES_BEFORE, KINDS: KINDS_BEFORE}, without="training_run_id")
    create_refusal("jobs_stay", f"UPDATE OF {WORK_BEFORE} ON jobs", "true", STAY)
    for name, (table, *_) in reversed(REFUSALS.items()):
        drop(name, table)
    op.drop_table("trained_models")
    op.drop_table("training_runs")
