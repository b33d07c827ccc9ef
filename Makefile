# Each target makes its own virtual environment when it is missing; nothing else is asked of you.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST = $(BIN)/python -m pytest --numprocesses auto
READY := $(VENV)/.ready

.PHONY: demo quick test test-all check tests built peers processors docs format clean

demo: $(READY)
	$(BIN)/unbraid demo --output runs/demo

# The inner loop: under a minute.
QUICK := tests/test_*.py tests/theory tests/kernels tests/report
quick: check
	$(PYTEST) --dist worksteal -m 'not peers and not slow' src/unbraid $(QUICK)

# What every change must pass: all tests that one environment can hold.
test: check tests

# And all that needs others: the built wheel without torch, other libraries, other processors.
test-all: test built docs peers processors

check: $(READY)
	$(BIN)/ruff format --check src tests benchmarks scripts
	$(BIN)/ruff check src tests benchmarks scripts
	$(BIN)/mypy

tests: $(READY)
	$(PYTEST) --dist worksteal --durations=15

# The sdist and the wheel, used in an environment that has nothing else.
built: $(READY)
	$(BIN)/python scripts/built.py

# Libraries that write and train autoencoders judge ours, in an environment of their own.
PEERS := sae-lens eai-sparsify dictionary-learning overcomplete saev torchvision
peers: .venv-peers/.ready
	.venv-peers/bin/python -m pytest -m peers

.venv-peers/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]' $(PEERS)
	touch $@

# The pages and the reference of every public name; a warning is an error.
docs: .venv-docs/.ready
	.venv-docs/bin/python -m sphinx -W --keep-going -q docs build/docs

.venv-docs/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	touch $@

# The tests that rounding could turn, as processors of other kinds would run them.
processors: $(READY)
	$(BIN)/python scripts/processors.py

format: $(READY)
	$(BIN)/ruff format src tests benchmarks scripts
	$(BIN)/ruff check --fix src tests benchmarks scripts

clean:
	rm -rf $(VENV) $(VENV)-peers $(VENV)-docs docs/reference build runs .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Unbraid needs Python 3.11 or newer; call make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@
