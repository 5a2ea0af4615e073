#!/usr/bin/env bash
# Every test, in three runs side by side, which take about as long: one computes, two mostly wait for servers; what is
# left to compute of the simulation comes behind one of these. With arguments: only those, in one run.
# Of tests/faults one file, in turn with each commit; `make faults` runs them all, at full size.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=$1
shift
if [ $# -gt 0 ]; then exec "$bin/python" -m pytest "$@"; fi

source scripts/side_by_side.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

run() {  # name, how nice, what pytest is told
    nice -n "$2" "$bin/python" -m pytest -o "cache_dir=.pytest_cache/$1" "${@:3}" > "$folder/$1" 2>&1 &
    runs+=($!)
}

mapfile -t one_half < <(odd tests/integration/test_*.py)
mapfile -t other_half < <(even tests/integration/test_*.py)
faults=(tests/faults/test_*.py)
commits=$(git rev-list --count HEAD 2> /dev/null || echo 0)
elsewhere=(tests/integration tests/browser tests/faults tests/contract tests/simulation)
run computing 10 "${elsewhere[@]/#/--ignore=}"
run waiting 0 "${one_half[@]}" "${faults[commits % ${#faults[@]}]}" tests/contract tests/simulation
run serving 0 "${other_half[@]}" tests/browser

await_runs
status=$?
cat "$folder"/*
exit "$status"
