# Every target sets itself up: a machine with Python 3.11-3.13 (and apt, where python3-venv is missing) is enough.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin

.PHONY: build wheel demo test test-all lint docs clean

.venv/.ready: pyproject.toml constraints.txt tools/setup.sh setup.py build_loops.py
	sh tools/setup.sh "$(PYTHON)"
	@touch $@

build: .venv/.ready ## compile the loops anew after a change of a file with `@compiled`
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .

wheel: .venv/.ready ## dist/*.whl: installs and runs without a compiler
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

demo: .venv/.ready ## simulate both studies, run every analysis, say where the reports are
	$(BIN)/oncourse demo demo

lint: .venv/.ready
	$(BIN)/ruff check src tests benchmarks tools
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint ## the default suite, below four minutes on two cores
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

test-all: lint ## with the slow tests
	$(BIN)/pytest -n 2 --dist loadfile

docs: .venv/.ready ## write docs/reference anew from the code
	$(BIN)/python tools/write_reference.py

clean:
	rm -f src/oncourse/_loops*
	rm -rf .venv demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
