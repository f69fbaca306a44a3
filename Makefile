# make repro   set up and run the pipeline
# make check   set up, lint, and run the tests that start no processes: two minutes
# make test    the same with all tests: ten minutes
# make report  set up and write report.html of the last results; REVS="main exp-name" compares
# make lock    write requirements.txt anew from pyproject.toml

PYTHON ?= $(shell command -v python3.11 || command -v python3)
READY := .venv/.ready
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH"
# Two workers with a thread each get more done than two with two.
PYTEST := $(RUN) TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 python -m pytest --numprocesses 2

.PHONY: setup repro check test report lock lint

setup: $(READY)

$(READY): requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --require-hashes --requirement requirements.txt
	touch $@

repro: $(READY)
	$(RUN) dvc repro
	@if git diff --quiet HEAD -- params.yaml dvc.yaml adda stages \
	    && ! git diff --quiet HEAD -- metrics/evaluation.json; then \
	    $(RUN) dvc metrics diff; \
	    echo "Code and parameters are those of the commit: this machine's arithmetic alone differs."; \
	    echo "To compare your experiments with this run: git commit -am 'Results on this machine'"; \
	fi

lint: $(READY)
	$(RUN) ruff check .
	$(RUN) ruff format --check .

check: lint
	$(PYTEST) -m "not process and not slow"

test: lint
	$(PYTEST) --dist worksteal

report: $(READY)
	$(RUN) python -m adda report $(REVS)

lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --output-file requirements.txt
