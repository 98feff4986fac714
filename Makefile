# Everything sets itself up in .venv, on a machine that has Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .venv-peers
CODE := gigachat_cli tests bench scripts

.PHONY: help demo test check soak bench format reference lock clean

help:
	@echo "make demo       ask the simulator, without a key"
	@echo "make test       every check that CI runs"
	@echo "make soak       the long runs: kills, load, fuzzing"
	@echo "make bench      the measurements, each beside a floor"
	@echo "make format     format the code"
	@echo "make reference  make docs/reference, docs/pictures, man and completions from the program"
	@echo "make lock       pin the newest versions for development (needs uv)"

demo: $(READY)
	@$(BIN)/gigachat simulator -- $(BIN)/gigachat ask "What can you do?"

test: check
	$(BIN)/python -m pytest

check: $(READY)
	$(BIN)/ruff format --check --quiet $(CODE)
	$(BIN)/ruff check --quiet $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry gigachat_cli
	$(BIN)/codespell gigachat_cli bench scripts docs README.md CHANGELOG.md

soak: $(READY)
	$(BIN)/python -m pytest -m soak --timeout 1800

bench: $(READY) $(PEERS)/.ready
	$(BIN)/python -m bench

# Other clients to measure beside; where they do not install, they are left out.
$(PEERS)/.ready:
	@$(PYTHON) -m venv $(PEERS)
	-@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check llm
	@touch $(PEERS)/.ready

format: $(READY)
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

reference: $(READY)
	$(BIN)/python scripts/reference.py

lock:
	uv pip compile pyproject.toml --group dev --extra images --extra keyring --extra simulator --extra socks --universal \
		--python-version 3.11 --generate-hashes --no-header --upgrade --quiet --output-file requirements-dev.txt

clean:
	rm -rf $(VENV) $(PEERS)

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, as in: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)
