# `make help` lists what can be done. Needs make, git and Python 3.11 or newer; everything else goes into .venv.

PYTHON ?= $(firstword $(foreach python,python3 python3.13 python3.12 python3.11,$(shell \
	$(python) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(python))))
BIN := .venv/bin
# pip's own settings are the machine's business; what is installed is fixed by the hashes in the constraints.
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
NODE := tests/setup/node
MOTO := tests/setup/moto

.DEFAULT_GOAL := help
.PHONY: help demo test torture check format bench lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

demo: .venv/run ## build the example publication, rehearse its digest, say where to look
	@$(BIN)/briefingfeed demo

test: .venv/develop $(NODE)/node_modules/.stamp $(MOTO)/.venv/stamp ## run every test (installs what they need)
	@tests/setup/debian.sh
	@$(BIN)/python -m pytest -n 2 $(TESTS)

torture: .venv/develop ## a thousand editions killed at random instants (ROUNDS=, SEED=, ONLY=; takes an hour or two)
	@tests/setup/debian.sh
	@$(BIN)/python tests/faults/torture.py $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(ONLY),--only $(ONLY))
	@BRIEFINGFEED_STATEFUL_EXAMPLES=2000 $(BIN)/python -m pytest -q --hypothesis-profile=roaming tests/stateful
	@BRIEFINGFEED_TEST_READERS=100000 $(BIN)/python -m pytest -q tests/faults/test_f23_many_readers.py

check: .venv/develop ## lint, format, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/unit/test_layers.py

format: .venv/develop ## put the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: .venv/develop ## measure builds and sending beside their yardsticks (takes about an hour)
	@tests/setup/debian.sh benchmarks
	@$(BIN)/python benchmarks/build.py
	@$(BIN)/python benchmarks/feeds.py
	@$(BIN)/python benchmarks/send.py --runs 3
	@$(BIN)/python benchmarks/latency.py --runs 3
	@$(BIN)/python benchmarks/services.py
	@$(BIN)/python benchmarks/copies.py
	@$(BIN)/python benchmarks/signing.py
	@$(BIN)/python benchmarks/freeze.py
	@$(BIN)/python benchmarks/million.py
	@$(BIN)/python benchmarks/startup.py
	@$(BIN)/python benchmarks/preview.py

lock: .venv/develop ## choose all versions anew
	@$(PIP) install uv
	@$(LOCK) --upgrade pyproject.toml -o constraints.txt
	@$(LOCK) --upgrade --constraint constraints.txt --group dev pyproject.toml tests/setup/build.in \
		-o tests/setup/constraints.txt
	@$(LOCK) --upgrade --python-version 3.11 $(MOTO)/packages.in -o $(MOTO)/constraints.txt

clean: ## remove what was made here: .venv, caches, public/ (var/ is kept: subscribers live there)
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage dist build public $(NODE)/node_modules \
		$(MOTO)/.venv

# Stamps: a folder of packages is as good as the files it was made from.

.venv/run: constraints.txt pyproject.toml | .venv/bin/python
	@echo "Installing into .venv (once; a moment) …"
	@$(PIP) install --require-hashes --requirement constraints.txt
	@$(PIP) install --no-deps --editable .
	@touch $@

.venv/develop: tests/setup/constraints.txt pyproject.toml | .venv/bin/python
	@echo "Installing the tests' packages into .venv (once) …"
	@$(PIP) install --require-hashes --requirement tests/setup/constraints.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ .venv/run

# The registry is the machine's business here, too: the lock file names none, and fixes what comes by its hashes. Without
# npm the tests that need these packages fail.
$(NODE)/node_modules/.stamp: $(NODE)/package-lock.json $(NODE)/package.json
	@tests/setup/debian.sh
	@echo "Installing the tests' packages for Node (once) …"
	-@npm ci --prefix $(NODE) --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@

# Packages that can't live beside ours, in a home of their own.
$(MOTO)/.venv/stamp: $(MOTO)/constraints.txt | .venv/bin/python
	@echo "Installing moto for the tests (once) …"
	@$(BIN)/python -m venv --clear $(MOTO)/.venv
	@$(MOTO)/.venv/bin/python -m pip --disable-pip-version-check -qq install --require-hashes --requirement $<
	@touch $@

.venv/bin/python:
	$(if $(PYTHON),,$(error briefingfeed needs Python 3.11 or newer; none was found. PYTHON=/path/to/python names one))
	@$(PYTHON) -m venv .venv
