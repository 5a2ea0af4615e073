#!/usr/bin/env bash
# Every fault test at full size, and the demo's whole year beside the oracle, in two runs side by side, which mostly wait
# for servers; each line says of which run it is. With arguments: only those fault tests, in one run.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=$1
shift
export FAULTS_SIZE=full TIERLINE_REQUIRE_SERVERS=1
if [ $# -gt 0 ]; then exec "$bin/python" -m pytest tests/faults -v "$@"; fi

mapfile -t odd < <(printf '%s\n' tests/faults/test_*.py | sed -n 'p;n')
mapfile -t even < <(printf '%s\n' tests/faults/test_*.py | sed -n 'n;p')
runs=()
trap 'kill -INT "${runs[@]}" 2> /dev/null; wait; exit 130' INT TERM

run() {  # name, files
    "$bin/python" -m pytest -v --durations=0 --durations-min=20 -o "cache_dir=.pytest_cache/faults-$1" "${@:2}" \
        > >(sed -u "s/^/[$1] /") 2>&1 &
    runs+=($!)
}

run one "${odd[@]}"
run two "${even[@]}" tests/integration/test_demo_equals_oracle.py
status=0
for pid in "${runs[@]}"; do
    wait "$pid" || status=1
done
exit "$status"
