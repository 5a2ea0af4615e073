# To be sourced: runs side by side, whose process ids are in `runs`; they end where the script is interrupted.
runs=()
trap 'kill -INT "${runs[@]}" 2> /dev/null; wait; exit 130' INT TERM

odd() { printf '%s\n' "$@" | sed -n 'p;n'; }
even() { printf '%s\n' "$@" | sed -n 'n;p'; }

await_runs() {  # fails where one of them did
    local pid status=0
    for pid in "${runs[@]}"; do
        wait "$pid" || status=1
    done
    return "$status"
}
