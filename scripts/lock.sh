#!/usr/bin/env bash
# Write the lock files anew: every version and hash for all platforms, no index or host name in them.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check uv

compile() {
    "$venv/bin/uv" pip compile --universal --python-version 3.11 --upgrade --quiet \
        --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate "$@"
}
compile pyproject.toml --all-extras --output-file requirements-dev.lock
compile pyproject.toml --extra tracing --constraint requirements-dev.lock --output-file requirements.lock
compile bench/requirements.in --output-file bench/requirements.lock
