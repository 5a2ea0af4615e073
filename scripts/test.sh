#!/usr/bin/env bash
# Every test, in two runs side by side: those that wait for servers, and those that compute. With arguments: those only.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=$1
shift
if [ $# -gt 0 ]; then exec "$bin/python" -m pytest "$@"; fi

said=$(mktemp)
trap 'rm -f "$said"' EXIT
nice -n 5 "$bin/python" -m pytest -o cache_dir=.pytest_cache/computing \
    --ignore=tests/integration --ignore=tests/browser > "$said" 2>&1 &
computing=$!
trap 'kill -INT "$computing" 2> /dev/null; wait "$computing"; rm -f "$said"; exit 130' INT TERM
"$bin/python" -m pytest -o cache_dir=.pytest_cache/waiting tests/integration tests/browser
waiting=$?
wait "$computing"
computed=$?
cat "$said"
[ "$waiting" -eq 0 ] && [ "$computed" -eq 0 ]
