# Everything runs in a virtual environment of its own; VENV says where.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin

.PHONY: demo test lint types bench docs golden mutants scenarios clean

$(BIN)/scrubber: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(BIN)/pytest: $(BIN)/scrubber
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

$(BIN)/ruff: $(BIN)/pytest
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

# Install, and judge the shipped file as a biller would. Its rejects are the point: exit code 1 is right.
demo: $(BIN)/scrubber
	@$(BIN)/scrubber check fixtures/quickstart.837 --received 2026-09-16 --ack-dir acks; test $$? -eq 1
	@echo "Acknowledgements, and the same in words: acks/"

test: $(BIN)/pytest
	$(BIN)/pytest -n auto

lint: $(BIN)/ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(BIN)/ruff
	$(BIN)/mypy

bench: $(BIN)/pytest
	$(BIN)/python benchmarks/run.py

# What is generated and checked in: the guide's tables, the compiled catalogue, the JSON Schema, a page an edit.
docs: $(BIN)/pytest
	$(BIN)/python -m scrubber.x12.compile
	$(BIN)/python -m scrubber.catalogue.compile
	$(BIN)/python -m scrubber.reports.schema > docs/schema.json
	$(BIN)/python docs/build.py

# Golden acknowledgements are contracts: say in the commit why one changes.
golden: $(BIN)/pytest
	SCRUBBER_GOLDEN=write $(BIN)/pytest tests/test_acks.py

# Python checks with one condition turned round, one at a time: how many of them an example notices. Takes minutes.
mutants: $(BIN)/pytest
	$(BIN)/python tests/check_mutants.py

# The biller's cases of fixtures/scenarios: precision and recall on rejects, and every miss.
scenarios: $(BIN)/pytest
	@$(BIN)/python tests/scenarios.py

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis acks
