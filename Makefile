# Everything a developer runs. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CONTENDERS := .venv-bench
ARGS ?=
PACKAGES := schemas state models streams storefront replay tierline

.DEFAULT_GOAL := help
.PHONY: help install demo test faults lint format type layers contracts readme bench fuzz quality watching lock check clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

install: $(STAMP)  ## make .venv with the locked versions

$(STAMP): requirements-dev.lock pyproject.toml scripts/install.sh
	@PYTHON=$(PYTHON) scripts/install.sh $(VENV)
	@touch $@

demo: $(STAMP)  ## play a year of real baskets (ARGS="--exit", ARGS="--speed max")
	@$(BIN)/tierline demo $(ARGS)

test: $(STAMP)  ## run every test (ARGS="tests/unit" for some)
	@scripts/install_browser.sh
	@scripts/test.sh $(BIN) $(ARGS)

faults: $(STAMP)  ## every fault test at full size, over half an hour (ARGS="-k zombie" for some)
	@scripts/faults.sh $(BIN) $(ARGS)

lint: $(STAMP)  ## ruff: rules and format of the imports
	@$(BIN)/ruff check .

format: $(STAMP)  ## ruff: mend what it can
	@$(BIN)/ruff check --fix .

type: $(STAMP)  ## mypy --strict over everything, tests too
	@$(BIN)/mypy .

layers: $(STAMP)  ## import-linter: dependencies point one way
	@$(BIN)/lint-imports --no-logo

contracts: $(STAMP)  ## write the published JSON Schemas and the AsyncAPI document
	@$(BIN)/python -m schemas.published $(ARGS)

readme: $(STAMP)  ## run the commands of the README and docs
	@scripts/readme.sh $(BIN)

bench: $(STAMP) $(CONTENDERS)/.installed  ## measure beside what else one could take (never a test)
	@$(BIN)/python -m bench --contenders $(CONTENDERS)/bin/python $(ARGS)

$(CONTENDERS)/.installed: bench/requirements.lock scripts/install_contenders.sh
	@PYTHON=$(PYTHON) scripts/install_contenders.sh $(CONTENDERS)

fuzz: $(STAMP)  ## mutated records beside the oracle (ARGS="--records 1000000 --seed 7")
	@$(BIN)/python -m tests.fuzz $(ARGS)

quality: $(STAMP)  ## measure clusters, edges and value beside batch models (ARGS="--quick")
	@$(BIN)/python -m bench.quality $(ARGS)

watching: $(STAMP)  ## 500 pages open while 5,000 orders a second flow (ARGS="--quick")
	@$(BIN)/python -m bench.watching $(ARGS)

lock: $(STAMP)  ## resolve the newest allowed versions into the lock files
	@scripts/lock.sh $(VENV)

check: test lint type layers  ## what the hook and CI run
	@$(BIN)/python -m schemas.published --check

clean:  ## remove the environment and caches (the download cache stays)
	rm -rf $(VENV) $(CONTENDERS) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
