# make repro   set up and run the pipeline; make repro GPU=1 adds the CUDA libraries, on Linux
# make check   set up, lint, and run the short tests
# make test    the same with all tests
# make reset   bring params.yaml, dvc.lock, metrics and data back to the last commit
# make report  set up and write report.html of the last results; REVS="main exp-name" compares
# make demo    set up and open a page to try the last results with: draw a digit, drop a picture
# make lock    write requirements.txt anew from pyproject.toml, and what adds to it: for the GPU, for
#              the demo, and for tests
# uv installs where it is there, pip where not: the same versions, and the same hashes. Both compile
# what they install: where PYTHONDONTWRITEBYTECODE is set, each stage would spend 10 s on it anew.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
READY := .venv/.ready
DEV := .venv/.ready-dev
CUDA := .venv/.ready-gpu
DEMO := .venv/.ready-demo
UV := $(shell uv --version > /dev/null 2>&1 && command -v uv)
VENV := $(if $(UV),uv venv --quiet --allow-existing --python $(PYTHON) .venv,$(PYTHON) -m venv .venv)
INSTALL := $(if $(UV),uv pip install --compile-bytecode --python .venv/bin/python,.venv/bin/pip install) --quiet --require-hashes
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH"
# Workers with a thread each get more done than workers with two. Of three that start processes, one
# often waits.
PYTEST := $(RUN) TF_NUM_INTRAOP_THREADS=1 python -m pytest

.PHONY: setup repro reset check test report demo lock lint moved

setup: $(READY)

# The environment's commands name the folder that they were installed in: after a move or a copy of
# the project they would run what is there.
ifneq ($(shell cat $(READY) 2> /dev/null || echo "$(CURDIR)"),$(CURDIR))
$(READY): moved
moved:
	rm -rf .venv
endif

$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	    { echo "error: this is $$($(PYTHON) --version); adda runs on 3.11 to 3.13: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(VENV)
	$(INSTALL) --requirement requirements.txt
	echo "$(CURDIR)" > $@

$(DEV): $(READY) requirements-dev.txt
	$(INSTALL) --requirement requirements-dev.txt
	touch $@

$(CUDA): $(READY) requirements-gpu.txt
	$(INSTALL) --requirement requirements-gpu.txt
	touch $@

$(DEMO): $(READY) requirements-demo.txt
	$(INSTALL) --requirement requirements-demo.txt
	touch $@

repro: $(READY) $(if $(GPU),$(CUDA))
	@git rev-parse --git-dir > /dev/null || \
	    { echo "error: DVC needs a git repository (a ZIP has none): use git clone, or here: git init && git add . && git commit -m adda" >&2; exit 1; }
	$(RUN) dvc repro
	@if ! git diff --quiet HEAD -- params.yaml dvc.yaml adda stages; then :; \
	elif git diff --quiet HEAD -- metrics/evaluation.json; then \
	    cat metrics/evaluation.json; \
	    echo "These are the results of the commit, to the last digit: there is nothing to commit."; \
	else \
	    $(RUN) dvc metrics diff; \
	    echo "Code and parameters are those of the commit: only this machine's arithmetic differs."; \
	    echo "To compare experiments with this run, and to come back to it: git commit -am 'Results on this machine'"; \
	fi

# DVC keeps a file's size when -S changes a value, so git may take it for unchanged: it compares the
# time of the last change in whole seconds. A time that no commit has makes it look.
reset:
	touch -t 200001010000 params.yaml dvc.lock metrics/*
	git restore --source=HEAD --staged --worktree params.yaml dvc.lock metrics
	$(RUN) dvc checkout --allow-missing
	@test -e data/adapted || \
	    echo "The commit's results are another machine's: make repro makes them here" >&2
	@git symbolic-ref --quiet HEAD > /dev/null || \
	    echo "HEAD is no branch, as an experiment that was killed leaves it: git switch main" >&2

lint: $(DEV)
	$(RUN) ruff check .
	$(RUN) ruff format --check .

check: lint
	$(PYTEST) --numprocesses 2 -m "not process"

test: lint
	$(PYTEST) --numprocesses 3 --dist worksteal

report: $(READY)
	$(RUN) python -m adda report $(REVS)

demo: $(DEMO)
	$(RUN) python -m adda demo

COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url

# The demo is the choosiest: what it allows goes for all.
lock:
	$(COMPILE) --extra demo --output-file requirements-demo.txt
	$(COMPILE) --constraint requirements-demo.txt --output-file requirements.txt
	$(COMPILE) --extra demo --group dev --constraint requirements-demo.txt --output-file requirements-dev.txt
	$(COMPILE) --extra gpu --constraint requirements.txt --output-file requirements-gpu.txt
