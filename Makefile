# aivjd: `make run` to hear and see it, `make test` to prove it, `make help` for the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WEB := daemon/web
PIP := $(BIN)/pip --disable-pip-version-check -q
WEB_SOURCES := $(shell find $(WEB)/src -type f 2>/dev/null) $(wildcard $(WEB)/*.html $(WEB)/*.ts $(WEB)/*.json)
PACK := build/packs/demo
CONVERTER := build/shader-converter/shader-converter
RUN_ARGS ?=
PYTEST_ARGS ?=
GOLDEN_ARGS ?=
GOLDEN := $(dir $(wildcard tests/golden/*/session.json))

.PHONY: help setup run test check lint bench golden matrix test-arm lock clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

run: setup ## set up, listen, decide, serve the stage and control pages
	$(BIN)/aivjd run $(RUN_ARGS)

setup: $(VENV)/.installed $(WEB)/dist/.built $(PACK)/.built $(VENV)/.warm ## environment, web pages, demo pack, compiled kernels

test: setup $(VENV)/.installed-dev $(VENV)/.system-test $(CONVERTER) lint ## everything, with a real sound server, browser and lighting program
	cd $(WEB) && npm run --silent check
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: setup $(VENV)/.installed-dev lint ## the quick subset (under 90 s)
	$(BIN)/python -m pytest -m "not real and not slow" $(PYTEST_ARGS)

lint: $(VENV)/.installed-dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup ## latency of the live path, stage by stage
	$(BIN)/aivjd bench latency

golden: setup ## show which picks of the golden sessions change; GOLDEN_ARGS=--yes records them anew
	$(BIN)/python -m tests.golden.regenerate $(GOLDEN_ARGS)

matrix: setup ## the same bytes under many circumstances; writes the table into docs/determinism.md
	$(BIN)/python -m daemon.bench.determinism $(GOLDEN) --check tests/golden/hashes.json \
		--json build/determinism/matrix.json --docs docs/determinism.md

test-arm: setup ## the golden sessions on emulated aarch64 (needs the network; minutes)
	ARM_DOCS=docs/determinism.md tools/arm.sh

$(VENV)/.system-run: tools/system-packages.sh
	@PYTHON=$(PYTHON) sh tools/system-packages.sh run
	@mkdir -p $(VENV) && touch $@

$(VENV)/.system-test: tools/system-packages.sh
	@PYTHON=$(PYTHON) sh tools/system-packages.sh test
	@touch $@

$(VENV)/.made: $(VENV)/.system-run
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made requirements/live.txt pyproject.toml
	$(PIP) install --require-hashes -r requirements/live.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(WEB)/node_modules/.installed: $(WEB)/package.json $(WEB)/package-lock.json
	cd $(WEB) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(WEB)/dist/.built: $(WEB)/node_modules/.installed $(WEB_SOURCES)
	cd $(WEB) && npm run --silent build
	@touch $@

$(PACK)/.built: $(VENV)/.installed $(WEB)/node_modules/.installed $(wildcard models/*.py models/packs/*.py models/measure/*)
	@$(BIN)/aivjd pack build --from $(WEB)/node_modules/butterchurn-presets --out $(PACK)
	@touch $@

# HLSL to GLSL, for `aivjd pack convert`: built once from an npm package (half a minute of CPU).
$(CONVERTER): $(VENV)/.system-test $(wildcard tools/shader-converter/*)
	@sh tools/shader-converter/build.sh
	@touch $@

# Compiles the numba kernels once, so that the first start is as quick as the next.
$(VENV)/.warm: $(VENV)/.installed $(wildcard dsp/*.py dsp/kernels/*.py selector/kernels/*.py)
	$(BIN)/aivjd warm
	@touch $@

lock: ## write the hash-pinned requirement files anew (needs uv)
	uv pip compile pyproject.toml --extra build --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -o requirements/live.txt
	uv pip compile pyproject.toml --extra build --extra dev --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -o requirements/dev.txt

clean: ## remove everything that was made
	rm -rf $(VENV) build $(WEB)/node_modules $(WEB)/dist
