"""What a run comes to, for run.json and for its checkpoint: plan, model, code, warnings. Writes nothing."""

import json
from collections.abc import Mapping
from hashlib import sha256

from trainer import data as datasets
from trainer import identity, schedules
from trainer.data import Dataset
from trainer.errors import BadRun
from trainer.flops import Sizes
from trainer.forecast import Estimate, told
from trainer.run import Run
from trainer.text.serialiser import Serialiser


def of(
    run: Run,
    who: Mapping[str, str],
    data: Dataset,
    sizes: Sizes,
    attention: str,
    text: Serialiser,
    estimate: Estimate | None,
) -> dict[str, object]:
    """run.json, but for its result."""
    rate, steps = run.optimization, data.steps
    warnings = [*text.warnings, *datasets.warnings(data), schedules.warning(rate, steps)]
    return {
        "name": run.name,
        "identity": dict(who),
        "code": identity.code(),
        "model": {
            "base": run.model.base,
            "parameters": sizes.parameters,
            "trained": sizes.trained,
            "attention": attention,
        },
        "data": {**data.report(), "manifest": manifest(run)},
        "plan": {
            "steps": steps,
            "epochs": steps / data.training.steps_per_epoch(rate.batch),
            "batch": rate.batch,
            "block": run.text.block,
            "packing": run.text.packing,
        },
        "learning_rate": {
            "declared": rate.learning_rate,
            "peak": schedules.peak(rate, steps),
            "warmup_steps": schedules.warmup_steps(rate, steps),
        },
        "estimate": told(estimate) if estimate else "",
        "warnings": [warning for warning in warnings if warning],
    }


def origin(run: Run, who: Mapping[str, str]) -> dict[str, object]:
    """What travels with the checkpoint."""
    return {"run": run.name, "identity": dict(who), "code": identity.code()}


def manifest(run: Run) -> dict[str, object] | None:
    """The mixture's manifest, which says of each source its licence and origin, and its sha256; None without one.

    The file that the run names, else the one beside the first file that is trained on. BadRun where it can't be read.
    """
    beside = run.data.train[0].parent / "manifest.json"
    path = run.data.manifest or (beside if beside.is_file() else None)
    if path is None:
        return None
    try:
        text = path.read_bytes()
        return {"file": str(path), "sha256": sha256(text).hexdigest(), "manifest": json.loads(text)}
    except (OSError, ValueError) as error:
        raise BadRun(f"{path} can't be read as a mixture's manifest: {error}.") from None
