"""One trigger, written once for both databases. For migrations alone."""

from alembic import op


def create(name: str, when: str, condition: str, body: str) -> None:
    """A trigger in the dialect of the database. PostgreSQL's WHEN takes no subquery, hence its IF."""
    if not is_postgresql():
        op.execute(f"CREATE TRIGGER {name} {when} FOR EACH ROW WHEN {condition} BEGIN {body} END")
        return
    row = "OLD" if "DELETE" in when else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN IF {condition} THEN {body} END IF; RETURN {row}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} {when} FOR EACH ROW EXECUTE FUNCTION {name}()")


def create_refusal(name: str, event: str, condition: str, message: str) -> None:
    """A trigger that refuses the statement, in words."""
    refusal = f"RAISE EXCEPTION '{message}';" if is_postgresql() else f"SELECT RAISE(ABORT, '{message}');"
    create(name, f"BEFORE {event}", condition, refusal)


def drop(name: str, table: str) -> None:
    """Take a trigger away, with PostgreSQL's function behind it."""
    op.execute(f"DROP TRIGGER {name} ON {table}" if is_postgresql() else f"DROP TRIGGER {name}")
    if is_postgresql():
        op.execute(f"DROP FUNCTION {name}()")


def is_postgresql() -> bool:
    """Whether this migration runs on PostgreSQL."""
    return op.get_bind().dialect.name == "postgresql"
