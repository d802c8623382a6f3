# make demo    environment + the main job: train a translator, judge it, look into it (about three minutes)
# make test    environment + lint, types and the test suite
# make help    the rest
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup setup-dev demo test test-all matrix torture gpu lint format docs notebooks notebooks-run notebooks-newest exercise clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 18

setup: $(VENV)/.ready  ## make .venv with the pinned versions
setup-dev: $(VENV)/.ready-dev  ## the same, plus what the tests need

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "groundup needs Python >= 3.11, found $$($(PYTHON) -V); try: make PYTHON=python3.12 setup" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: setup  ## train an English-French translator on the built-in phrasebook and use it
	$(BIN)/groundup demo

lint: setup-dev  ## ruff and pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

test: lint  ## lint, types and every test but the slow ones
	$(BIN)/python -m pytest -n 2 -m 'not slow'

test-all: lint  ## every test
	$(BIN)/python -m pytest -n 2

# The transformers that exports are held to: the oldest of version 5, and the newest.
TRANSFORMERS ?= 5.0.0 5.24.0
matrix: setup-dev  ## compare exports with their runs under the oldest and the newest transformers 5
	@for version in $(TRANSFORMERS); do \
	  place=build/transformers-$$version; echo "transformers $$version"; \
	  [ -d $$place ] || { rm -rf $$place.part; $(BIN)/python -m pip install --quiet --target $$place.part \
	    "transformers==$$version" numpy==2.4.6 && mv $$place.part $$place; } || exit 1; \
	  PYTHONPATH=$$place $(BIN)/python -m pytest -m 'not slow' tests/hub/test_custom.py tests/publish/test_verify.py || exit 1; \
	done

SCALE ?= 1
torture: setup-dev  ## kill, cut, fill up, flip: a quarter of an hour of what may happen to a training; SCALE=10 for more
	$(BIN)/python tests/torture/run.py --scale $(SCALE)

gpu: setup-dev  ## on a GPU, nine minutes: its tests, training, layers, generation, a resume; writes gpu.json and gpu.md
	$(BIN)/groundup bench gpu

docs: $(VENV)/.ready-docs  ## the handbook as a site, every cell run: build/docs/index.html
	$(BIN)/python -m sphinx -b html -W --keep-going -q -d build/docs-trees docs build/docs
	@echo "open build/docs/index.html"

notebooks: setup  ## notebooks/ from the chapters of the handbook
	@$(BIN)/python docs/notebooks.py

notebooks-run: setup-dev  ## run every notebook in small, as a notebook: five to ten minutes
	$(BIN)/python -m pytest tests/docs/test_notebooks.py

notebooks-newest:  ## the same with the newest versions of everything, in an environment of its own
	$(PYTHON) -m venv build/newest
	build/newest/bin/python -m pip install --quiet --upgrade --editable '.[hub]' 'pytest>=8.3' nbclient ipykernel
	build/newest/bin/python -m pip list | grep -iE '^(torch|numpy|matplotlib|transformers|nbclient|ipykernel) '
	build/newest/bin/python -m pytest tests/docs/test_notebooks.py

N ?=
exercise: setup  ## check an exercise of exercises/: make exercise N=3; without N all
	@$(BIN)/python exercises/check.py $(N)

$(VENV)/.ready-docs: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	@touch $@

format: setup-dev  ## let ruff rewrite the tree
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove the environment and caches, keep runs/
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
