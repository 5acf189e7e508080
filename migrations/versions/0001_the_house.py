"""The house: studies, outputs, batches, comparisons, seats, assignments, ratings"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "raters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('link', 'imported')", name=op.f("ck_raters_channel")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raters")),
        sa.UniqueConstraint("channel", "external_id", name=op.f("uq_raters_channel_external_id")),
    )
    op.create_table(
        "studies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("import_report", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_studies")),
    )
    op.create_table(
        "prompts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("dialogue", sa.JSON(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_prompts_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompts")),
        sa.UniqueConstraint("id", "study_id", name=op.f("uq_prompts_id_study_id")),
        sa.UniqueConstraint("study_id", "key", name=op.f("uq_prompts_study_id_key")),
        sa.UniqueConstraint("study_id", "text_hash", name=op.f("uq_prompts_study_id_text_hash")),
    )
    op.create_table(
        "study_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("settings_hash", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_study_versions_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_versions")),
        sa.UniqueConstraint("id", "study_id", name=op.f("uq_study_versions_id_study_id")),
        sa.UniqueConstraint("study_id", "number", name=op.f("uq_study_versions_study_id_number")),
        sa.UniqueConstraint("study_id", "settings_hash", name=op.f("uq_study_versions_study_id_settings_hash")),
    )
    op.create_table(
        "systems",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=op.f("fk_systems_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_systems")),
        sa.UniqueConstraint("id", "study_id", name=op.f("uq_systems_id_study_id")),
        sa.UniqueConstraint("study_id", "name", name=op.f("uq_systems_study_id_name")),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("baseline_id", sa.Integer(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("session_size", sa.Integer(), nullable=False),
        sa.Column("rater_cap", sa.Integer(), nullable=True),
        sa.Column("lease_seconds", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('open', 'paused', 'closed')", name=op.f("ck_batches_state")),
        sa.CheckConstraint("lease_seconds > 0", name=op.f("ck_batches_lease")),
        sa.CheckConstraint("rater_cap IS NULL OR rater_cap > 0", name=op.f("ck_batches_rater_cap")),
        sa.CheckConstraint("seats BETWEEN 1 AND 99", name=op.f("ck_batches_seats")),
        sa.CheckConstraint("session_size > 0", name=op.f("ck_batches_session_size")),
        sa.ForeignKeyConstraint(
            ["baseline_id", "study_id"],
            ["systems.id", "systems.study_id"],
            name=op.f("fk_batches_baseline_id_study_id"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id", "study_id"],
            ["study_versions.id", "study_versions.study_id"],
            name=op.f("fk_batches_version_id_study_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("id", "baseline_id", name=op.f("uq_batches_id_baseline_id")),
        sa.UniqueConstraint("id", "seats", name=op.f("uq_batches_id_seats")),
    )
    op.create_table(
        "outputs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("system_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["prompt_id", "study_id"],
            ["prompts.id", "prompts.study_id"],
            name=op.f("fk_outputs_prompt_id_study_id"),
        ),
        sa.ForeignKeyConstraint(
            ["system_id", "study_id"],
            ["systems.id", "systems.study_id"],
            name=op.f("fk_outputs_system_id_study_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outputs")),
        sa.UniqueConstraint("id", "prompt_id", "system_id", name=op.f("uq_outputs_id_prompt_id_system_id")),
        sa.UniqueConstraint("prompt_id", "system_id", name=op.f("uq_outputs_prompt_id_system_id")),
    )
    op.create_table(
        "comparisons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("candidate_id", sa.Integer(), nullable=False),
        sa.Column("baseline_id", sa.Integer(), nullable=False),
        sa.Column("candidate_output_id", sa.Integer(), nullable=False),
        sa.Column("baseline_output_id", sa.Integer(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("skips", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unjudgeable", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.CheckConstraint("candidate_id <> baseline_id", name=op.f("ck_comparisons_two_systems")),
        sa.ForeignKeyConstraint(
            ["baseline_output_id", "prompt_id", "baseline_id"],
            ["outputs.id", "outputs.prompt_id", "outputs.system_id"],
            name=op.f("fk_comparisons_baseline_output_id_prompt_id_baseline_id"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id", "baseline_id"],
            ["batches.id", "batches.baseline_id"],
            name=op.f("fk_comparisons_batch_id_baseline_id"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id", "seats"], ["batches.id", "batches.seats"], name=op.f("fk_comparisons_batch_id_seats")
        ),
        sa.ForeignKeyConstraint(
            ["candidate_output_id", "prompt_id", "candidate_id"],
            ["outputs.id", "outputs.prompt_id", "outputs.system_id"],
            name=op.f("fk_comparisons_candidate_output_id_prompt_id_candidate_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparisons")),
        sa.UniqueConstraint(
            "batch_id",
            "candidate_id",
            "prompt_id",
            name=op.f("uq_comparisons_batch_id_candidate_id_prompt_id"),
        ),
        sa.UniqueConstraint("batch_id", "position", name=op.f("uq_comparisons_batch_id_position")),
        sa.UniqueConstraint("id", "batch_id", "prompt_id", name=op.f("uq_comparisons_id_batch_id_prompt_id")),
        sa.UniqueConstraint("id", "seats", name=op.f("uq_comparisons_id_seats")),
    )
    op.create_table(
        "links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_links_batch_id")),
        sa.ForeignKeyConstraint(["rater_id"], ["raters.id"], name=op.f("fk_links_rater_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.UniqueConstraint("batch_id", "rater_id", name=op.f("uq_links_batch_id_rater_id")),
    )
    op.create_table(
        "seats",
        sa.Column("comparison_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seat", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("flipped", sa.Boolean(), nullable=True),
        sa.Column("is_open", sa.Boolean(), server_default=sa.text("(true)"), nullable=False),
        sa.Column("started", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.CheckConstraint("seat BETWEEN 1 AND seats", name=op.f("ck_seats_no_seat_beyond")),
        sa.ForeignKeyConstraint(
            ["comparison_id", "batch_id", "prompt_id"],
            ["comparisons.id", "comparisons.batch_id", "comparisons.prompt_id"],
            name=op.f("fk_seats_comparison_id_batch_id_prompt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["comparison_id", "seats"],
            ["comparisons.id", "comparisons.seats"],
            name=op.f("fk_seats_comparison_id_seats"),
        ),
        sa.PrimaryKeyConstraint("comparison_id", "seat", name=op.f("pk_seats")),
    )
    op.create_index(
        "ix_seats_open",
        "seats",
        ["batch_id", sa.literal_column("started DESC"), "position", "seat"],
        unique=False,
        sqlite_where=sa.text("is_open"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "ix_seats_open_by_side",
        "seats",
        ["batch_id", "flipped", sa.literal_column("started DESC"), "position", "seat"],
        unique=False,
        sqlite_where=sa.text("is_open"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "assignments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("comparison_id", sa.Integer(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("skip_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'skipped') = (skip_reason IS NOT NULL)", name=op.f("ck_assignments_skips_say_why")
        ),
        sa.CheckConstraint(
            "skip_reason IN ('offensive', 'unreadable', 'not_my_language')",
            name=op.f("ck_assignments_skip_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('held', 'rated', 'lapsed', 'returned', 'skipped', 'late')",
            name=op.f("ck_assignments_state"),
        ),
        sa.ForeignKeyConstraint(
            ["comparison_id", "batch_id", "prompt_id"],
            ["comparisons.id", "comparisons.batch_id", "comparisons.prompt_id"],
            name=op.f("fk_assignments_comparison_id_batch_id_prompt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["comparison_id", "seat"],
            ["seats.comparison_id", "seats.seat"],
            name=op.f("fk_assignments_comparison_id_seat"),
        ),
        sa.ForeignKeyConstraint(["rater_id"], ["raters.id"], name=op.f("fk_assignments_rater_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sa.UniqueConstraint(
            "batch_id", "rater_id", "prompt_id", name=op.f("uq_assignments_batch_id_rater_id_prompt_id")
        ),
        sa.UniqueConstraint("id", "rater_id", "state", name=op.f("uq_assignments_id_rater_id_state")),
    )
    op.create_index(
        "ix_assignments_leases",
        "assignments",
        ["batch_id", "lease_expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "uq_assignments_occupant",
        "assignments",
        ["comparison_id", "seat"],
        unique=True,
        sqlite_where=sa.text("state IN ('held', 'rated')"),
        postgresql_where=sa.text("state IN ('held', 'rated')"),
    )
    op.create_index(
        "uq_assignments_one_held",
        "assignments",
        ["batch_id", "rater_id"],
        unique=True,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "ratings",
        sa.Column("assignment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("answers", sa.JSON(), nullable=True),
        sa.Column("active_ms", sa.Integer(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("choice IN ('first', 'second', 'tie', 'both_bad')", name=op.f("ck_ratings_choice")),
        sa.CheckConstraint("state IN ('rated', 'late')", name=op.f("ck_ratings_state")),
        sa.CheckConstraint("active_ms IS NULL OR active_ms >= 0", name=op.f("ck_ratings_active_ms")),
        sa.ForeignKeyConstraint(
            ["assignment_id", "rater_id", "state"],
            ["assignments.id", "assignments.rater_id", "assignments.state"],
            name=op.f("fk_ratings_assignment_id_rater_id_state"),
        ),
        sa.PrimaryKeyConstraint("assignment_id", name=op.f("pk_ratings")),
        sa.UniqueConstraint("receipt", name=op.f("uq_ratings_receipt")),
    )


def downgrade() -> None:
    op.drop_table("ratings")
    op.drop_index(
        "uq_assignments_one_held",
        table_name="assignments",
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.drop_index(
        "uq_assignments_occupant",
        table_name="assignments",
        sqlite_where=sa.text("state IN ('held', 'rated')"),
        postgresql_where=sa.text("state IN ('held', 'rated')"),
    )
    op.drop_index(
        "ix_assignments_leases",
        table_name="assignments",
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.drop_table("assignments")
    op.drop_index(
        "ix_seats_open_by_side",
        table_name="seats",
        sqlite_where=sa.text("is_open"),
        postgresql_where=sa.text("is_open"),
    )
    op.drop_index(
        "ix_seats_open",
        table_name="seats",
        sqlite_where=sa.text("is_open"),
        postgresql_where=sa.text("is_open"),
    )
    op.drop_table("seats")
    op.drop_table("links")
    op.drop_table("comparisons")
    op.drop_table("outputs")
    op.drop_table("batches")
    op.drop_table("systems")
    op.drop_table("study_versions")
    op.drop_table("prompts")
    op.drop_table("studies")
    op.drop_table("raters")
