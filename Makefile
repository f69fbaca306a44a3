# make repro   set up and run the pipeline
# make test    set up, lint and test
# make report  set up and write report.html of the last results; REVS="main exp-name" compares
# make lock    write requirements.txt anew from pyproject.toml

PYTHON ?= $(shell command -v python3.11 || command -v python3)
READY := .venv/.ready
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH"

.PHONY: setup repro test report lock

setup: $(READY)

$(READY): requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --require-hashes --requirement requirements.txt
	touch $@

repro: $(READY)
	$(RUN) dvc repro

test: $(READY)
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) python -m pytest --numprocesses 2 --dist loadfile

report: $(READY)
	$(RUN) python -m adda report $(REVS)

lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --output-file requirements.txt
