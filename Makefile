# Needs make and a Python of 3.11 or newer, nothing else: everything is installed into .venv, from locked packages.
#   make book PYTHON=/path/to/python3.12     where the first python3 on the PATH is too old
#   make data CORES=2                        glasses and vibrations; or PROFILE=workflow/profiles/slurm, on a cluster

PYTHON  = python3
CHAPTER =
SCALE   = book
WORKERS =
TESTERS = auto
LABFLAGS =
CORES   = all
PROFILE =

BIN   = .venv/bin
STAMP = .venv/ready

# the kernel of .venv, also where a user has one of the same name
export JUPYTER_PREFER_ENV_PATH = 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help book test test-fast soak lint lab run bench data paper clean distclean lock setup

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

book: $(STAMP) ## run the pages that changed and build _build/html (SCALE=ci: a quick preview)
	@$(BIN)/python -m bosonpeak.book.build --scale $(SCALE) $(if $(WORKERS),--workers $(WORKERS))

test: $(STAMP) ## all tests: units, every chapter at ci scale, the pages in chromium
	@$(BIN)/python -m pytest -n $(TESTERS) --dist loadgroup

test-fast: $(STAMP) ## the tests that are quick, in one process
	@$(BIN)/python -m pytest -m "not slow and not book"

soak: $(STAMP) ## damaged files by the thousand and 300 kills: half an hour
	@BOSONPEAK_TRIALS=400 BOSONPEAK_KILLS=70 $(BIN)/python -m pytest -n $(TESTERS) \
	  tests/unit/test_damage.py tests/workflow/test_kills.py

lint: $(STAMP) ## ruff: rules and format, of modules and of the cells of the pages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m bosonpeak.book.cells

lab: $(STAMP) ## JupyterLab, where a chapter (.md) opens as a notebook (LABFLAGS=... is passed to it)
	@$(BIN)/jupytext-config --settings-file .venv/etc/jupyter/labconfig/default_setting_overrides.json \
	  set-default-viewer markdown myst
	@$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/book $(LABFLAGS)

run: $(STAMP) ## one chapter: make run CHAPTER=jiang-2026 SCALE=ci
	@if [ -z "$(CHAPTER)" ]; then echo "which chapter? make run CHAPTER=name SCALE=ci|book|paper" >&2; \
	  $(BIN)/bosonpeak chapters >&2; exit 2; fi
	@$(BIN)/bosonpeak run "$(CHAPTER)" --scale "$(SCALE)"

bench: $(STAMP) ## engine, Hessians, modes, saddles, B(Q, E), compared with scipy, matscipy, LAMMPS, kwant, ASE, dynasor (40 minutes)
	@for name in engine hessian modes saddles scattering; do $(BIN)/python benchmarks/$$name.py || exit 1; echo; done

# both resume where they were stopped, also after a kill
WORKFLOW = $(BIN)/snakemake --snakefile workflow/Snakefile $(if $(PROFILE),--profile $(PROFILE),--cores $(CORES))

data: $(STAMP) ## glasses and all that is computed on them, into data/ (CORES=..., PROFILE=workflow/profiles/slurm)
	@$(WORKFLOW) data

paper: $(STAMP) ## the same at the papers' sizes, and the chapters at paper scale: hours to days
	@$(WORKFLOW) paper

setup: $(STAMP) ## only install into .venv

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "no $(PYTHON) found: install Python 3.11 or newer, or say make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11: say which newer one to use, as in make PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing the locked packages into .venv (about a minute, 2.2 GB) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

clean: ## remove what was built and run (_build), unfinished quenches included
	rm -rf _build .pytest_cache .ruff_cache

distclean: clean ## remove .venv too
	rm -rf .venv

lock: ## resolve requirements.lock again from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv on the PATH" >&2; exit 1; }
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --no-annotate --all-extras pyproject.toml -o requirements.lock
