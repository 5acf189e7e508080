"""`assay serve-model`: a model behind an OpenAI-compatible address, by a vLLM server that lives as long as it does."""

import shlex
import sys
import time
from pathlib import Path

import click

from backend.cli.dispatch import leaving_when_told, until_stopped
from backend.cli.house import data_dir_option, settings_with
from worker.engines.vllm_command import ServerSpec
from worker.engines.vllm_server import RunningServer, serving

EVERY_SECONDS = 1.0


@click.command("serve-model")
@click.argument("model")
@click.argument("extra", nargs=-1, type=click.UNPROCESSED)
@click.option("--port", default=8001, show_default=True, help="Port on this machine; 0 for any free one.")
@click.option("--name", default="", help="Name to ask for it by.  [default: the folder's, or the hub's]")
@click.option("--revision", help="Commit, tag or branch of a model on the hub.")
@click.option("--dtype", default="auto", show_default=True, help="auto, float32, bfloat16, float16 …")
@click.option("--tensor-parallel", type=click.IntRange(1), default=1, show_default=True, help="GPUs to spread it over.")
@click.option(
    "--memory-share",
    "--memory",
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of the device's memory.  [default: vLLM's]",
)
@click.option("--max-length", type=click.IntRange(2), help="Tokens of prompt and answer.  [default: the model's]")
@click.option("--embeds", is_flag=True, help="An embedding model: it gives vectors, and completes no text.")
@click.option("--seed", default=0, show_default=True, help="Of the server; a request's own goes before it.")
@data_dir_option
def serve_model(
    model: str,
    extra: tuple[str, ...],
    port: int,
    name: str,
    revision: str | None,
    dtype: str,
    tensor_parallel: int,
    memory_share: float | None,
    max_length: int | None,
    embeds: bool,
    seed: int,
    data_dir: Path | None,
) -> None:
    """Serve MODEL, a checkpoint's folder or a name on the hub, with vLLM until Ctrl-C.

    \b
    assay serve-model checkpoints/imitation --name imitation
    assay serve-model owner/name --tensor-parallel 2 --memory-share 0.8
    assay serve-model owner/embedder --embeds
    assay serve-model checkpoints/imitation -- --max-num-seqs 64    what follows -- goes to vLLM as it is
    """
    spec = ServerSpec(
        model=model,
        name=name,
        revision=revision,
        dtype=dtype,
        tensor_parallel=tensor_parallel,
        memory_share=memory_share,
        max_length=max_length,
        seed=seed,
        port=port,
        embeds=embeds,
        extra=extra,
    )
    settings = settings_with(data_dir=data_dir)
    with until_stopped(), leaving_when_told(), serving(spec, settings, on_progress=loading) as server:
        loading("ready           \n")
        click.echo(introduction(server))
        while server.is_running:
            time.sleep(EVERY_SECONDS)
        server.check()


def loading(words: str) -> None:
    """How long it has taken, on one line that is written over, where a person looks on."""
    if sys.stderr.isatty():
        click.echo(f"\r{words} ", nl=False, err=True)


def introduction(server: RunningServer) -> str:
    """Where it answers, and how to use it."""
    return "\n".join(
        [
            f"{server.name} answers at {server.url} (vLLM {server.version}, log: {server.log})",
            example(server),
            "Stop with Ctrl-C.",
        ]
    )


def example(server: RunningServer) -> str:
    """What it is good for, and the command for it."""
    if server.embeds:
        files = ("--eval", "prompts.jsonl", "--train", "train.jsonl")
        looking = ("assay", "data", "leakage", *files, "--embed-url", server.url, "--embed-model", server.name)
        return f"Let it see paraphrases in training data:  {shlex.join(looking)}"
    asking = ("assay", "generate", "1", "--system", server.name, "--url", server.url, "--model", server.name)
    return f"Let it answer the prompts of study 1:  {shlex.join(asking)}"
