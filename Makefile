# Everything here needs only Python 3.11 or newer and make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed

.PHONY: quickstart test test-long lint docs-note-gan docs-judge docs-models docs-reference benchmark quickstart-sample quickstart-bundle clean

quickstart: $(STAMP)
	$(BIN)/muforge quickstart --out quickstart

test: $(STAMP)
	$(BIN)/python -m pytest

# Statistics and comparisons that take minutes.
test-long: $(STAMP)
	$(BIN)/python -m pytest -m long

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The figures and tables of docs/note_gan.md: DATASET is a data set made by `muforge ingest`.
docs-note-gan: $(STAMP)
	$(BIN)/python -m scripts.note_gan $(DATASET)

# The verdicts and the page of docs/judge.md: DATASET made by `muforge ingest`, BUNDLE of the note's GAN trained on it.
docs-judge: $(STAMP)
	$(BIN)/python -m scripts.judge_verdicts $(DATASET) $(BUNDLE)

# The table of docs/models.md: DATASET made by `muforge ingest`. About an hour on two processors; interrupted, it goes on.
docs-models: $(STAMP)
	$(BIN)/python -m benchmarks.models $(DATASET)

# The record behind docs/performance.md: FILES are flat full-simulation files.
benchmark: $(STAMP)
	$(BIN)/python -m benchmarks.run --files $(FILES)

# The figures and tables of docs/reference.md: REFERENCE are the prototype's files, PROTOTYPE its folder.
docs-reference: $(STAMP)
	$(BIN)/python -m scripts.reference_page --pot 60000
	$(BIN)/python -m scripts.reference_checks $(if $(REFERENCE),--reference $(REFERENCE))
	$(BIN)/python -m benchmarks.simulation $(if $(PROTOTYPE),--prototype $(PROTOTYPE))

# The sample that the package carries.
quickstart-sample: $(STAMP)
	$(BIN)/python -m scripts.make_quickstart_sample

# The models that `muforge quickstart` judges, from the sample that the package carries.
quickstart-bundle: $(STAMP)
	$(BIN)/python scripts/train_quickstart_bundle.py

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[simulate,judge,watch]' --group dev
	touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
