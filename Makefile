# Each command works on a bare machine with Python 3.11 or newer and a network: the first one builds
# .venv, later ones reuse it until pyproject.toml changes.
.DEFAULT_GOAL := help
.PHONY: help demo test parity bench check fuzz format clean
SHELL := /bin/bash

PY := .venv/bin/python
# Programs for `make fuzz`, processes for `make test`.
PROGRAMS ?= 20000
JOBS ?= 2

help:
	@echo "make demo    train a classifier on real images, about a minute"
	@echo "make test    every test (pytest, doctests)"
	@echo "make check   format, lint, types, import layers, then the tests"
	@echo "make bench   measure against PyTorch and write benchmarks/results.json"
	@echo "make parity  the tests beside real PyTorch (PYTORCH_PYTHON, or ../peer)"
	@echo "make format  ruff, in place"
	@echo "make fuzz    PROGRAMS=$(PROGRAMS) random programs, compiled against interpreted"

demo: .venv/demo.stamp
	$(PY) -m rushlight demo

test: .venv/dev.stamp
	$(PY) -m pytest -n $(JOBS) --dist loadfile

bench: .venv/dev.stamp
	$(PY) -m benchmarks
	$(PY) tools/readme_table.py

check: .venv/dev.stamp
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) tools/readme_table.py --check
	$(MAKE) test

format: .venv/dev.stamp
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

parity: .venv/dev.stamp
	$(PY) -m pytest -n $(JOBS) --dist loadfile -m parity tests

fuzz: .venv/dev.stamp
	$(PY) -m pytest -n $(JOBS) -m oracle --programs $(PROGRAMS) tests

clean:
	rm -rf .venv build dist out *.egg-info

# The two stamps share one .venv: a demo needs no test tools.
.venv/demo.stamp: pyproject.toml tools/venv.sh
	@tools/venv.sh '.[all]'
	@touch $@

.venv/dev.stamp: .venv/demo.stamp
	@tools/venv.sh '.[dev]'
	@touch $@
