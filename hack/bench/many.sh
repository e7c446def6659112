#!/usr/bin/env bash
# many.sh measures the manager with many tasks and prints docs/performance-manager.md. BENCH_TASKS, BENCH_RUNS and BENCH_DUE are how many
# tasks, finished runs of each, and tasks due in one minute; BENCH_PROFILE is a file for a profile of the heap.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

programs=$(mktemp -d)
trap 'rm -rf "$programs"' EXIT
KUBEBUILDER_ASSETS=${KUBEBUILDER_ASSETS:-$(hack/cluster/cluster.sh assets)}
export KUBEBUILDER_ASSETS
go build -o "$programs/" ./hack/bench/many ./cmd/synccenter
"$programs/many" -program "$programs/synccenter" -tasks "${BENCH_TASKS:-5000}" -runs "${BENCH_RUNS:-20}" -due "${BENCH_DUE:-1000}"
