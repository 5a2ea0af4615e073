#!/usr/bin/env bash
# Every command of the README and docs, in two runs side by side that take about as long: the benchmarks, and the rest.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=$1
benchmarks=docs/benchmarks.md
mapfile -t others < <(printf '%s\n' README.md docs/*.md docs/decisions/*.md | grep -vxF "$benchmarks")

log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$bin/python" scripts/check_readme.py "$benchmarks" > "$log" 2>&1 &
measured=$!
trap 'kill "$measured" 2> /dev/null; wait; exit 130' INT TERM

status=0
"$bin/python" scripts/check_readme.py "${others[@]}" || status=1
wait "$measured" || status=1
cat "$log"
exit "$status"
