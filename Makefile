# 依据 Yiju: two commands matter, `make serve` and `make test`. Nothing is fetched after installation.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
INDEX  ?= data/index
PORT   ?= 7860
# sentence-transformers and torch serve encoders other than the default; `make install EXTRAS=` leaves them out.
EXTRAS ?= sentence-transformers
# Which benchmarks, and where their figures go: `make bench BENCH="answers commands --json FILE"`; all by default.
BENCH  ?=
comma  := ,

.PHONY: install serve test lint bench reader screenshots clean
.DEFAULT_GOAL := serve

# Stamps make the second run start at once: they are older than what they depend on only after a change.
$(VENV)/installed: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, found " + sys.version)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.$(if $(EXTRAS),[$(EXTRAS)])'
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[dev$(if $(EXTRAS),$(comma)$(EXTRAS))]'
	touch $@

install: $(VENV)/installed

$(INDEX)/manifest.json: | install
	$(BIN)/yiju-index build data/documents -o $(INDEX)

serve: install $(INDEX)/manifest.json
	$(BIN)/yiju-serve --index $(INDEX) --port $(PORT)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest

bench: $(VENV)/installed-dev
	$(BIN)/python -m eval.bench $(BENCH)

# Fits qa/ranking.json on the development halves of the gold sets.
reader: $(VENV)/installed-dev
	$(BIN)/python -m eval.fit_reader

screenshots: $(VENV)/installed-dev $(INDEX)/manifest.json
	$(BIN)/python -m tests.screenshots $(INDEX)

clean:
	rm -rf $(VENV) $(INDEX) .pytest_cache .mypy_cache .ruff_cache
