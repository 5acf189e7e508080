"""Qualifications as Prolific's filters, and which of them it does not know.

The vendor numbers the choices of a filter; they are looked up by their English names. Leaving a restriction out would
open a study to more people than the researcher wants to pay: it is left out only where the vendor has no such filter,
and then it is named. A list of which the vendor knows nothing at all is refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from backend.crowd.http import Json, Record
from backend.crowd.protocol import Qualifications, Refused

APPROVAL, APPROVED = "approval_rate", "approval_numbers"
COUNTRY, LANGUAGE = "current-country-of-residence", "fluent-languages"
INCLUDED, EXCLUDED = "participant_group_allowlist", "participant_group_blocklist"
MANY = 1_000_000

COUNTRIES = {
    "AU": "Australia", "AT": "Austria", "BE": "Belgium", "BR": "Brazil", "CA": "Canada", "CH": "Switzerland",
    "CL": "Chile", "CZ": "Czech Republic", "DE": "Germany", "DK": "Denmark", "EE": "Estonia", "ES": "Spain",
    "FI": "Finland", "FR": "France", "GB": "United Kingdom", "GR": "Greece", "HU": "Hungary", "IE": "Ireland",
    "IL": "Israel", "IN": "India", "IT": "Italy", "JP": "Japan", "KE": "Kenya", "KR": "Korea", "LV": "Latvia",
    "MX": "Mexico", "NG": "Nigeria", "NL": "Netherlands", "NO": "Norway", "NZ": "New Zealand", "PH": "Philippines",
    "PL": "Poland", "PT": "Portugal", "SE": "Sweden", "SI": "Slovenia", "SG": "Singapore", "TR": "Turkey",
    "US": "United States", "ZA": "South Africa",
}  # fmt: skip
LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ru": "Russian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters for a study, and the wishes that have no counterpart."""

    filters: Sequence[Json]
    ignored: tuple[str, ...]


def wanted(asked: Qualifications, offered: Iterable[Record], *, blocked: Sequence[str]) -> Wanted:
    """The filters of a study. offered: what the vendor lists; blocked: groups that no study is ever shown to."""
    known = {one.text("filter_id"): one.record("choices").fields for one in offered}
    filters: list[Json] = []
    ignored = ["masters: Prolific has no such mark"] if asked.masters else []
    for name, filter_id, at_least, most in (
        ("min_approval", APPROVAL, asked.min_approval, 100),
        ("min_approved", APPROVED, asked.min_approved, MANY),
    ):
        if at_least is not None and filter_id not in known:
            ignored.append(f"{name}: Prolific offers no filter {filter_id}")
        elif at_least is not None:
            filters.append({"filter_id": filter_id, "selected_range": {"lower": at_least, "upper": most}})
    for name, filter_id, codes, names in (
        ("countries", COUNTRY, asked.countries, COUNTRIES),
        ("languages", LANGUAGE, asked.languages, LANGUAGES),
    ):
        numbers, unknown = choices(codes, names, known.get(filter_id, {}))
        if codes and not numbers:
            raise Refused(f"Prolific can restrict a study to none of these {name}: {', '.join(codes)}.")
        ignored += [f"{name}: Prolific does not know {code}" for code in unknown]
        if numbers:
            filters.append({"filter_id": filter_id, "selected_values": numbers})
    if asked.include:
        filters.append({"filter_id": INCLUDED, "selected_values": list(asked.include)})
    if excluded := [*asked.exclude, *blocked]:
        filters.append({"filter_id": EXCLUDED, "selected_values": excluded})
    return Wanted(filters, tuple(ignored))


def choices(codes: Sequence[str], names: Mapping[str, str], offered: Mapping[str, Json]) -> tuple[list[str], list[str]]:
    """The vendor's numbers of these codes, and the codes that it has no number for."""
    numbers = {name.casefold(): number for number, name in offered.items() if isinstance(name, str)}
    found = {code: numbers.get(names.get(code, "").casefold()) for code in codes}
    return [number for number in found.values() if number is not None], [c for c, n in found.items() if n is None]
