#!/usr/bin/env bash
# progress.sh WHAT EXPECTATION COMMAND... runs a command that may take minutes, and says on standard error when it starts,
# every half minute that it goes on, and how long it took.
set -euo pipefail
what=$1 expectation=$2
shift 2

echo "$what: $expectation" >&2
start=$SECONDS
# A read that nobody answers waits without a process of its own, which would outlive this script.
exec {silence}<> <(:)
while ! read -rt 30 -u "$silence"; do echo "$what: still at it after $((SECONDS - start)) s" >&2; done &
heartbeat=$!
trap 'kill $heartbeat' EXIT
"$@"
echo "$what: done in $((SECONDS - start)) s" >&2
