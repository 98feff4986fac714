# Everything sets itself up in .venv, on a machine that has Python 3.11 or newer and make.
# PYTHON=python3.13 takes another one, with a folder of its own; WORKERS=2 is how many tests run at a time.
PYTHON ?= python3
WORKERS ?= 4
# `python3` is the usual one and lives in .venv; any other has its version in the name of its folder.
ifeq ($(PYTHON),python3)
VENV := .venv
else
VENV := .venv-$(shell $(PYTHON) -c "import platform; print(platform.python_version())")
endif
ifeq ($(OS),Windows_NT)
PROGRAMS := Scripts
else
PROGRAMS := bin
endif
BIN := $(VENV)/$(PROGRAMS)
READY := $(VENV)/.ready
PEERS := .venv-peers
CODE := gigachat_cli tests bench scripts
PYTEST := python -m pytest -n $(WORKERS) --dist loadgroup

.PHONY: help demo test check test-lowest test-newest soak bench format reference lock dist test-dist test-modes clean

help:
	@echo "make demo         ask the simulator, without a key"
	@echo "make test         every check that CI runs; PYTHON=python3.13 takes another Python"
	@echo "make check        those that read the code, without the tests"
	@echo "make test-lowest  the tests with the oldest dependencies that pyproject.toml allows"
	@echo "make test-newest  the tests with the newest ones"
	@echo "make test-modes   the tests of the program as a process, under MODE=-OO or another option of Python"
	@echo "make test-dist    build twice, compare the bytes, and run the tests from the unpacked sdist"
	@echo "make soak         the long runs: kills, load, fuzzing"
	@echo "make bench        the measurements, each beside a floor"
	@echo "make format       format the code"
	@echo "make reference    make docs/reference, docs/pictures, man and completions from the program"
	@echo "make lock         pin the newest versions for development (needs uv)"
	@echo "make dist         build the sdist and the wheel, the same bytes each time"

demo: $(READY)
	@$(BIN)/gigachat simulator -- $(BIN)/gigachat ask "What can you do?"

test: check
	$(BIN)/$(PYTEST)

check: $(READY)
	$(BIN)/ruff format --check --quiet $(CODE)
	$(BIN)/ruff check --quiet $(CODE)
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 gigachat_cli
	$(BIN)/mypy --platform darwin gigachat_cli
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry gigachat_cli
	$(BIN)/codespell gigachat_cli bench scripts docs README.md CHANGELOG.md CONTRIBUTING.md

test-lowest test-newest: test-%: .venv-%/.ready
	.venv-$*/$(PROGRAMS)/$(PYTEST)

# The option is for the program that the tests start; the tests themselves need their assertions.
MODE ?= -OO
test-modes: $(READY)
	GIGACHAT_TESTS_PYTHON="$(MODE)" $(BIN)/$(PYTEST) tests/e2e tests/repl

soak: $(READY)
	$(BIN)/$(PYTEST) -m soak --timeout 1800

bench: $(READY) $(PEERS)/.ready
	$(BIN)/python -m bench

# Other clients to measure beside; where they do not install, they are left out.
$(PEERS)/.ready:
	@$(PYTHON) -m venv $(PEERS)
	-@$(PEERS)/$(PROGRAMS)/python -m pip install --quiet --disable-pip-version-check llm
	@touch $(PEERS)/.ready

format: $(READY)
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

reference: $(READY)
	$(BIN)/python scripts/reference.py

lock:
	uv pip compile pyproject.toml --group dev --extra images --extra keyring --extra simulator --extra socks --universal \
		--python-version 3.11 --generate-hashes --no-header --upgrade --quiet --output-file requirements-dev.txt

# Files in an archive have the time of the last commit.
dist: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)
dist: $(READY)
	rm -rf dist
	$(BIN)/python -m hatchling build

test-dist: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)
test-dist: dist
	$(BIN)/python -m hatchling build --directory dist/again
	for file in dist/*.whl dist/*.tar.gz; do cmp "$$file" "dist/again/$${file#dist/}" || exit 1; done
	mkdir dist/unpacked
	tar -xzf dist/*.tar.gz -C dist/unpacked --strip-components 1
	cd dist/unpacked && $(abspath $(BIN))/$(PYTEST)
	rm -rf dist/again dist/unpacked

clean:
	rm -rf .venv .venv-* dist

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, as in: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

# The tools of development are the newest in both: what is tried is what a user's installation may hold.
.venv-lowest/.ready: RESOLUTION := lowest-direct
.venv-newest/.ready: RESOLUTION := highest
.venv-lowest/.ready .venv-newest/.ready: pyproject.toml
	@echo "Setting up $(@D) …"
	@$(PYTHON) -m venv $(@D)
	@$(@D)/$(PROGRAMS)/python -m pip install --quiet --disable-pip-version-check uv
	@$(@D)/$(PROGRAMS)/uv pip compile --quiet pyproject.toml --all-extras --resolution $(RESOLUTION) \
		--python $(@D)/$(PROGRAMS)/python --upgrade --no-header --output-file $(@D)/versions.txt
	@$(@D)/$(PROGRAMS)/uv pip install --quiet --python $(@D)/$(PROGRAMS)/python --constraints $(@D)/versions.txt \
		--group dev --editable ".[images,keyring,simulator,socks]"
	@touch $@
