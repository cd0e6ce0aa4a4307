# `make` lists the targets. Each does its own set-up, from a fresh clone on.
# PYTHON chooses the interpreter (make test PYTHON=python3.12), ARGS goes to the tool.

PYTHON ?= python3
BIN := .venv/bin
PIP_INSTALL := pip install -qq --no-compile
COG = $(BIN)/cog -r --verbosity=1 -I scripts -I . -p 'import docs, plugin'
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# An environment made by another Python stays, unless one is asked for by name.
ifneq ($(origin PYTHON),file)
ASKED := -$(subst /,-,$(PYTHON))
endif
PACKAGES := .venv/.packages$(ASKED)
READY := .venv/.ready$(ASKED)
MELTANO := .venv-meltano/.packages$(ASKED)
BENCH := $(addsuffix /.packages,.venv-bench .venv-bench-dlt .venv-bench-airbyte)
OTHERS := $(BENCH) $(patsubst %,.venv-%/.packages,audit docs dagster dbt)
OTHERS += $(patsubst requirements/%.in,.venv-%/.packages,$(wildcard requirements/target-*.in))

# The demo needs two environments: they are set up side by side.
ifeq ($(MAKECMDGOALS),demo)
MAKEFLAGS += --jobs=2
endif

# What an installed tap must say that it is.
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

# Fails in one line where the interpreter is missing or too old.
OLD := import sys; sys.exit(sys.version_info < (3, 11))
SAYS = $(shell $(PYTHON) --version 2>&1 | head -n 1)
python = $(if $(shell $(PYTHON) -c '$(OLD)' 2>&1 || echo old),$(error $(PYTHON) does not \
run Python 3.11 or newer ($(SAYS)): name one that does with PYTHON=/path/to/python),$(PYTHON))

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' Makefile | expand -t 14

.PHONY: demo
demo: $(READY) $(MELTANO) ## Sandbox -> tap -> DuckDB with Meltano, twice, and count
	@$(BIN)/python scripts/demo.py $(ARGS)

.PHONY: sandbox
sandbox: $(READY) ## Run the sandbox until Ctrl-C
	@exec $(BIN)/clientsuccess-sandbox $(ARGS)

.PHONY: test
test: $(READY) ## Run the tests
	$(BIN)/pytest --numprocesses=auto --dist=worksteal $(ARGS)

# Without hashes: these are not the locked versions. The SDK's main branch may be newer
# than pyproject.toml allows, so it is installed on its own.
SDK_REPOSITORY := git+https://github.com/meltano/sdk

.PHONY: test-newest
test-newest: ## Run the tests on the newest versions (SDK=main: on that of the SDK)
	@$(call python) -m venv --clear .venv-newest
	@.venv-newest/bin/$(PIP_INSTALL) --upgrade pip
	@.venv-newest/bin/$(PIP_INSTALL) --upgrade --group dev -e . -e sandbox
	@$(if $(SDK),.venv-newest/bin/$(PIP_INSTALL) --upgrade \
	  'singer-sdk[testing] @ $(SDK_REPOSITORY)@$(SDK)')
	.venv-newest/bin/pytest --numprocesses=auto --dist=worksteal $(ARGS)

.PHONY: lint
lint: $(READY) ## Check style, format, imports and dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/deptry tap_clientsuccess

.PHONY: format
format: $(READY) ## Fix style and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: types
types: $(READY) ## Check the types
	$(BIN)/mypy

.PHONY: check
check: lint types test ## lint, types and test

.PHONY: docs
docs: $(READY) ## Write the generated documentation and golden files anew
	@$(COG) README.md sandbox/README.md docs/*.md meltano.yml .env.example examples/dbt/models/sources.yml
	@PYTHONPATH=. $(BIN)/python scripts/files.py

.PHONY: reports
reports: $(READY) ## Make the reports of account checks in tests/reports anew
	PYTHONPATH=. $(BIN)/python scripts/account_reports.py

.PHONY: screenshot
screenshot: $(READY) ## Take the picture of the sandbox's page anew (needs Chromium)
	$(BIN)/python sandbox/tests/browser.py docs/sandbox.png

.PHONY: recording
recording: $(READY) $(MELTANO) ## Record the demo anew, as docs/demo.svg
	@$(BIN)/python scripts/recording.py

.PHONY: site
site: .venv-docs/.packages ## Build the documentation site in build/site
	.venv-docs/bin/sphinx-build -EaWnq --keep-going docs build/site

.PHONY: dagster
dagster: $(READY) .venv-dagster/.packages ## Run Dagster with four sandboxes as its accounts
	@exec $(BIN)/python scripts/dagster_sandboxes.py $(ARGS)

.PHONY: test-dagster
test-dagster: $(READY) .venv-dagster/.packages ## Test the Dagster example
	$(BIN)/pytest examples/dagster $(ARGS)

.PHONY: test-dbt
test-dbt: $(READY) .venv-dbt/.packages ## Test the dbt example on DuckDB and PostgreSQL
	@$(BIN)/python scripts/dbt_example.py $(ARGS)
	$(BIN)/pytest -q examples/dbt/checks/test_sync_log.py

.PHONY: dbt-charts
dbt-charts: ## Draw the charts of docs/dbt.md anew, from what the dbt example built
	@$(MAKE) test-dbt ARGS=duckdb
	.venv-dbt/bin/python examples/dbt/chart.py output/dbt/dbt.duckdb docs/dbt

.PHONY: reliability
reliability: $(READY) ## Thousands of histories with edits, faults and kills: 10 minutes
	$(BIN)/pytest -m slow $(ARGS)

.PHONY: targets
targets: $(READY) ## Load real targets, compare, and write docs/targets.md
	@$(BIN)/python scripts/compare_targets.py $(ARGS)

.PHONY: deletes
deletes: $(READY) ## 30 nights with kills into PostgreSQL, compared: 10 to 30 minutes
	$(BIN)/pytest -s scripts/deletes.py scripts/activations.py $(ARGS)

.PHONY: scale
scale: $(READY) ## Count the requests of accounts of several sizes for docs/scale.md
	@$(BIN)/python scripts/scale.py
	@$(COG) docs/scale.md

.PHONY: bench
bench: $(READY) $(BENCH) ## Measure the tap's speed (ARGS=--quick: a tenth of it)
	$(BIN)/python -m benchmarks $(ARGS)
	@.venv-bench/bin/python -m benchmarks.chart
	@$(COG) docs/benchmark.md

.PHONY: dist
dist: $(READY) ## Build the wheel and the sdist
	@rm -rf dist
	$(BIN)/python -m build --no-isolation

.PHONY: smoke
smoke: dist ## Install the built wheel elsewhere and call it
	@$(call python) -m venv --clear .venv-smoke
	@.venv-smoke/bin/$(PIP_INSTALL) dist/*.whl
	.venv-smoke/bin/tap-clientsuccess --version | grep -F ' v$(VERSION),'
	.venv-smoke/bin/tap-clientsuccess --about --format=json >.venv-smoke/about.json
	@grep -qF '"version": "$(VERSION)"' .venv-smoke/about.json
	.venv-smoke/bin/tap-clientsuccess --discover >.venv-smoke/catalog.json

.PHONY: audit
audit: .venv-audit/.packages ## Look for known vulnerabilities in the locked packages
	@for locked in dev meltano; do .venv-audit/bin/pip-audit --disable-pip \
	  --progress-spinner=off -r requirements/$$locked.txt || exit; done

COMPILE = .venv-lock/bin/uv pip compile --quiet --generate-hashes \
  --no-emit-index-url --no-strip-extras --universal --python-version 3.11 \
  --custom-compile-command "make lock" $(ARGS)

.PHONY: lock
lock: .venv-lock/.packages ## Lock the requirements (ARGS=--upgrade: the newest)
	$(COMPILE) --group dev pyproject.toml sandbox/pyproject.toml -o requirements/dev.txt
	$(COMPILE) --group audit -o requirements/audit.txt
	$(COMPILE) --group bench -o requirements/bench.txt
	@for in in requirements/*.in; do $(COMPILE) $$in -o $${in%.in}.txt || exit; done

.PHONY: clean
clean: ## Remove what the targets made, but neither Meltano's state nor its output
	rm -rf .venv .venv-* build dist htmlcov
	rm -rf .coverage* .hypothesis .*_cache .meltano/extractors .meltano/loaders
	rm -rf output/demo* output/dbt examples/dbt/target examples/dbt/logs
	find . -name __pycache__ -prune -exec rm -rf {} +

$(READY): $(PACKAGES) pyproject.toml sandbox/pyproject.toml
	@$(BIN)/$(PIP_INSTALL) --no-deps --no-build-isolation -e . -e sandbox
	@touch .venv/.ready $@

$(PACKAGES): requirements/dev.txt
$(MELTANO): requirements/meltano.txt
$(OTHERS): .venv-%/.packages: requirements/%.txt
$(PACKAGES) $(MELTANO) $(OTHERS):
	@echo "Setting up $(@D) ..."
	@$(call python) -m venv --clear $(@D)
	@$(@D)/bin/$(PIP_INSTALL) --require-hashes -r $<
	@touch $(@D)/.packages $@

.venv-lock/.packages: Makefile
	@$(call python) -m venv --clear $(@D)
	@$(@D)/bin/$(PIP_INSTALL) 'uv>=0.9'
	@touch $@
