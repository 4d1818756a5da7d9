# Every command of this repository; `make` alone lists them.
#
# Needs make and Python 3.11 or newer, nothing else: the first target that needs it
# makes .venv, with uv where it is installed, which is faster than pip. Stamp files in .venv remember what is installed, so set-up runs once,
# and again when pyproject.toml or constraints.txt change.

VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
ARGS ?=

# The first of these that is new enough; `make PYTHON=/path/to/python ...` decides otherwise.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo "$$python"; break; }; done)

MADE := $(VENV)/.stamp-made
RUNTIME := $(VENV)/.stamp-runtime
DEV := $(VENV)/.stamp-dev

# pip takes its options from the environment too; builds are pinned like everything else.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_BUILD_CONSTRAINT := constraints.txt
export UV_BUILD_CONSTRAINT := constraints.txt

# On a terminal, an installation shows what it does; in a log, only its errors.
QUIET := $(shell test -t 2 || echo -q)
UV ?= $(shell command -v uv 2>/dev/null)
INSTALL = $(if $(UV),$(UV) pip install --python $(BIN)/python,$(BIN)/python -m pip install) \
	$(QUIET) -c constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup serve demo test check lint types imports format docs contract \
	site bench mutants long soak audit pin clean

help: ## List these targets
	@echo "make TARGET [ARGS='...']"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- set-up -------------------------------------------------------------------------

$(MADE):
	@test -n "$(PYTHON)" || { \
	  echo "smartpay-sandbox needs Python 3.11 or newer, and none was found on PATH."; \
	  echo "Install one, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; \
	  exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "smartpay-sandbox needs Python 3.11 or newer; $(PYTHON) is not."; \
	  echo "Name another: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; \
	  exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Making $(VENV) with $(PYTHON) ..."; \
	  $(if $(UV),$(UV) venv -q --clear --seed --python $(PYTHON),$(PYTHON) -m venv --clear) \
	    $(VENV) || { \
	    echo "$(PYTHON) could not make a virtual environment."; \
	    echo "On Debian and Ubuntu: apt-get install python3-venv"; \
	    exit 1; }; }
	@touch $@

$(RUNTIME): $(MADE) pyproject.toml constraints.txt
	@echo "Installing the emulator (once, $(if $(UV),seconds with uv,well under a minute)) ..."
	@$(INSTALL) -e .
	@touch $@

$(DEV): $(RUNTIME)
	@echo "Installing tools for development (once, $(if $(UV),seconds with uv,about a minute)) ..."
	@$(if $(UV),,$(BIN)/python -m pip install -q --upgrade 'pip>=25.1')
	@$(INSTALL) --group dev
	@touch $@

setup: $(DEV) ## Make .venv with everything

# --- for users ----------------------------------------------------------------------

serve: $(RUNTIME) ## Serve the emulator on http://127.0.0.1:8585/v1; ARGS='--port 9000'
	@exec $(BIN)/smartpay-sandbox serve $(ARGS)

demo: $(RUNTIME) ## Create orders on the emulator and show the results
	@$(BIN)/smartpay-sandbox demo $(ARGS)

# --- for developers -----------------------------------------------------------------

test: $(DEV) ## Run all tests on JOBS=2 processes; ARGS='tests/project -k words'
	@$(BIN)/pytest -n $(JOBS) --dist worksteal $(ARGS)

check: lint types imports ## Check format, lint, types, import rules

lint: $(DEV)
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check

types: $(DEV)
	@$(BIN)/mypy

imports: $(DEV)
	@$(BIN)/lint-imports --no-logo

format: $(DEV) ## Format the code
	@$(BIN)/ruff check --fix --quiet || true
	@$(BIN)/ruff format

docs: $(DEV) ## Write the generated pages of docs/reference
	@$(BIN)/python tools/reference.py

.PHONY: screenshots
screenshots: $(DEV) ## Write the screenshots of docs/images
	@SMARTPAY_SCREENSHOTS=docs/images $(BIN)/python -m pytest -q tests/browser -k screenshots

site: $(DEV) ## Build the site in build/site, with warnings as errors
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet $(ARGS)
	@echo "Built build/site. To read it: $(BIN)/python -m http.server -d build/site"

contract: $(DEV) ## Run the contract kit against an emulator; ARGS='--smartpay-url ...'
	@$(BIN)/pytest contract_tests $(ARGS)

bench: $(DEV) ## Measure the emulator and its peers
	@$(BIN)/python bench/run.py $(ARGS)

mutants: $(DEV) ## Prove the contract kit: each clause fails for a mutant
	@$(BIN)/python -m tests.mutants $(ARGS)

long: $(DEV) ## Run all tests, with property tests that run for minutes
	@SMARTPAY_TEST_LONG=1 $(BIN)/pytest -n $(JOBS) --dist worksteal --timeout=1800 $(ARGS)

soak: $(DEV) ## Attack the emulator for 30 minutes; ARGS='--only raw'
	@$(BIN)/python -m tests.soak $(ARGS)

audit: $(DEV) ## Look the pinned packages up in the advisory database (needs a network)
	@$(BIN)/python -m venv --clear build/audit
	@build/audit/bin/python -m pip install -q pip-audit
	@build/audit/bin/python tools/audit.py

pin: $(DEV) ## Write constraints.txt from .venv
	@PYTHON=$(BIN)/python tools/pin.sh

clean: ## Remove .venv, caches, builds and reports
	@rm -rf $(VENV) build dist reports .pytest_cache .mypy_cache .ruff_cache \
	  .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './node_modules/*' -prune -exec rm -rf {} +
