# make demo | test | check | install | models: each does everything that it needs, on a machine with Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 7860

.PHONY: demo test check install clean models
.DEFAULT_GOAL := demo

install: $(VENV)/.installed

# In two steps, so that a half-made environment is never taken for a whole one.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Colonnade needs Python 3.11 or newer; say make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt 'pip>=25'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: install
	$(BIN)/colonnade assets fetch
	$(BIN)/colonnade demo --port $(PORT)

test: install
	$(BIN)/colonnade assets fetch
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadgroup -m "not (alone or browser)"
	$(BIN)/pytest -m "alone or browser"

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) test

# What a first start would otherwise train, on the rows of today; a test says when it is time. Half an hour.
models: install
	$(BIN)/colonnade train finance --task tone --out solutions/finance/models/tone
	$(BIN)/colonnade train finance --task topic --out solutions/finance/models/topic
	$(BIN)/colonnade train medical --task image --out solutions/medical/models/image
	$(BIN)/colonnade train support --task intent --out solutions/support/models/intent
	$(BIN)/colonnade train support --task mood --out solutions/support/models/mood

clean:
	rm -rf $(VENV) dist artifacts .mypy_cache .ruff_cache .pytest_cache
