# Everything a newcomer needs: Python 3.11+, make and a package index.
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin

.PHONY: demo test check bench drill clients setup clean

demo: .venv/ready
	$(BIN)/barometer demo $(if $(ONCE),--once) $(if $(ACCOUNTS),--accounts $(ACCOUNTS))

test: .venv/ready
	$(BIN)/pytest -n 2 --dist worksteal $(ARGS)

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready
	$(BIN)/python -m benchmarks $(ARGS)

drill: .venv/ready
	DRILL_KILLS=50 $(BIN)/pytest -n 2 tests/jobs/test_kill.py -k any_kill $(ARGS)
	DRILL_WORLDS=500 $(BIN)/pytest -n 2 tests/jobs/test_preview.py $(ARGS)

clients: .venv/ready
	$(BIN)/pytest -m clients tests/clients $(ARGS)

setup: .venv/ready

.venv/ready: pyproject.toml uv.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Barometer needs Python 3.11 or newer")'
	test -x $(BIN)/uv || { $(PYTHON) -m venv .venv && $(BIN)/pip install --quiet uv==$(UV_VERSION); }
	UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --quiet --frozen --inexact --no-python-downloads
	touch $@

clean:
	rm -rf .venv build var *.egg-info
