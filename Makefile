# Two targets matter: `make demo` does the main job, `make test` checks everything.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin

# The tests start Python a thousand times: what is compiled once is read by all, and so are pytest's own readings.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test tests unit slow lint site bench lock lock-clients clean

demo: $(VENV)/.engine  ## make a data set, train, evaluate and run inference, all by skillbank
	@PATH="$(BIN):$$PATH" $(BIN)/python examples/demo.py

test: $(VENV)/.dev  ## everything: linters beside the tests, quick tests in the time in which slow ones wait
	@$(MAKE) --no-print-directory -j2 lint tests

tests: $(VENV)/.dev  # most wait for processes more than they compute: six at once keep two cores busy
	$(BIN)/python -m pytest -q -n 6 --dist loadfile --no-loadscope-reorder --durations=12

unit: $(VENV)/.dev
	$(BIN)/python -m pytest -q -m "not slow" -n 2 --dist loadfile

slow: $(VENV)/.dev  # these wait for processes more than they compute: three at once keep two cores busy
	$(BIN)/python -m pytest -q -m slow -n 3 --dist loadfile --no-loadscope-reorder --durations=12

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/skillbank schemas generate --check
	$(BIN)/skillbank manifest check
	$(BIN)/skillbank packages check
	$(BIN)/skillbank lint .

site: $(VENV)/.dev  ## the documentation, into build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: $(VENV)/.dev
	@for b in benchmarks/[a-z]*.py; do m=benchmarks.$$(basename $$b .py); echo "== $$m"; $(BIN)/python -m $$m; done

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("skillbank needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

# Everything is of the versions in the lock, checked by hash, but torch: its builds differ by machine. What is
# imported is compiled then, the rest never.
TORCH = $(shell sed -n 's/^ *"\(torch==[^"]*\)",/\1/p' pyproject.toml)
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL = $(PIP) install --quiet --no-compile
LOCKED = $(BIN)/python locks/install.py

$(VENV)/.engine: pyproject.toml locks/engine.txt locks/installer.txt | $(VENV)/bin/python
	@echo "installing skillbank with the embedded engine (a minute or two)"
	@$(LOCKED) locks/engine.txt
	@$(INSTALL) $(TORCH)
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: pyproject.toml locks/dev.txt locks/installer.txt | $(VENV)/bin/python
	@echo "installing skillbank with the engine and the tools of the tests (a minute or two)"
	@$(LOCKED) locks/dev.txt
	@$(INSTALL) $(TORCH)
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.engine

# `make lock` fits the lock to pyproject.toml and leaves what fits as it is; `make lock UPGRADE=--upgrade` takes the
# newest versions that pyproject.toml allows.
UV = $(CURDIR)/$(VENV)/installer/bin/uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" $(UPGRADE)
PROJECT = pyproject.toml --no-emit-package torch --group build --extra engine --extra mcp --extra web

lock: | $(VENV)/bin/python
	@$(LOCKED)
	$(COMPILE) --group installer --output-file locks/installer.txt
	$(COMPILE) $(PROJECT) --extra dev --output-file locks/dev.txt
	$(COMPILE) $(PROJECT) --constraints locks/dev.txt --output-file locks/engine.txt

# What tests/clients plays: after a change of package.json or of a list's .in file.
lock-clients: | $(VENV)/bin/python
	@$(LOCKED)
	cd tests/clients && npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund
	@for list in tests/clients/python/*.in; do $(UV) pip compile $$list --quiet --universal \
		--python-version 3.11 --no-emit-index-url --no-annotate --no-header --output-file $${list%.in}.txt; done
	$(BIN)/python -m tests.clients.table

clean:
	rm -rf $(VENV) demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
