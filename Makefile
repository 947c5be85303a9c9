# Everything that one does with this repository. It needs Python 3.11 or newer and, for the tests, Node 20 and Redis.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
PYTHON ?= python3
BIN := .venv/bin
UV := uv==0.13.9
# The service alone (the Dockerfile) needs only requirements.lock.
LOCK ?= requirements-dev.lock
# Beside another demo: make demo FOLDER=.demo2 PORTS=9000
FOLDER ?= .demo
PORTS ?=
JS := tests/e2e/js
# Worker processes of the tests.
WORKERS ?= 2

.PHONY: demo tour check test tests unit lint format install lock catalogues clean

demo: install  ## start everything on this machine and say how to use it; Ctrl-C stops it
	@exec $(BIN)/python -m demo --folder $(FOLDER) $(if $(PORTS),--ports-from $(PORTS))

tour: install  ## play all the roles through real clients, from an empty directory, and check every step
	@rm -rf .demo/tour
	@exec $(BIN)/python -m demo --folder .demo/tour --ports-from 0 --tour

check: install  ## examine the running demo as one examines a deployment
	@CARECONNECT_CONFIG=$(FOLDER)/careconnect.toml $(BIN)/careconnect check

test: lint tests  ## all checks and tests; with -j2 both at once

tests: install $(JS)/node_modules/.installed
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

unit: install  ## the tests that need nothing but Python
	$(BIN)/python -m pytest tests/unit

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

install: .venv/.installed

# pip stands in where uv cannot be had or does not find the packages (it does not read pip's configuration).
# Compiled now, once, Synapse starts in half the time, also where Python is told not to keep what it compiles.
.venv/.installed: $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "careConnect needs Python 3.11 or newer."; exit 1; }
	@test -x $(BIN)/python || { echo "Setting up .venv (once)"; $(PYTHON) -m venv .venv || { echo "Python lacks venv: apt-get install python3-venv"; exit 1; }; }
	@install() { $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python "$$@" || $(BIN)/pip install --quiet "$$@"; }; \
	$(BIN)/pip install --quiet --disable-pip-version-check $(UV) || true; \
	install --require-hashes -r $(LOCK); \
	install --no-deps -e .
	@touch $@

$(JS)/node_modules/.installed: $(JS)/package-lock.json
	npm ci --prefix $(JS) --no-audit --no-fund
	@touch $@

lock: install  ## write both lock files anew from pyproject.toml, keeping the versions that still fit
	for locked in requirements requirements-dev; do \
	  extras=; [ $$locked = requirements ] || extras="--extra demo --extra test --extra bench --extra aws"; \
	  $(BIN)/uv pip compile --quiet --generate-hashes $$extras pyproject.toml -c $$locked.lock -o $$locked.lock >/dev/null; \
	done

catalogues: install  ## collect what people read, and bring the catalogues of each language up to date
	@$(BIN)/python -m core.make_catalogues

clean:  ## remove the demo's data and what the tools left; .venv stays
	rm -rf .demo build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
