#!/usr/bin/env bash
# Put chromium there for tests/browser where that needs no question: as root on Debian or Ubuntu. Elsewhere say how.
set -euo pipefail

for name in chromium chromium-browser google-chrome; do
    ! command -v "$name" >/dev/null || exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    if { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } >/dev/null 2>&1; then
        exit 0
    fi
fi
echo "install: no chromium, so tests/browser is skipped. On Debian: apt-get install chromium" >&2
