#!/usr/bin/env bash
# Every test, in three runs side by side, which take about as long: one computes, two mostly wait for servers; what is
# left to compute of the simulation comes behind one of these. With arguments: only those, in one run.
# Of tests/faults one file, in turn with each commit; `make faults` runs them all, at full size.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=$1
shift
if [ $# -gt 0 ]; then exec "$bin/python" -m pytest "$@"; fi

folder=$(mktemp -d)
runs=()
trap 'rm -rf "$folder"' EXIT
trap 'kill -INT "${runs[@]}" 2> /dev/null; wait; exit 130' INT TERM

run() {  # name, how nice, what pytest is told
    nice -n "$2" "$bin/python" -m pytest -o "cache_dir=.pytest_cache/$1" "${@:3}" > "$folder/$1" 2>&1 &
    runs+=($!)
}

mapfile -t odd < <(printf '%s\n' tests/integration/test_*.py | sed -n 'p;n')
mapfile -t even < <(printf '%s\n' tests/integration/test_*.py | sed -n 'n;p')
faults=(tests/faults/test_*.py)
commits=$(git rev-list --count HEAD 2> /dev/null || echo 0)
elsewhere=(tests/integration tests/browser tests/faults tests/contract tests/simulation)
run computing 10 "${elsewhere[@]/#/--ignore=}"
run waiting 0 "${odd[@]}" "${faults[commits % ${#faults[@]}]}" tests/contract tests/simulation
run serving 0 "${even[@]}" tests/browser

status=0
for pid in "${runs[@]}"; do
    wait "$pid" || status=1
done
cat "$folder"/*
exit "$status"
