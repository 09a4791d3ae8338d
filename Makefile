# make demo: set up, build the bundled sample through all stages.  make test: style, types, imports and quick tests.
# make test-all: all tests, about 40 minutes.  make docs: the docs as web pages, in site/.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS := $(VENV)/.docs

.PHONY: demo test test-all check docs install clean

demo: $(READY)
	$(BIN)/leafinstruct build pipelines/demo.yaml --stage train
	$(BIN)/leafinstruct check runs/demo/shards
	$(BIN)/leafinstruct report pipelines/demo.yaml
	@echo
	@echo "report:             open runs/demo/report/index.html in a browser"
	@echo "funnel and counts:  $(BIN)/leafinstruct status"
	@echo "data card:          runs/demo/shards/data_card.md"
	@echo "trained samples:    runs/demo/train/samples"

# What people run while they work: minutes, no model.
test: check
	$(BIN)/pytest -m "not slow and not model"

# Everything: slow tests, models, the report in a browser, and a real corpus where LEAFINSTRUCT_CORPUS names one.
test-all: check
	$(BIN)/pytest

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Every link, name and page must be there: a warning fails.
docs: $(DOCS)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The constraints keep what the tests run with as it is.
$(DOCS): $(READY) pyproject.toml
	$(BIN)/python -m pip install --quiet -c constraints/cpu.txt -e ".[docs]"
	@touch $(DOCS)

install: $(READY)

# The lock is complete, so pip resolves nothing; a CPU build of torch needs the step after it (see constraints/).
$(READY): constraints/cpu.txt pyproject.toml constraints/torchvision_cpu.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps -r constraints/cpu.txt
	$(BIN)/python -m pip install --quiet --no-deps -e .
	$(BIN)/python constraints/torchvision_cpu.py
	@touch $(READY)

clean:
	rm -rf $(VENV) runs build dist site
