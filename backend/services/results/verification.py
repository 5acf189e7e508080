"""Checks a bundle offline: the files' hashes, then every number, recomputed from the ratings. Knows no database."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.domain.records import Json
from backend.domain.results.summary import Results
from backend.domain.settings import StudySettings, from_json
from backend.errors import Invalid
from backend.services.exports import digest
from backend.services.results.bundles import FORMAT
from backend.services.results.results import compute
from backend.services.results.unpacked import material_of

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as the bundle says: which file or number, what it says, what was found."""

    what: str
    said: object
    found: object

    def __str__(self) -> str:
        return f"{self.what}: the bundle says {self.said}, found {self.found}"


def verify(folder: Path) -> list[Difference]:
    """Everything that does not fit; an empty list is a bundle that holds. Raises Invalid when it can't be read."""
    manifest = loaded(folder / "manifest.json")
    if manifest.get("format") != FORMAT:
        raise Invalid(f"{folder} is a bundle of format {manifest.get('format')}; this version reads format {FORMAT}.")
    files = manifest["files"]
    assert isinstance(files, Mapping)
    found = [*altered(folder, files)]
    if any(not (folder / name).is_file() for name in files):
        return found
    settings = from_json(loaded(folder / "settings.json"))
    if settings.content_hash != manifest["settings_hash"]:
        found.append(Difference("settings hash", manifest["settings_hash"], settings.content_hash))
    said = loaded(folder / "results.json")
    try:
        again = json.loads(json.dumps(recomputed(folder, settings, manifest).to_json()))
    except (KeyError, ValueError) as error:
        raise Invalid(f"The ratings in {folder} can't be read as this bundle's: {error}.") from None
    return [*found, *differences("results", said, again)]


def loaded(path: Path) -> dict[str, Json]:
    """A JSON file of the bundle."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"{path} can't be read: {error}. Is this the folder of a bundle?") from None
    if not isinstance(plain, dict):
        raise Invalid(f"{path} does not hold what a bundle's does.")
    return plain


def altered(folder: Path, files: Mapping[str, Json]) -> Iterator[Difference]:
    """Files that are missing or not the ones that were exported."""
    for name, said in files.items():
        if not (folder / name).is_file():
            yield Difference(f"file {name}", "it is there", "no such file")
        elif (found := digest(folder / name)) != said:
            yield Difference(f"sha256 of {name}", said, found)


def recomputed(folder: Path, settings: StudySettings, manifest: Mapping[str, Json]) -> Results:
    """The results anew, from the ratings, comparisons and texts in the bundle."""
    return compute(material_of(folder, settings, manifest))


def differences(where: str, said: Json, found: Json) -> Iterator[Difference]:
    """Every leaf at which two results differ, named by its path, in the order in which results are told."""
    if isinstance(said, Mapping) and isinstance(found, Mapping):
        for key in dict.fromkeys([*found, *said]):
            yield from differences(f"{where}.{key}", said.get(key), found.get(key))
    elif isinstance(said, list) and isinstance(found, list) and len(said) == len(found):
        for number, (one, other) in enumerate(zip(said, found, strict=True)):
            yield from differences(f"{where}[{number}]", one, other)
    elif not equal(said, found):
        yield Difference(where, said, found)


def equal(said: Json, found: Json) -> bool:
    """Exactly, but for the last digits of a fraction, which other versions of a library may round otherwise."""
    if isinstance(said, float) and isinstance(found, float):
        return math.isclose(said, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return said == found
