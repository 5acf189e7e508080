"""The real trainer as a job: its worker is killed with -9 on the way, another one goes on, and pages tell all of it."""

import json
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from backend.cli.main import assay
from backend.config import Settings
from backend.db.session import Database
from backend.domain.jobs import JobState
from backend.services.training import folders, metrics, runs
from backend.web.app import create_app
from backend.web.deps import House
from tests import factories
from tests.commands import Command, environment
from tests.jobs import looked, until, until_in
from tests.processes import LINUX_ONLY, naming

pytestmark = [
    pytest.mark.long,
    LINUX_ONLY,
    pytest.mark.skipif(find_spec("deepspeed") is None, reason="the extra train is not installed"),
]
MAKER = Path(__file__).parents[1] / "make_tiny_model.py"
STEPS = 300
RUN = f"""
name = "tiny"
out = "runs/tiny"
[data]
train = "mix.jsonl"
evaluation_share = 0.1
[model]
base = "base"
precision = "fp32"
[text]
format = "chat"
block = 128
[optimization]
batch = 4
micro_batch = 4
warmup = {{ steps = 1000 }}
[course]
epochs = 1000
steps = {STEPS}
save_every = 10
evaluate_every = 50
[sharding]
stage = 1
"""


@pytest.fixture
def declaration(tmp_path: Path) -> Path:
    """A run of a tiny model on made-up sums."""
    subprocess.run([sys.executable, str(MAKER), "llama", str(tmp_path / "base")], check=True, capture_output=True)
    turns = (
        [{"role": "user", "text": f"What is {one} plus 7?"}, {"role": "assistant", "text": f"It is {one + 7}."}]
        for one in range(60)
    )
    lines = [{"id": str(number), "source": "sums", "turns": said} for number, said in enumerate(turns)]
    (tmp_path / "mix.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    path = tmp_path / "run.toml"
    path.write_text(RUN)
    return path


def researcher(database: Database) -> TestClient:
    """Somebody who has opened the researcher's link."""
    house: House = factories.house(database)
    client = TestClient(create_app(house.settings, database))
    client.get(f"/enter/{house.tokens.sign('researcher', 1)}")
    return client


def test_a_run_whose_worker_is_killed_is_finished_by_another_and_told_whole(
    tmp_path: Path, declaration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    data_dir, out = tmp_path / "assay-data", tmp_path / "runs" / "tiny"
    done = CliRunner().invoke(assay, ["train", str(declaration), "--queue"])
    assert done.exit_code == 0, (done.output, done.exception)
    database = Database(Settings(data_dir=data_dir).url)
    with Command("worker", environment=environment("sqlite", data_dir)) as first:
        until(lambda: looked(database, 1).done >= 10, seconds=180)
        os.kill(first.process.pid, signal.SIGKILL)
        until(lambda: naming(str(out / "declared.toml")) == [], seconds=60)
    assert 10 <= looked(database, 1).done < STEPS
    with Command("worker", environment=environment("sqlite", data_dir)):
        until_in(database, 1, JobState.DONE, seconds=240)

    seen, known = metrics.read(out), folders.facts(out)
    assert [step for step, _ in seen.points(metrics.LOSS)] == list(range(1, STEPS + 1))
    losses = [loss for _, loss in seen.points(metrics.LOSS)]
    assert losses[-1] < losses[0]
    assert [step for step, _ in seen.points(metrics.EVALUATION)] == list(range(50, STEPS + 1, 50))
    assert len(seen.points(metrics.SPEED)) == STEPS
    assert folders.peak_learning_rate(known) == pytest.approx(max(y for _, y in seen.points(metrics.LEARNING_RATE)))
    assert any("warm-up" in words for words in folders.warnings(known))
    with database.reading() as session:
        model = runs.model(session, runs.of_name(session, "tiny"))
        assert model is not None
        assert (model.steps, model.loss) == (STEPS, losses[-1])
    page = researcher(database).get("/training/1").text
    assert page.count("<polyline") == 4
    assert "There is no study yet" in page
    assert f"step {STEPS} of {STEPS}, loss {losses[-1]:.3f}" in CliRunner().invoke(assay, ["runs"]).output
    again = CliRunner().invoke(assay, ["train", str(declaration)])
    assert f"tiny is trained: {STEPS} steps" in again.output
    database.engine.dispose()
