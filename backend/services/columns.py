"""Whole columns of whole numbers from the database, for results: a million rows as arrays in well under a second.

The database joins a column into one text and numpy reads that; rows as Python objects would take ten times as long.
Knows no table.
"""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Select, String, cast, func, select
from sqlalchemy.orm import Session

from backend.domain.statistics.votes import Integers

CLOSE = 8  # a table of so many numbers a key costs less than to search


def read(session: Session, statement: Select[*tuple[int | None, ...]]) -> list[Integers]:
    """The statement's columns, each of shape (rows,), all in the same order of rows, which is any. NULL becomes -1."""
    rows = statement.subquery()
    joined = [func.aggregate_strings(cast(func.coalesce(column, -1), String), ",") for column in rows.columns]
    return [parsed(text) for text in session.execute(select(*joined)).one()]


def parsed(text: str | None) -> Integers:
    """Numbers from “1,2,3”; no rows aggregate to NULL."""
    return np.fromstring(text, dtype=np.int64, sep=",") if text else np.zeros(0, dtype=np.int64)


def places(keys: Integers, wanted: Integers) -> Integers:
    """Where each wanted key stands among the keys, which differ and must hold it; the columns' way to join.

    Shape (wanted,). Keys that lie close together, as a database's do, are looked up in a table of all between them.
    """
    if not len(keys):
        return np.zeros(0, dtype=np.int64)
    lowest, highest = int(keys.min()), int(keys.max())
    if highest - lowest > CLOSE * len(keys):
        order = np.argsort(keys)
        return order[np.searchsorted(keys, wanted, sorter=order)]
    table = np.zeros(highest - lowest + 1, dtype=np.int64)
    table[keys - lowest] = np.arange(len(keys))
    return table[wanted - lowest]


def in_order(columns: Sequence[Integers]) -> list[Integers]:
    """The same columns, their rows sorted by the first one."""
    first = columns[0]
    if (first[1:] >= first[:-1]).all():
        return list(columns)
    order = np.argsort(first, kind="stable")
    return [column[order] for column in columns]
