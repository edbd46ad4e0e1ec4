# Everything here needs only Python 3.11 or newer and make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed

.PHONY: quickstart test test-long lint docs-note-gan docs-note docs-note-large docs-farm docs-parallel docs-judge docs-models docs-whole docs-coverage whole-datasets docs-reference docs-bench docs-header docs-large benchmark quickstart-sample quickstart-bundle clean

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

# The studies and the table of docs/note.md: DATASET made by `muforge ingest`; ONLY="smearing dangerous" runs these
# studies alone. Interrupted, it goes on.
docs-note: $(STAMP)
	$(BIN)/python -m scripts.note_studies $(DATASET) $(if $(ONLY),--only $(ONLY))
	$(if $(ONLY),,$(BIN)/python -m benchmarks.tree_depth $(DATASET))

# The measured figures of docs/farm.md: BUNDLE of `--preset best`.
docs-farm: $(STAMP)
	$(BIN)/python -m benchmarks.farm $(BUNDLE)
	$(BIN)/python -m scripts.production_cost
	$(BIN)/python -m scripts.farm_options

# Training by several processes in docs/parallel.md.
docs-parallel: $(STAMP)
	$(BIN)/torchrun --standalone --nproc-per-node 2 -m benchmarks.parallel

# The same studies with their configurations for a GPU, into build/studies-large and a record, not into the page.
docs-note-large: $(STAMP)
	$(BIN)/python -m scripts.note_studies $(DATASET) --large $(if $(ONLY),--only $(ONLY))

# The verdicts and the page of docs/judge.md: DATASET made by `muforge ingest`, BUNDLE of the note's GAN trained on it.
docs-judge: $(STAMP)
	$(BIN)/python -m scripts.judge_verdicts $(DATASET) $(BUNDLE)

# The table of docs/models.md: DATASET made by `muforge ingest`. About an hour on two processors; interrupted, it goes on.
docs-models: $(STAMP)
	$(BIN)/python -m benchmarks.models $(DATASET)

# The tables of whole muons and pairs in docs/models.md: DATASETS made by the target below, an hour on two processors.
docs-whole: $(STAMP)
	$(BIN)/python -m benchmarks.whole $(DATASETS)

# The data sets `natural` and `pairs` behind docs-whole, half an hour.
whole-datasets: $(STAMP)
	$(BIN)/muforge simulate --pot 300000 --seed 21 --out natural.root
	$(BIN)/muforge simulate --pot 500000 --seed 31 --out pairs.root --boost pion=100 --boost kaon=100 \
		--boost k_long=100 --boost charm=400 --boost dimuon=12000 --boost conversion=12000 \
		--boost charmonium=12000 --boost drell_yan=12000
	$(BIN)/muforge ingest natural.root --out natural
	$(BIN)/muforge ingest pairs.root --out pairs

# Coverage and bounds in docs/models.md: BUNDLE trained on DATASET with --replicas 8.
docs-coverage: $(STAMP)
	$(BIN)/python -m benchmarks.coverage $(DATASET) $(BUNDLE)

# Rates of generating in docs/performance.md: BUNDLE of `--preset best`.
docs-bench: $(STAMP)
	$(BIN)/python -m benchmarks.generation $(BUNDLE)

# Rates of the C++ header in docs/export.md: BUNDLE of `--preset best`. Needs g++.
docs-header: $(STAMP)
	$(BIN)/python -m benchmarks.header $(BUNDLE)

# The file of 1e8 muons in docs/performance.md: BUNDLE trained on DATASET. Takes 3 GB of disk.
docs-large: $(STAMP)
	$(BIN)/python -m benchmarks.large $(DATASET) $(BUNDLE)

# Ingesting and training in docs/performance.md: FILES are flat full-simulation files.
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
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[simulate,judge,farm,watch,export]' --group dev
	touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
