#!/usr/bin/env bash
# verify-generated.sh fails when a generated file is not what the generators would write now.
set -euo pipefail
cd "$(dirname "$0")/.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
generate() { go tool -modfile=hack/tools/go.mod controller-gen "$@"; }
generate object paths=./api/... output:object:dir="$fresh/api"
generate crd paths=./api/... output:crd:dir="$fresh/crd"

stale=0
diff -u api/v1alpha1/zz_generated.deepcopy.go "$fresh/api/zz_generated.deepcopy.go" || stale=1
diff -ru config/crd/bases "$fresh/crd" || stale=1
if [ $stale != 0 ]; then
  echo "generated files are stale: run make generate manifests" >&2
  exit 1
fi
