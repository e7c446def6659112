#!/usr/bin/env bash
# demo.sh up: from a bare machine to a finished sync, with nothing done by hand.
# demo.sh down: removes what `up` made, and the cluster if `up` started it.
#
# The cluster is the one of hack/cluster; with USE_EXISTING_CLUSTER=true it is the current context of kubectl, where the
# images of `make image` must have been loaded.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

namespace=synccenter-demo
image=synccenter.dev/synccenter:dev
cluster=$PWD/hack/cluster/cluster.sh
output=$PWD/dist/demo

existing() { [ "${USE_EXISTING_CLUSTER:-}" = true ]; }
kube() { if existing; then kubectl "$@"; else "$cluster" kubectl "$@"; fi; }
say() { printf '\n== %s\n' "$*"; }

start_cluster() {
  if existing; then
    say "Using the cluster of the context $(kubectl config current-context)"
    return
  fi
  say "A Kubernetes on this machine"
  local mine=yes
  if "$cluster" status >/dev/null 2>&1; then mine=; fi
  "$cluster" up
  if [ -n "$mine" ]; then touch "$(dirname "$("$cluster" kubeconfig)")/started-by-demo"; fi
}

load_images() {
  existing && return
  say "The images of Sync Center and of the demo's directories"
  # The digest makes a changed program a changed Deployment, so that running the demo again runs what was just built.
  image=$(hack/image/image.sh synccenter -output dist/synccenter.tar)
  hack/image/image.sh slapd -output dist/demo-slapd.tar >/dev/null
  "$cluster" load-image dist/synccenter.tar dist/demo-slapd.tar
}

install_operator() {
  say "The operator, from config/default"
  kube kustomize config/default | sed "s|synccenter.dev/synccenter:dev|$image|g" | kube apply --server-side --force-conflicts -f - >/dev/null
  kube --namespace synccenter-system rollout status deployment --timeout=120s
}

install_directories() {
  say "Two OpenLDAP servers: a company of 300 people in 24 departments, and an empty one"
  kube apply --server-side -f hack/demo/namespace.yaml
  mkdir -p "$output"
  go run ./hack/directorygen -users 300 -departments 24 >"$output/source.ldif"
  local name file
  for name in source target; do
    file=hack/demo/target.ldif
    if [ $name = source ]; then file=$output/source.ldif; fi
    kube --namespace $namespace create configmap $name-ldif --from-file=directory.ldif="$file" --dry-run=client --output yaml |
      kube apply --server-side -f -
  done
  kube apply --server-side -f hack/demo/directories.yaml
  kube --namespace $namespace rollout status deployment --timeout=120s
}

# wait_for RUN... shows each change of a run until all are complete, and fails unless all succeeded.
wait_for() {
  local run line last deadline=$((SECONDS + 300)) complete
  for run in "$@"; do
    last=
    while :; do
      line=$(kube --namespace $namespace get syncrun "$run" --output \
        jsonpath='{.status.phase} {.status.progress.stage} {.status.progress.done}/{.status.progress.total}')
      complete=$(kube --namespace $namespace get syncrun "$run" --output jsonpath='{.status.conditions[?(@.type=="Complete")].status}')
      if [ "$line" != "$last" ]; then
        printf '%s: %s\n' "$run" "${line% /}"
        last=$line
      fi
      [ "$complete" != True ] || break
      if [ $SECONDS -ge $deadline ]; then
        echo "$run is not complete after five minutes" >&2
        explain_failure "$run"
      fi
      sleep 1
    done
    if [ "$(kube --namespace $namespace get syncrun "$run" --output jsonpath='{.status.phase}')" != Succeeded ]; then
      explain_failure "$run"
    fi
  done
}

explain_failure() {
  kube --namespace $namespace get syncrun "$1" --output jsonpath='{.status.message}{"\n"}' >&2
  echo "more: kubectl -n $namespace describe syncrun $1; the cluster is left as it is" >&2
  exit 1
}

sync() {
  say "Two tasks with this source: the company as a tree of units, and as flat groups"
  kube apply --server-side -f hack/demo/tasks.yaml
  kube --namespace $namespace wait --for=condition=Ready synctask --all --timeout=60s
  say "A run of each; it creates everybody"
  kube apply --server-side -f hack/demo/first-runs.yaml
  wait_for company-1 groups-1
  say "Another run of each; nothing differs any more"
  kube apply --server-side -f hack/demo/second-runs.yaml
  wait_for company-2 groups-2
}

show() {
  CGO_ENABLED=0 hack/progress.sh "the kubectl plugin" "a minute the first time, then seconds" \
    go build -trimpath -buildvcs=false -ldflags "-s -w" -o dist/kubectl-synccenter ./cmd/kubectl-synccenter
  PATH=$PWD/dist:$PATH
  say "kubectl get synctasks"
  kube --namespace $namespace get synctasks
  say "kubectl get syncruns"
  kube --namespace $namespace get syncruns
  say "kubectl synccenter details company-1 --operation CreateDepartment"
  kube synccenter --namespace $namespace details company-1 --operation CreateDepartment
  say "The history in Excel, one in English and one in Chinese"
  local run
  for run in company-1 groups-1; do
    kube synccenter --namespace $namespace export $run --output "$output/$run.xlsx"
  done
  say "Done"
  go_on
}

go_on() {
  echo "To go on by hand:"
  if ! existing; then
    local kubeconfig
    kubeconfig=$("$cluster" kubeconfig)
    cat <<TEXT
  export KUBECONFIG=$kubeconfig
  export PATH=$(dirname "$kubeconfig")/kubernetes:\$PATH
TEXT
  fi
  cat <<TEXT
  export PATH=$PWD/dist:\$PATH

  # what happened to whom; the Excel files are in ConfigMaps, too
  kubectl synccenter -n $namespace details company-1 --search li. --expand
  kubectl -n $namespace get configmaps

  # change a person in the source, run the task again, and see that one change
  kubectl -n $namespace port-forward service/source 3389:389 &
  printf '%s\n' '$(sed -n '/^dn: uid=/{p;q}' "$output/source.ldif")' 'changetype: modify' 'replace: title' 'title: Head of everything' |
    ldapmodify -x -H ldap://localhost:3389 -D cn=admin,dc=example,dc=com -w admin
  kubectl synccenter -n $namespace run company --wait

  make demo-down                            # removes all of it
TEXT
}

down() {
  if existing; then
    kubectl delete namespace $namespace --ignore-not-found
    kubectl kustomize config/default | kubectl delete --ignore-not-found -f -
  elif "$cluster" status >/dev/null 2>&1 && [ ! -e "$(dirname "$("$cluster" kubeconfig)")/started-by-demo" ]; then
    # The cluster was there before the demo. The namespace goes first: the operator lets its tasks go.
    kube delete namespace $namespace --ignore-not-found
    kube kustomize config/default | kube delete --ignore-not-found -f -
  else
    "$cluster" down
  fi
  rm -rf "$output"
}

case ${1:-} in
  up)
    start_cluster
    load_images
    install_operator
    install_directories
    sync
    show
    ;;
  down) down ;;
  *)
    echo "usage: demo.sh up | down" >&2
    exit 2
    ;;
esac
