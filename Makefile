# Each target makes its own virtual environment when it is missing; nothing else is asked of you.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check tests processors format clean

demo: $(READY)
	$(BIN)/unbraid demo --output runs/demo

test: check tests

check: $(READY)
	$(BIN)/ruff format --check src tests benchmarks scripts
	$(BIN)/ruff check src tests benchmarks scripts
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_architecture.py tests/test_style.py

tests: $(READY)
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal --durations=15

# The tests that rounding could turn, as processors of other kinds would run them.
processors: $(READY)
	$(BIN)/python scripts/processors.py

format: $(READY)
	$(BIN)/ruff format src tests benchmarks scripts
	$(BIN)/ruff check --fix src tests benchmarks scripts

clean:
	rm -rf $(VENV) runs .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Unbraid needs Python 3.11 or newer; call make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@
