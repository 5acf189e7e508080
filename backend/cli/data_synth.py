"""`assay data synthesize`: new questions or tasks made from a few, by asking an engine for more of the same."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path

import click
from sqlalchemy.orm import Session

from backend.cli.asking import Asks, Terms, in_words, refuse_other_budget, takes_engine, takes_terms, with_options
from backend.cli.following import followed
from backend.cli.house import data_dir_option, open_database, settings_with
from backend.cli.synth_words import told
from backend.cli.verbs import Verbs
from backend.config import Settings
from backend.db.session import Database
from backend.db.syntheses import Synthesis
from backend.domain.asking import Sampling
from backend.domain.data.dialogues import to_line
from backend.domain.recipes import Recipe
from backend.domain.synthesis.methods import Seed, Way
from backend.services.asking import examples, jobs, syntheses, synthesis_estimates, synthesis_templates, synthetic
from backend.services.asking.syntheses import Plan
from backend.services.asking.synthetic import Made
from backend.services.data.writing import whole_file
from backend.web.drawings import drawing
from backend.web.drawings.yield_plot import yield_plot

NQ_DEFAULTS = Sampling(temperature=1.0, max_tokens=1024)
TASK_DEFAULTS = Sampling(
    temperature=0.7, top_p=0.5, max_tokens=1024, stop=("\n\n", "\n16", "16.", "16 ."), presence_penalty=2.0
)


@dataclass(frozen=True, slots=True)
class Files:
    """What is written: the dialogues, and, where they are wanted, numbers and a plot."""

    out: Path
    report: Path | None
    plot: Path | None


@dataclass(frozen=True, slots=True)
class Common:
    """What every synthesis is told."""

    name: str
    number: int
    calls: int
    avoid: tuple[Path, ...]
    closest: float
    keep_seeds: bool
    draw: int

    def plan(self, way: Way, seeds: tuple[Seed, ...], recipe: Recipe) -> Plan:
        """The plan of a synthesis of this way."""
        return Plan(
            way=way,
            recipe=recipe,
            seeds=seeds,
            evaluation=examples.texts(self.avoid),
            closest=self.closest,
            keep_seeds=self.keep_seeds,
            draw=self.draw,
            wanted=self.number,
            most_calls=self.calls,
        )


FILES = click.Path(exists=True, dir_okay=False, path_type=Path)
WRITTEN = click.Path(dir_okay=False, path_type=Path)
OPTIONS = (
    click.option("--name", required=True, help="The same call again, with the same name, goes on where it was."),
    click.option("--number", default=6000, show_default=True, type=click.IntRange(1), help="How many to make."),
    click.option("--calls", type=click.IntRange(1), help="Give up after so many.  [default: as many as --number]"),
    click.option("--out", required=True, type=WRITTEN, help="File of dialogues that is written, a line each."),
    click.option("--report", type=WRITTEN, help="File of every number, as JSON."),
    click.option("--plot", type=WRITTEN, help="File of the diversity curve, as SVG."),
    click.option("--avoid", multiple=True, type=FILES,
                 help="An evaluation set, to which nothing may come close; may be said again."),
    click.option("--closest", default=20.0, show_default=True, type=click.FloatRange(0, 100),
                 help="How close to it, in BLEU, is too close."),
    click.option("--keep-seeds", is_flag=True, help="Show seeds, too, that are too close to an evaluation set."),
    click.option("--draw", default=0, show_default=True, help="Seed of which examples a call shows."),
    click.option("--template", default="", help="How a question becomes one text; without it, a chat."),
)  # fmt: skip


@click.group(cls=Verbs)
def synthesize() -> None:
    """Make new questions or tasks from a few, by asking an engine for more.

    \b
      assay data synthesize nq --name nq --url URL --model MODEL --out nq.jsonl
      assay data synthesize self-instruct --name si --seeds seeds.jsonl --url URL --model MODEL --out tasks.jsonl

    Every reply is kept in the database: the same call again goes on where it was, also after a crash, asks nothing
    twice, and writes the files anew. Raise --number for more.
    """


def takes_plan(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of every synthesis, and calls it with `common`, a Common."""

    @wraps(command)
    def taking(
        *,
        name: str,
        number: int,
        calls: int | None,
        out: Path,
        report: Path | None,
        plot: Path | None,
        avoid: tuple[Path, ...],
        closest: float,
        keep_seeds: bool,
        draw: int,
        **others: object,
    ) -> None:
        files = Files(out, report, plot)
        common = Common(name, number, calls or number, avoid, closest, keep_seeds, draw)
        command(common=common, files=files, **others)

    return with_options(taking, OPTIONS)


@synthesize.command()
@takes_plan
@takes_engine
@takes_terms
@data_dir_option
def nq(common: Common, files: Files, template: str, engine: Asks, terms: Terms, data_dir: Path | None) -> None:
    """Make questions and short answers like those of Natural Questions, as NQ-synthetic was made.

    \b
      assay data synthesize nq --name nq --url URL --model MODEL --out nq.jsonl --report nq.json --plot nq.svg
      assay data synthesize nq --name nq --url URL --model MODEL --out nq.jsonl --dry-run --price-in 1 --price-out 2
      assay data synthesize nq --name nq --engine vllm --model FOLDER --template plain --out nq.jsonl
      assay data synthesize nq --name nq --url URL --model MODEL --out nq.jsonl --avoid NQ-open.dev.jsonl

    Each call shows five of the paper's ten questions, drawn anew and in random order, and asks for more at temperature
    1. Every pair of the reply is read, in whatever list it stands. Left out, and counted: the seeds themselves, pairs
    that are there already, questions that are there already but for case and punctuation, and what is too close to
    --avoid. Six of the ten seeds stand in EfficientQA's evaluation set: leave them out there, or here.
    """
    seeds = synthesis_templates.preset(Way.NQ).seeds
    recipe = engine.recipe(defaults=NQ_DEFAULTS, template=template)
    make(common.name, common.plan(Way.NQ, seeds, recipe), files, terms, settings_with(data_dir=data_dir))


@synthesize.command("self-instruct")
@click.option("--seeds", required=True, type=FILES, help="File of tasks to begin with, at least eight.")
@takes_plan
@takes_engine
@takes_terms
@data_dir_option
def self_instruct(
    common: Common, files: Files, seeds: Path, template: str, engine: Asks, terms: Terms, data_dir: Path | None
) -> None:
    """Make tasks as Self-Instruct did: eight shown, two of them made before, and nothing that is there already.

    \b
      assay data synthesize self-instruct --name si --seeds seeds.jsonl --url URL --model MODEL --out tasks.jsonl
      assay data synthesize self-instruct --name si --seeds seeds.jsonl --model FOLDER --out tasks.jsonl
          --engine vllm --template plain        for a model that continues texts, as GPT-3 did
      assay import --prompts tasks.jsonl                             then let a system answer them

    Left out, and counted: tasks of fewer than 4 or more than 150 words, with words such as image, file or plot, that
    begin with “Write a program”, with punctuation or another alphabet; and tasks whose ROUGE-L with a seed or with one
    that was made before is above 0.7, which is looked for exactly. Temperature 0.7, top p 0.5 and a presence penalty
    of 2 are Self-Instruct's own.
    """
    recipe = engine.recipe(defaults=TASK_DEFAULTS, template=template)
    plan = common.plan(Way.SELF_INSTRUCT, examples.seeds(seeds), recipe)
    make(common.name, plan, files, terms, settings_with(data_dir=data_dir))


def make(name: str, plan: Plan, files: Files, terms: Terms, settings: Settings) -> None:
    """Ask what is missing, and write what there is, also where it is less than was wanted."""
    database = open_database(settings)
    now = datetime.now(UTC)
    with database.rehearsal() if terms.dry_run else database.transaction() as session:
        one = syntheses.declare(session, name, plan, now=now)
        if terms.dry_run:
            found = synthesis_estimates.of_synthesis(session, one, terms.manner)
            click.echo(
                f"{in_words(found, terms.manner)} That is if all calls are needed; it stops at {one.wanted:,} entries."
            )
            return
        job_id = put(session, one, terms, now=now)
    if terms.queue and job_id is not None:
        click.echo(
            f"Job {job_id} is queued; `assay serve` or `assay worker` does it. Then the same call writes {files.out}."
        )
        return
    try:
        if job_id is not None:
            followed(database, settings, job_id, label="Asking")
    finally:
        made = written(database, one.id, files)
    click.echo(told(made, files.out))


def put(session: Session, one: Synthesis, terms: Terms, *, now: datetime) -> int | None:
    """The job that does it: the one that waits already, or a new one; None where nothing is missing."""
    if syntheses.line_of(session, one).pool.is_full:
        return None
    job = jobs.live(session, synthesis_id=one.id)
    if job is None:
        job = syntheses.enqueue(session, one, terms.manner, allowed=terms.budget, now=now)
    refuse_other_budget(job, terms)
    return job.id


def written(database: Database, synthesis_id: int, files: Files) -> Made:
    """What there is, in its files."""
    with database.reading() as session:
        made = synthetic.of(session, syntheses.get(session, synthesis_id))
    texts = {files.out: "".join(f"{to_line(one)}\n" for one in synthetic.dialogues(made))}
    if files.report:
        texts[files.report] = json.dumps(synthetic.report(made), ensure_ascii=False, indent=2) + "\n"
    if files.plot:
        texts[files.plot] = drawing.svg(yield_plot(made.summary, made.one.name))
    for path, text in texts.items():
        with whole_file(path) as file:
            file.write(text)
    return made


COMMANDS = (synthesize,)
