# Every target sets itself up: a machine with Python 3.11-3.13 (and apt, where python3-venv is missing) is enough.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin
LOWEST_TOOLS := pytest hypothesis jsonschema
LOWEST_TESTS := tests/stats tests/models tests/disk tests/io tests/study tests/plots tests/report tests/analyses/test_golden.py

.PHONY: build wheel demo demo-reads reads-tools test-slurm test test-all test-lowest audit accept lint docs bench bench-quick clean

.venv/.ready: pyproject.toml constraints.txt tools/setup.sh setup.py build_loops.py
	sh tools/setup.sh "$(PYTHON)"
	@touch $@

build: .venv/.ready ## compile the loops anew after a change of a file with `@compiled`
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .

wheel: .venv/.ready ## dist/*.whl: installs and runs without a compiler
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

demo: .venv/.ready ## simulate both studies, run every analysis, say where the reports are
	$(BIN)/oncourse demo demo

reads-tools: .venv/.ready ## programs and packages of the reads stage (Debian/Ubuntu, needs root)
	apt-get update -qq && apt-get install -y -qq --no-install-recommends bwa samtools bcftools tabix freebayes fastp mosdepth
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[reads]'

demo-reads: reads-tools ## simulate the FASTQ files of a patient and go from them to the report
	rm -rf demo-reads && $(BIN)/oncourse simulate demo-reads/study --design crc --reads --truth demo-reads/truth
	$(BIN)/oncourse reads demo-reads/study
	$(BIN)/oncourse run demo-reads/study --out demo-reads/results

test-slurm: reads-tools ## a real SLURM of two nodes on this machine: killed, resumed, one node against two
	apt-get install -y -qq --no-install-recommends slurm-wlm munge
	sh tools/test_slurm.sh $(BIN)/python

lint: .venv/.ready
	$(BIN)/ruff check src tests benchmarks tools
	$(BIN)/ruff format --check --quiet src tests benchmarks tools
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint ## the default suite, about five minutes on two cores
	$(BIN)/pytest -n 2 -m "not slow"

test-all: lint ## with the slow tests
	$(BIN)/pytest -n 2

test-lowest: .venv/.ready ## tests of what rests on other packages, with the lowest versions that pyproject.toml allows
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check $$($(BIN)/python tools/lowest.py) $(LOWEST_TOOLS)
	PYTHONPATH=src .venv-lowest/bin/python -m oncourse.cli.main verify
	PYTHONPATH=src .venv-lowest/bin/python -m pytest -m "not slow" $(LOWEST_TESTS)

audit: .venv/.ready ## known weaknesses of the pinned versions, as PyPI tells them (needs the internet)
	$(PYTHON) -m venv .venv-audit && .venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.venv-audit/bin/pip-audit --no-deps --disable-pip -r constraints.txt

accept: .venv/.ready ## write tests/answers anew after a change of words, numbers or tables that is wanted
	$(BIN)/pytest tests/analyses/test_golden.py tests/derive/test_numbers.py tests/stats/test_numbers.py tests/plots/test_numbers.py \
		tests/test_constants.py tests/io tests/reads tests/genome tests/evolution tests/models tests/planning \
		-m "not slow" --accept

docs: .venv/.ready ## write docs/reference anew from the code
	$(BIN)/python tools/write_reference.py

bench: .venv/.ready ## CPU seconds of what users wait for beside their peers (installed apart), recorded with their page
	OMP_NUM_THREADS=1 POLARS_MAX_THREADS=2 $(BIN)/python benchmarks/bench.py --write

bench-quick: .venv/.ready ## below three minutes; fails where a work costs 1.3 times its recorded ratio
	OMP_NUM_THREADS=1 POLARS_MAX_THREADS=2 $(BIN)/python benchmarks/bench.py --quick --check

clean:
	rm -f src/oncourse/_loops*
	rm -rf .venv .venv-lowest .venv-audit .venv-peers demo demo-reads build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
