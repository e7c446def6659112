#!/usr/bin/env bash
# test-e2e.sh runs the end-to-end tests, in test/e2e, against a real cluster with real pods.
#
# Which cluster: the one of hack/cluster, which it starts, and ends again unless it was up before. With
# USE_EXISTING_CLUSTER=true the current context of kubectl; both images must have been loaded there, by `make image`'s files.
# Where no cluster can run it says so in one line and succeeds. Sync Center is installed from config/default, and removed
# again unless it was there before. Arguments go to `go test`.
#
# The tests get: kubectl with the plugin in the PATH; KUBECONFIG; E2E_SLAPD_IMAGE, the name of an image that every node has;
# E2E_CLUSTER, the path of cluster.sh, which says that the nodes are on this machine (not set with an existing cluster).
set -euo pipefail
cd "$(dirname "$0")/.."
cluster=$PWD/hack/cluster/cluster.sh
started_cluster='' installed=''

operator() { kubectl kustomize config/default | sed "s|synccenter.dev/synccenter:dev|$image|g"; }

clean_up() {
  if [ -n "$started_cluster" ]; then
    "$cluster" down
  elif [ -n "$installed" ]; then
    operator | kubectl delete --ignore-not-found --filename - >/dev/null
  fi
}

if [ "${USE_EXISTING_CLUSTER:-}" = true ]; then
  image=synccenter.dev/synccenter:dev E2E_SLAPD_IMAGE=synccenter.dev/demo-slapd:dev
else
  if ! why=$("$cluster" preflight 2>&1); then
    echo "end-to-end tests left out: ${why//$'\n'/ }" >&2
    exit 0
  fi
  trap clean_up EXIT
  if ! "$cluster" status >/dev/null 2>&1; then
    started_cluster=yes
    "$cluster" up 2
  fi
  image=$(hack/image/image.sh synccenter -output dist/synccenter.tar)
  E2E_SLAPD_IMAGE=$(hack/image/image.sh slapd -output dist/demo-slapd.tar)
  "$cluster" load-image dist/synccenter.tar dist/demo-slapd.tar
  KUBECONFIG=$("$cluster" kubeconfig)
  # This cluster's own kubectl.
  PATH=$(dirname "$KUBECONFIG")/kubernetes:$PATH
  export KUBECONFIG E2E_CLUSTER=$cluster
fi
trap clean_up EXIT
export E2E_SLAPD_IMAGE

if ! kubectl get namespace synccenter-system >/dev/null 2>&1; then installed=yes; fi
operator | kubectl apply --server-side --force-conflicts --filename - >/dev/null
kubectl --namespace synccenter-system rollout status deployment --timeout=120s

CGO_ENABLED=0 hack/progress.sh "the kubectl plugin" "a minute the first time, then seconds" \
  go build -trimpath -buildvcs=false -ldflags "-s -w" -o dist/kubectl-synccenter ./cmd/kubectl-synccenter
# Most of the time the tests wait for pods, so more of them run at once than there are processors.
PATH=$PWD/dist:$PATH go test -tags e2e -count=1 -timeout 30m -parallel 8 "$@" ./test/e2e/...
