# Ostler's commands. `make` alone lists them.
#
# What they need is written in README.md: Python 3.11 or newer with `venv`, and make. Everything else is installed into
# .venv, exactly as the lock files under requirements/ say.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
PYTHON := $(VENV)/bin/python
MANAGE := $(PYTHON) manage.py
PIP_INSTALL := $(PYTHON) -m pip install --disable-pip-version-check --require-hashes --only-binary=:all:

# Compiled modules are kept, whatever the shell says: each process of a test run would compile all of them anew.
unexport PYTHONDONTWRITEBYTECODE

.NOTPARALLEL:
.PHONY: help run test checks lint format types audit licences test-sqlite soak test-db-up test-db-down test-db-status \
	bench runserver static lock clean core dev

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

# --- Two commands ---------------------------------------------------------------------------------------------------

run: core ## Start the help desk: HOST=127.0.0.1 PORT=8000, DEMO=0 for an empty one
	@exec $(MANAGE) quickstart $(if $(filter 0 no false,$(DEMO)),--no-demo)

test: dev checks ## All checks, then all tests on every database that answers: ARGS="-k login", REQUIRE_BACKENDS=all
	@exec $(PYTHON) -m tests.run_backends $(ARGS)

# --- The environment ------------------------------------------------------------------------------------------------

# A copy of the lock file in the environment says what is installed: comparing it costs nothing.
core: $(PYTHON)
	@cmp -s requirements/core.txt $(VENV)/installed-core.txt || { \
		echo "Installing what Ostler needs (once, and again when requirements/core.txt changes)"; \
		$(PIP_INSTALL) -r requirements/core.txt && cp requirements/core.txt $(VENV)/installed-core.txt; }

dev: $(PYTHON)
	@cmp -s requirements/dev.txt $(VENV)/installed-dev.txt || { \
		echo "Installing what development needs (once, and again when requirements/dev.txt changes)"; \
		$(PIP_INSTALL) -r requirements/dev.txt && cp requirements/dev.txt $(VENV)/installed-dev.txt; }

$(PYTHON):
	@for candidate in python3.14 python3.13 python3.12 python3.11 python3 python; do \
		if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			found=$$candidate; \
			if $$candidate -c 'import ensurepip, venv' 2>/dev/null; then usable=$$candidate; break; fi; \
		fi; \
	done; \
	if [ -n "$$usable" ]; then \
		echo "Making $(VENV) with $$($$usable --version)"; \
		$$usable -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }; \
	elif [ -n "$$found" ]; then \
		echo "$$found cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	else \
		echo "Ostler needs Python 3.11 or newer; none was found." >&2; exit 1; \
	fi

# --- Checks ---------------------------------------------------------------------------------------------------------

checks: lint types ## Everything `make test` checks before the tests
	@echo "== import directions"; $(VENV)/bin/lint-imports --no-logo
	@echo "== templates"; $(VENV)/bin/djlint templates --lint && $(VENV)/bin/djlint templates --check
	@echo "== migrations"; DJANGO_SETTINGS_MODULE=tests.settings $(MANAGE) makemigrations --check --dry-run

lint: dev ## ruff: rules and format
	@echo "== rules"; $(VENV)/bin/ruff check .
	@echo "== format"; $(VENV)/bin/ruff format --check .

types: dev ## mypy, strict
	@echo "== types"; $(VENV)/bin/mypy .

audit: dev ## Known vulnerabilities of the locked packages; says NOT AUDITED when they could not be looked up
	@$(PYTHON) -m tests.audit $(ARGS)

licences: dev ## Write docs/licences.md anew; fails on a licence that nobody accepted
	@$(PYTHON) -m tests.licences

format: dev ## Put code and templates into the project's format
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(VENV)/bin/djlint templates --reformat --quiet

# --- Tests ----------------------------------------------------------------------------------------------------------

test-sqlite: dev ## The tests on SQLite alone, without the checks
	@exec $(PYTHON) -m tests.run_backends --only sqlite $(ARGS)

soak: dev ## The long fault and crash runs, which need MariaDB: ARGS="-k random"
	@exec $(PYTHON) -m tests.run_backends --only mariadb -m soak -s -n 0 $(ARGS)

test-db-up: dev ## Start MariaDB, PostgreSQL and Redis for the tests where none answers: ARGS=--own for quicker ones anyway
	@$(PYTHON) -m tests.servers up $(ARGS)

test-db-down: dev ## Stop the servers that test-db-up started
	@$(PYTHON) -m tests.servers down

test-db-status: dev ## Say which servers answer
	@$(PYTHON) -m tests.servers status

# --- Measuring ------------------------------------------------------------------------------------------------------

bench: dev ## Measure pages with a long history: SIZES="10000 100000 1000000", ENGINES="sqlite mariadb postgresql", ARGS=--fresh
	@exec $(PYTHON) -m bench run $(if $(SIZES)$(TICKETS),--tickets $(or $(TICKETS),$(SIZES))) \
		$(if $(ENGINES),--engines $(ENGINES)) $(ARGS)

# --- Development ----------------------------------------------------------------------------------------------------

runserver: dev ## Django's development server with debug pages: HOST=127.0.0.1 PORT=8000
	@DEBUG=1 $(MANAGE) migrate --verbosity 0 && DEBUG=1 exec $(MANAGE) runserver $(or $(HOST),127.0.0.1):$(or $(PORT),8000)

static: core ## Collect and compress the static files
	$(MANAGE) collectstatic --noinput

lock: ## Make the lock files anew from pyproject.toml: ARGS=--upgrade for newer versions
	@test -x $(VENV)/bin/uv || $(PYTHON) -m pip install --disable-pip-version-check --only-binary=:all: uv
	$(LOCK) pyproject.toml --output-file requirements/core.txt $(ARGS)
	$(LOCK) pyproject.toml --extra dev --extra postgres --extra redis --constraint requirements/core.txt \
		--output-file requirements/dev.txt $(ARGS)
	$(LOCK) pyproject.toml --extra mysql --extra postgres --extra redis --constraint requirements/core.txt \
		--constraint requirements/dev.txt --output-file requirements/server.txt $(ARGS)
	$(LOCK) requirements/build.in --constraint requirements/dev.txt --output-file requirements/build.txt $(ARGS)

LOCK := $(VENV)/bin/uv pip compile --quiet --universal --no-strip-extras --generate-hashes --python-version 3.11 \
	--custom-compile-command 'make lock'

clean: ## Delete the virtual environment and what tools left behind (never var/)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
