"""A vendor's id of a submission may come again, with another rater: Mechanical Turk gives it on when work is returned"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import is_postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OLD, NEW = "uq_submissions_posting_id_vendor_id", "uq_submissions_posting_id_vendor_id_rater_id"
OF_OLD, OF_NEW = ["posting_id", "vendor_id"], ["posting_id", "vendor_id", "rater_id"]
HOLDER = "uq_submissions_holder"
LIVE = sa.text("confirmed_at IS NOT NULL AND state NOT IN ('returned', 'timed_out')")


def upgrade() -> None:
    replace_key(OLD, OF_OLD, NEW, OF_NEW)
    op.create_index(HOLDER, "submissions", OF_OLD, unique=True, sqlite_where=LIVE, postgresql_where=LIVE)


def downgrade() -> None:
    """Refused by the old key where two raters came with one id meanwhile: it has no room for the second."""
    op.drop_index(HOLDER, "submissions")
    replace_key(NEW, OF_NEW, OLD, OF_OLD)


def replace_key(old: str, of_old: list[str], new: str, of_new: list[str]) -> None:
    """Another unique key of submissions; every row stays."""
    if is_postgresql():
        op.drop_constraint(old, "submissions", type_="unique")
        op.create_unique_constraint(new, "submissions", of_new)
        return
    before, after = (f"CONSTRAINT {name} UNIQUE ({', '.join(of)})" for name, of in ((old, of_old), (new, of_new)))
    rebuild(before, after)


def rebuild(before: str, after: str) -> None:
    """SQLite can't drop a key, so the table is made again under its own name, with its indexes and triggers.

    Rejections point to it: they are looked at when all is done, and not when it is dropped.
    """
    connection = op.get_bind()
    query = sa.text("SELECT sql FROM sqlite_master WHERE tbl_name = 'submissions' AND sql IS NOT NULL ORDER BY rowid")
    table, *others = connection.execute(query).scalars().all()
    if before not in table:
        raise RuntimeError(f"The table of submissions has no {before}.")
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TABLE submissions_before AS SELECT * FROM submissions")
    op.execute("DROP TABLE submissions")
    for sql in (table.replace(before, after), "INSERT INTO submissions SELECT * FROM submissions_before", *others):
        connection.exec_driver_sql(sql)
    op.execute("DROP TABLE submissions_before")
