#!/usr/bin/env bash
# Runs the examples as a person would, and ends them as one would: by a signal, or by a mistake.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
cargo build --quiet --release --locked -p thread-registry --features pool,processes,signals --examples
bin=${CARGO_TARGET_DIR:-target}/release/examples

said() {
    if ! grep -q -- "$1" <<<"$output"; then
        printf 'not said: %s\n%s\n' "$1" "$output" >&2
        exit 1
    fi
}

output=$(timeout --preserve-status -s TERM 1 "$bin/drain")
said 'drained: DrainReport { completed: [0-9]*, cancelled: 0, still_running: \[\] }'
said 'drain: [0-9]* of [0-9]* threads joined in'
echo "drain: ok"

coproc SERVER { exec "$bin/server"; }
read -r _ _ address <&"${SERVER[0]}"
exec 3<>"/dev/tcp/${address%:*}/${address#*:}"
echo hello >&3
read -r output <&3
said '^hello$'
# The connection stays open: the server has to end it.
server=$SERVER_PID
kill -TERM "$server"
output=$(cat <&"${SERVER[0]}")
wait "$server"
said 'server: 2 of 2 threads joined in\|server: 3 of 3 threads joined in'
exec 3>&-
echo "server: ok"

numbers=$(mktemp)
trap 'rm -f "$numbers"' EXIT
printf '1\n2\n39\n' >"$numbers"
output=$("$bin/guarded" "$numbers")
said 'the sum is 42'
echo 'no number' >>"$numbers"
if output=$("$bin/guarded" "$numbers" 2>&1); then exit 1; fi
said 'ParseIntError'
echo "guarded: ok"

output=$(timeout --preserve-status -s TERM 1 "$bin/supervised" sleep 600)
said 'process ended: signal: 15'
said 'supervised: [0-9]* of [0-9]* threads joined in'
echo "supervised: ok"

output=$("$bin/rayon_pool")
said 'the sum is 500000500000, on 4 threads'
# A thread that has ended by itself when the shutdown counts is not counted.
said 'sums: \([0-4]\) of \1 threads joined in'
echo "rayon_pool: ok"

output=$("$bin/tokio_runtime")
said 'task 3 ends'
said '^2 threads of the runtime$'
said 'service: 0 of 0 threads joined in'
echo "tokio_runtime: ok"
