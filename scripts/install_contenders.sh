#!/usr/bin/env bash
# Make the environment $1 for the contenders of `make bench`. What cannot be installed is named there as missing.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
python=${PYTHON:-python3}

make_environment() {
    [ -x "$venv/bin/python" ] || "$python" -m venv --clear "$venv" || return
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements.lock
}
if make_environment; then
    touch "$venv/.installed"
else
    printf 'install_contenders: %s\n' "some of bench/requirements.lock cannot be installed here;" \
        "the benchmark goes on and names the contenders that are missing" >&2
fi
