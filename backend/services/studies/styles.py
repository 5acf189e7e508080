"""Counts the style of launched outputs, once: from the launch on raters see the same text for ever."""

from collections.abc import Iterable
from dataclasses import asdict
from itertools import islice

from sqlalchemy import exists, func, insert, select
from sqlalchemy.orm import Session

from backend.db.outputs import Output
from backend.db.styles import OutputStyle
from backend.domain.features import features

OUTPUTS_AT_ONCE = 500


def count(session: Session, outputs: Iterable[int]) -> None:
    """Count those of these outputs that no launch has counted before; all the texts at once may not fit into memory."""
    shown = func.coalesce(Output.shown, Output.text)
    counted = exists().where(OutputStyle.output_id == Output.id)
    rest = iter(sorted(set(outputs)))
    while chunk := list(islice(rest, OUTPUTS_AT_ONCE)):
        texts = session.execute(select(Output.id, shown).where(Output.id.in_(chunk), ~counted)).all()
        if texts:
            session.execute(insert(OutputStyle), [{"output_id": one, **asdict(features(text))} for one, text in texts])
