#!/usr/bin/env bash
# bench.sh measures speed and memory and prints docs/performance.md. BENCH_USERS is the list of sizes, by default "10000 100000".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

programs=$(mktemp -d)
trap 'rm -rf "$programs"' EXIT
KUBEBUILDER_ASSETS=${KUBEBUILDER_ASSETS:-$(hack/cluster/cluster.sh assets)}
export KUBEBUILDER_ASSETS
go build -o "$programs/" ./hack/bench ./hack/directorygen
"$programs/bench" -generator "$programs/directorygen" -users "${BENCH_USERS:-10000 100000}"
