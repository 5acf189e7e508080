# Every verb of the project. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help try setup setup-test vllm system-packages test check serve migrate bench constraints clean

help:  ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

try: setup  ## run the demo study on this machine: links for raters and live results
	$(BIN)/assay try

setup: $(VENV)/.base  ## make the virtual environment with what the platform needs

setup-test: $(VENV)/.test  ## add what the tests and the checks need

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/.base

vllm: .venv-vllm/.made  ## vLLM in an environment of its own, which `assay` finds: the CPU build, or with an NVIDIA GPU the other

.venv-vllm/.made: worker/install_vllm.sh constraints-vllm.txt
	@sh worker/install_vllm.sh $(PYTHON)

system-packages:  ## PostgreSQL, Redis and Chromium for the tests, where apt can install them
	@sh tests/system-packages.sh

test: setup-test system-packages  ## everything the tests need, then all tests on SQLite, PostgreSQL, Chromium and vLLM
	@$(MAKE) --no-print-directory vllm || echo "no vLLM here; the tests that need it will say so and skip"
	$(BIN)/python -m pytest

check: setup-test  ## style, types, layers, and that the migrations make the schema
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

serve: setup  ## serve the studies in ./assay-data (or in ASSAY_DATABASE_URL)
	$(BIN)/assay serve

migrate: setup  ## bring the database to the newest schema
	$(BIN)/assay migrate

bench: setup-test  ## print every benchmark's ratio to a limit measured in the same run
	for file in benchmarks/bench_*.py; do $(BIN)/python -m benchmarks.$$(basename $$file .py) || exit 1; done

constraints:  ## pin the newest versions that fit together
	$(PIP) uv && $(BIN)/uv pip compile --quiet --universal --no-header --no-annotate --all-extras pyproject.toml -o constraints.txt

clean:  ## remove the virtual environments and every cache (never the data)
	rm -rf $(VENV) .venv-vllm .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
