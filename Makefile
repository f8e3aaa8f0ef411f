# Two commands matter: `make demo` and `make test`. `make` alone lists the rest.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: help setup demo test prove check bench contracts lock clean

help: ## List the commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: .venv/installed ## Create .venv with everything in it

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## Three weeks of 240 customers' lives, in under three minutes
	@$(BIN)/rapport demo

test: setup ## All tests, on the embedded broker and on Apache Kafka
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

prove: setup ## 10,000 lives against every promise of the rules, and every planted fault
	@LIVES=10000 $(BIN)/python -m pytest --durations=1 tests/unit/scheduler/test_promises.py

check: setup ## Style, types, architecture, contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m schemas.generate --check
	$(BIN)/rapport playbook validate deploy/playbooks

bench: setup ## Side-by-side measurements, as ratios
	@$(BIN)/python -m bench

contracts: setup ## Write schemas/json and schemas/asyncapi.yaml anew
	$(BIN)/python -m schemas.generate

lock: ## Resolve the newest versions into requirements.lock (wants uv)
	uv pip compile --quiet --upgrade --group pyproject.toml:dev pyproject.toml --generate-hashes --no-emit-index-url --no-header --output-file requirements.lock

clean: ## Remove what was built, fetched and logged
	rm -rf .venv .rapport .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
