"""Reads a mapping of columns from its form. Knows no file but through its sheet."""

from starlette.datastructures import FormData

from backend.domain.foreign.sheet import Sheet
from backend.domain.foreign.tables import with_meanings, with_orders, with_systems
from backend.domain.mapping import ColumnMapping, from_json
from backend.domain.records import Json
from backend.errors import Invalid
from backend.web.forms.fields import text

COLUMNS = (
    *("rater", "prompt", "prompt_by", "choice", "candidate", "order", "first", "second", "order_column"),
    *("seconds", "status", "assignment", "session"),
)


def mapping(form: FormData, sheet: Sheet) -> ColumnMapping:
    """What the form says. The values of a column that was chosen anew are understood anew."""
    given: dict[str, Json] = {name: text(form, name) for name in COLUMNS}
    given |= {name: bool(text(form, name)) for name in ("share_time", "leave_out")}
    given |= {"counted": [value for value in form.getlist("counted") if isinstance(value, str)]}
    given |= {name: table(form, name) for name in ("meanings", "orders")}
    given |= {"systems": table(form, "systems", empty=True)}
    try:
        found = from_json(given)
    except ValueError as error:
        raise Invalid(f"This mapping {error}.") from None
    if found.choice != text(form, "choice_shown"):
        found = with_meanings(sheet, found)
    if (found.order_column, found.order) != (text(form, "order_column_shown"), text(form, "order_shown")):
        found = with_orders(sheet, found)
    return with_systems(sheet, found)


def table(form: FormData, name: str, *, empty: bool = False) -> dict[str, Json]:
    """value -> meaning, from fields that stand in pairs; without what has no meaning, unless that is to be known."""
    values, words = form.getlist(f"{name}_value"), form.getlist(f"{name}_word")
    pairs = zip(values, words, strict=False)
    return {str(value): word for value, word in pairs if isinstance(word, str) and (word or empty)}
