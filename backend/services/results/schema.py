"""The JSON schema of the results, made from the dataclasses themselves, so that it can't say anything else."""

from inspect import cleandoc

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaValue

from backend.domain.results.summary import SCHEMA_VERSION, Results

TITLE = "Results of a batch"
ABOUT = """What `assay results BATCH --json`, /batches/BATCH/results.json and a bundle's results.json hold. Shares are
between 0 and 1, times in seconds. A field may be added under the same schema_version; one whose meaning changes raises
it."""


def of_results() -> JsonSchemaValue:
    """The schema, every object closed."""
    made = TypeAdapter(Results).json_schema(mode="serialization")
    for one in [made, *made.get("$defs", {}).values()]:
        if "properties" in one:
            one["additionalProperties"] = False
        if "description" in one:
            one["description"] = " ".join(cleandoc(one["description"]).split())
    made["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": TITLE,
        "description": " ".join(ABOUT.split()),
    }
