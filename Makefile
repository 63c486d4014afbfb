# Two targets do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
JOBS ?= 2

.PHONY: help demo test lint types slow wheel clean

help:
	@echo "make demo   install into $(VENV), train on data/cars, predict photos it never saw"
	@echo "make test   lint, types and tests"
	@echo "make slow   the tests that take minutes"
	@echo "make wheel  build the wheel, and try it in an empty environment"

demo: $(VENV)/.installed
	rm -rf $(DEMO)
	$(BIN)/kclass fit data/cars --out $(DEMO)/run
	$(BIN)/kclass predict data/cars/test --model $(DEMO)/run/model.keras --csv $(DEMO)/predictions.csv --explain $(DEMO)/overlays
	@echo
	@echo "The answers are in data/cars/test-labels.csv. What was made:"
	@echo "  $(DEMO)/run/report.html  how good it is, and where it is wrong"
	@echo "  $(DEMO)/run              model.keras, metrics.json, predictions.csv, confusion matrix"
	@echo "  $(DEMO)/predictions.csv  what the unseen photos are"
	@echo "  $(DEMO)/overlays         where the network looked"

# Each of the JOBS has a core; with more threads than that linear algebra waits for itself.
test: lint types
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow -o faulthandler_timeout=1800

wheel: $(VENV)/.installed-dev
	sh .ci/wheel $(PYTHON) $(BIN)/python

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "kclass needs Python 3.11, 3.12 or 3.13; give one: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv is missing; install it (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.made pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) $(DEMO) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
