"""What a run comes to, for run.json and for its checkpoint: plan, model, code, warnings. Writes nothing."""

from collections.abc import Mapping

from trainer import data as datasets
from trainer import identity, schedules
from trainer.data import Dataset
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
        "data": data.report(),
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
