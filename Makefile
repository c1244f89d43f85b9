# Every target builds the environment from its lock file first, so nothing has to be done by hand.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# What is said on the command line is taken as text: make does not expand it, and recipes find it in their environment, as "$$T",
# so that no shell reads it either. `variables` checks it before an environment is built for it.
KNOWN := CRYSTAL SCALE START DEVICE CORES PYTHON T HTML JSON CACHE KEY
SAID := $(foreach name,$(filter-out -*-command-variables-*- SHELL MAKEFLAGS,$(.VARIABLES)),$(if $(filter command,$(origin $(name))),$(name)))
START_SAID := $(filter-out undefined,$(origin START))
$(foreach name,$(KNOWN),$(if $(filter undefined,$(origin $(name))),,$(eval override $(name) := $$(value $(name)))))
CRYSTAL ?= lah10
SCALE ?= laptop
START ?= model
DEVICE ?= cpu
CORES ?= $(shell nproc)
PYTHON ?= $(shell command -v python3.11 || command -v python3)
GOALS := $(MAKECMDGOALS)
export $(KNOWN) SAID GOALS
# One environment per device, so that neither is rebuilt for the other's sake.
SUFFIX := $(if $(filter cuda,$(DEVICE)),-cuda)
VENV := .venv$(SUFFIX)
LOCK := envs/requirements$(SUFFIX).lock
READY := $(VENV)/ready-$(shell sha256sum $(LOCK) | cut -c1-16)
SNAKEMAKE := PATH="$$PWD/$(VENV)/bin:$$PATH" $(VENV)/bin/snakemake --cores "$$CORES"
# The name of a scale that is the path of a file is the file's.
NAME = name=$$(basename -- "$$SCALE" .yaml)
RESULTS = results/$$CRYSTAL/$$name
QCRYSTAL := $(VENV)/bin/python -P -m qcrystal
# Tests of one module stay in one process; two processes, as the longest group takes half of the time.
PYTEST := $(VENV)/bin/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder
# One line of progress; everything else goes to the file that it names.
PROGRESS = $(QCRYSTAL) progress "$(RESULTS)/logs/snakemake.log" --
RUN = PATH="$$PWD/$(VENV)/bin:$$PATH" $(PROGRESS) $(VENV)/bin/snakemake --cores "$$CORES"
CONFIG := --config "crystal=$$CRYSTAL" "scale=$$SCALE" "start=$$START" "device=$$DEVICE"
# pip brings uv, which installs the rest five times as fast; where uv does not reach the packages, pip installs them too.
PIP = $(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes
COMPILE := -m uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.PHONY: help variables figures test coverage acceptance error-coverage bench paper audit seal compare crate check docs lint types style format lock environment clean

help:
	@echo "make figures     every figure and table          SCALE=smoke|laptop|workstation|paper  START=model|labels|dft  DEVICE=cpu|cuda"
	@echo "                                                 CRYSTAL=lah10|h3s|...|all; all: those that have a released potential"
	@echo "make paper       the manuscript's PDF (needs TeX) SCALE=... START=..."
	@echo "make audit       where results come from, and whether they hold: T=<figure|table|number|run|model|file> (all if left out), HTML=page.html"
	@echo "make seal        list and sign the results            KEY=~/.ssh/id_ed25519"
	@echo "make compare     a new run's tables against the committed ones (results/reference), within errors   SCALE=..."
	@echo "make crate       the results and their history as a Provenance Run Crate   SCALE=..."
	@echo "make check       format, lint, types and the quick tests: before each commit"
	@echo "make docs        the documentation as a site, in build/site"
	@echo "make test        format, lint, unit and workflow tests: what CI runs"
	@echo "make error-coverage  the table of how often error bars hold the true mean"
	@echo "make coverage    how much of the library the quick tests reach, and whether that is enough"
	@echo "make acceptance  the slow tests of physics against exact results"
	@echo "make bench       step times of the engines and the workflow's cost, as ratios; writes bench.json (two free cores, half an hour)"
	@echo "make format      ruff and snakefmt over the sources"
	@echo "make lock        compile the lock files of envs anew from envs/*.in"
	@echo "Now: CRYSTAL=$$CRYSTAL SCALE=$$SCALE START=$$START DEVICE=$$DEVICE CORES=$$CORES"

environment: $(READY)

variables:
	@! command -v -- "$$PYTHON" >/dev/null || "$$PYTHON" scripts/qcrystal/config/make_variables.py

# The name holds the lock file's digest: a newer date of the same file builds nothing anew.
$(READY): | variables
	@"$$PYTHON" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Python 3.11 is needed, and $$PYTHON is not; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$$PYTHON" -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@"$$PYTHON" -c 'import os, re, sys; sys.exit(bool(re.search(r"[^A-Za-z0-9_@%+=,./\x80-\U0010ffff-]", os.getcwd())))' || \
		{ echo "$$PWD: Snakemake cannot run scripts by a path with a space or a sign that the shell reads; move the repository" >&2; exit 1; }
	@echo "Building $(VENV) from $(LOCK)"
	@base=$$("$$PYTHON" -c 'import sys; print(sys._base_executable)') && rm -rf $(VENV) && $$base -m venv $(VENV)
	@[ -z "$$PIP_INDEX_URL" ] || export UV_DEFAULT_INDEX="$$PIP_INDEX_URL"; $(PIP) -r envs/installer.lock && \
		$(VENV)/bin/uv pip install --quiet --link-mode copy --compile-bytecode --python $(VENV)/bin/python --require-hashes -r $(LOCK) || \
		{ echo "uv cannot install here; pip does, which takes some minutes more" >&2; $(PIP) -r $(LOCK); }
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@echo "Compiling the evaluator of potentials for this processor"
	@$(VENV)/bin/python -m qcrystal compile models/*/model.pb
	@touch $@

# A name of its own: `make -n` runs each line in which it reads MAKE itself.
EACH = $(MAKE) --no-print-directory figures

# The scale `reference` is days of computing: its figures are drawn from the committed tables, and nothing else runs.
# CRYSTAL=all takes the crystals that have a released potential, one after the other.
figures: $(READY)
	@$(NAME); if [ "$$CRYSTAL" = all ]; then for one in $$($(QCRYSTAL) crystals); do \
			echo "Crystal: $$one"; $(EACH) "CRYSTAL=$$one" || exit; done; exit; fi; \
		if [ "$$name" = reference ]; then $(QCRYSTAL) reduced figures --crystal "$$CRYSTAL" --scale "$$name"; exit; fi; \
		$(RUN) $(CONFIG) && echo "Results: $(RESULTS)/index.html   log: $(RESULTS)/logs/snakemake.log"

paper: $(READY)
	@command -v latexmk >/dev/null && command -v pdflatex >/dev/null || \
		{ echo "TeX is not installed; on Debian: apt-get install latexmk texlive-publishers texlive-latex-recommended texlive-fonts-recommended" >&2; exit 1; }
	@$(NAME); if [ "$$name" = reference ]; then $(QCRYSTAL) reduced paper --crystal "$$CRYSTAL" --scale "$$name"; exit; fi; \
		$(RUN) paper $(CONFIG) && echo "Manuscript: $(RESULTS)/manuscript/$${CRYSTAL##*/}.pdf"

audit: $(READY)
	@$(NAME); if [ "$$name" = reference ]; then $(QCRYSTAL) reduced restore --crystal "$$CRYSTAL" --scale "$$name" || exit; fi; \
		$(QCRYSTAL) audit --crystal "$$CRYSTAL" --scale "$$name" $(if $(START_SAID),--start "$$START") \
		$(if $(HTML),--html="$$HTML") $(if $(JSON),--json) $(if $(CACHE),--cache) $(if $(T),-- "$$T")

seal: $(READY)
	@$(NAME); $(QCRYSTAL) seal --crystal "$$CRYSTAL" --scale "$$name" $(if $(KEY),--key="$$KEY")

compare: $(READY)
	@$(NAME); $(QCRYSTAL) compare --crystal "$$CRYSTAL" --scale "$$name"

crate: $(READY)
	@$(NAME); for action in "write $(RESULTS)" verify validate; do $(QCRYSTAL) crate $$action "$(RESULTS)/crate.zip" || exit; done

lint: types style

types: $(READY)
	$(VENV)/bin/mypy

style: $(READY)
	$(VENV)/bin/ruff format --check scripts tests
	$(VENV)/bin/ruff check scripts tests
	$(VENV)/bin/codespell README.md CONTRIBUTING.md CHANGELOG.md docs scripts rules config profiles manuscript tests
	$(QCRYSTAL) lint-manuscript manuscript/lah10.tex
	$(VENV)/bin/snakefmt --check --compact-diff Snakefile rules
	$(SNAKEMAKE) --lint >/dev/null

format: $(READY)
	$(VENV)/bin/ruff check --fix scripts tests
	$(VENV)/bin/ruff format scripts tests
	$(VENV)/bin/snakefmt Snakefile rules

check: lint
	$(PYTEST) -m quick

# Types take longest, so that style and docs are checked beside them.
CHECKS = $(MAKE) --no-print-directory --jobs=2 --output-sync=target types style docs
test: $(READY)
	@$(CHECKS)
	$(PYTEST) -m "not slow"

# Without the workflow's tests: jobs run in processes of their own, where coverage does not look.
coverage: $(READY)
	$(PYTEST) -m "quick or engine" --cov --cov-report=term:skip-covered

docs: $(READY)
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet --site-dir build/site
	@echo "Site: build/site/index.html"

error-coverage: $(READY)
	PYTHONPATH=tests/support $(VENV)/bin/python tests/support/correlated_series.py docs/theory/error-coverage.table.md docs/theory/error-coverage-others.table.md

acceptance: $(READY)
	MEASURED=docs/exact_tests.csv $(VENV)/bin/python -m pytest -m slow

bench: $(READY)
	$(QCRYSTAL) bench --output bench.json --table docs/speed.csv

lock:
	"$$PYTHON" -m pip install --quiet uv
	"$$PYTHON" $(COMPILE) envs/installer.in -o envs/installer.lock
	"$$PYTHON" $(COMPILE) envs/requirements-cpu.in -o envs/requirements.lock
	"$$PYTHON" $(COMPILE) envs/requirements-cuda.in -o envs/requirements-cuda.lock

clean:
	rm -rf results/*/smoke results/*/laptop .snakemake
