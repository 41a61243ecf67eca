# Everything sets itself up in .venv: only Python 3.11 or later and make must be there.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PROTOS := $(shell find protos -name '*.proto') protos/build.py

.PHONY: demo test check format replay bench docs clean

demo: .venv/.runtime ## a class for an enterprise from the order to the ledger: the main job in a minute
	$(BIN)/python -m examples.demo

test: .venv/.dev ## every test, on SQLite and PostgreSQL
	$(BIN)/pytest -q -n auto --dist loadfile

check: .venv/.dev ## style, types, import contracts, the protos, and docs that are generated
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code
	$(BIN)/python docs/generate.py --check

format: .venv/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/buf format --write

replay: .venv/.dev ## 32,593 real registrations and 10,072 withdrawals through the running services
	$(BIN)/python -m examples.replay

bench: .venv/.dev ## figures as ratios, measured side by side
	$(BIN)/python -m bench

docs: .venv/.dev ## writes the pages that are generated
	$(BIN)/python docs/generate.py

clean:
	rm -rf .venv build dist

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.runtime: pyproject.toml $(PROTOS) | .venv/bin/python
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/.dev: pyproject.toml $(PROTOS) | .venv/bin/python
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@ .venv/.runtime
