"""TRL's SFTTrainer on rows that are tokens already: what `bench_training` compares with. Not run by itself.

    python -m benchmarks.peer_trl SETTINGS.json     writes {loss: […], seconds: […]} of each step to settings.out

The rows, their order, the optimizer, its schedule, batch and precision are those of the other side.
"""

import json
import sys
import warnings
from pathlib import Path
from time import monotonic

import datasets
import torch
import transformers
import trl

STARTED = "on_step_begin"


class Clock(transformers.TrainerCallback):
    """When each step began and ended, and its loss."""

    def __init__(self) -> None:
        self.began: list[float] = []
        self.ended: list[float] = []
        self.losses: list[float] = []

    def on_step_begin(self, *_: object, **__: object) -> None:
        synchronize()
        self.began.append(monotonic())

    def on_step_end(self, *_: object, **__: object) -> None:
        synchronize()
        self.ended.append(monotonic())

    def on_log(self, args: object, state: object, control: object, logs: dict[str, float], **_: object) -> None:
        if "loss" in logs:
            self.losses.append(logs["loss"])


def synchronize() -> None:
    """Wait for what a GPU still does."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def rows(path: Path) -> datasets.Dataset:
    """A row a line: {input_ids, labels}."""
    return datasets.Dataset.from_list([json.loads(line) for line in path.read_text("utf-8").splitlines()])


def main(settings: dict[str, object]) -> None:
    """Train, and write what each step took and lost."""
    base = str(settings["base"])
    dtype = torch.bfloat16 if settings["bf16"] else torch.float32
    config = transformers.AutoConfig.from_pretrained(base)
    torch.manual_seed(0)
    if settings["random"]:
        model = transformers.AutoModelForCausalLM.from_config(config, dtype=dtype)
    else:
        model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    clock = Clock()
    arguments = trl.SFTConfig(
        output_dir=str(Path(str(settings["out"])).parent / "trl"),
        max_length=int(str(settings["block"])) + 1,
        per_device_train_batch_size=int(str(settings["micro_batch"])),
        gradient_accumulation_steps=int(str(settings["accumulation"])),
        max_steps=int(str(settings["steps"])),
        learning_rate=float(str(settings["learning_rate"])),
        lr_scheduler_type="constant_with_warmup",
        warmup_steps=int(str(settings["warmup_steps"])),
        optim="adamw_torch_fused" if torch.cuda.is_available() else "adamw_torch",
        adam_beta1=0.9,
        adam_beta2=0.95,
        weight_decay=0.0,
        max_grad_norm=1.0,
        bf16=bool(settings["bf16"]),
        use_cpu=not torch.cuda.is_available(),
        gradient_checkpointing=bool(settings["gradient_checkpointing"]),
        use_liger_kernel=bool(settings["liger"]),
        torch_compile=bool(settings["compile"]),
        train_sampling_strategy="sequential",
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataset_num_proc=None,
    )
    trainer = trl.SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=rows(Path(str(settings["rows"]))),
        processing_class=transformers.AutoTokenizer.from_pretrained(base),
        callbacks=[clock],
    )
    trainer.train()
    seconds = [ended - began for began, ended in zip(clock.began, clock.ended, strict=True)]
    Path(str(settings["out"])).write_text(json.dumps({"loss": clock.losses, "seconds": seconds}), "utf-8")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
