#!/usr/bin/env bash
# Make the virtual environment $1 with exactly the locked versions, and put the checkout into it.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
python=${PYTHON:-python3}

fail() { printf 'install: %s\n' "$@" >&2; exit 1; }

command -v "$python" >/dev/null || fail "$python is not on PATH." "Install Python 3.11 or newer: apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old, Tierline needs 3.11 or newer." "Name another one: make install PYTHON=python3.12"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python cannot make virtual environments: ensurepip is missing." "Debian and Ubuntu keep it apart: apt-get install python3-venv"

[ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
