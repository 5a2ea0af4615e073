#!/usr/bin/env bash
# Every fault test at full size, and the demo's whole year beside the oracle, in two runs side by side, which mostly wait
# for servers; each line says of which run it is. With arguments: only those fault tests, in one run.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=$1
shift
export FAULTS_SIZE=full TIERLINE_REQUIRE_SERVERS=1
if [ $# -gt 0 ]; then exec "$bin/python" -m pytest tests/faults -v "$@"; fi

source scripts/side_by_side.sh
mapfile -t one_half < <(odd tests/faults/test_*.py)
mapfile -t other_half < <(even tests/faults/test_*.py)

run() {  # name, files
    "$bin/python" -m pytest -v --durations=0 --durations-min=20 -o "cache_dir=.pytest_cache/faults-$1" "${@:2}" \
        > >(sed -u "s/^/[$1] /") 2>&1 &
    runs+=($!)
}

run one "${one_half[@]}"
run two "${other_half[@]}" tests/integration/test_demo_equals_oracle.py
await_runs
