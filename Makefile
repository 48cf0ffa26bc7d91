# Two targets matter: `make demo` does the main job, `make test` checks everything.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin

.PHONY: demo test unit slow lint bench clean

demo: $(VENV)/.engine  ## make a data set, train, evaluate and run inference, all by skillbank
	@PATH="$(BIN):$$PATH" $(BIN)/python examples/demo.py

test: lint unit slow  ## everything

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
	$(BIN)/skillbank lint .

bench: $(VENV)/.dev
	@for b in benchmarks/*.py; do echo "== $$b"; $(BIN)/python $$b; done

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("skillbank needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.engine: pyproject.toml | $(VENV)/bin/python
	@echo "installing skillbank with the embedded engine (a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[engine]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@echo "installing skillbank with the engine and the tools of the tests (a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[engine,dev]'
	@touch $@ $(VENV)/.engine

clean:
	rm -rf $(VENV) demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
