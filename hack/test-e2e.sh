#!/usr/bin/env bash
# test-e2e.sh runs the end-to-end tests, in test/e2e, against a real cluster with real pods.
#
# Which cluster: the one of hack/cluster, which it starts, and ends again unless it was up before. With
# USE_EXISTING_CLUSTER=true the current context of kubectl; both images must have been loaded there, by `make image`'s files.
# Where no cluster can run it says so in one line and succeeds. Arguments go to `go test`.
#
# The tests get: KUBECONFIG; E2E_IMAGE and E2E_SLAPD_IMAGE, the names of images that every node has; E2E_CLUSTER, the path of
# cluster.sh for tests that lose a node (not set with an existing cluster).
set -euo pipefail
cd "$(dirname "$0")/.."
cluster=$PWD/hack/cluster/cluster.sh

if [ "${USE_EXISTING_CLUSTER:-}" = true ]; then
  export E2E_IMAGE=synccenter.dev/synccenter:dev E2E_SLAPD_IMAGE=synccenter.dev/demo-slapd:dev
else
  if ! why=$("$cluster" preflight 2>&1); then
    echo "end-to-end tests left out: ${why//$'\n'/ }" >&2
    exit 0
  fi
  if ! "$cluster" status >/dev/null 2>&1; then
    trap '"$cluster" down' EXIT
    "$cluster" up 2
  fi
  E2E_IMAGE=$(hack/image/image.sh synccenter -output dist/synccenter.tar)
  E2E_SLAPD_IMAGE=$(hack/image/image.sh slapd -output dist/demo-slapd.tar)
  "$cluster" load-image dist/synccenter.tar dist/demo-slapd.tar
  KUBECONFIG=$("$cluster" kubeconfig)
  export KUBECONFIG E2E_IMAGE E2E_SLAPD_IMAGE E2E_CLUSTER=$cluster
fi
go test -tags e2e -count=1 -timeout 30m "$@" ./test/e2e/...
