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

# own applies objects of the demo. What somebody changed by hand in an earlier one is set back.
own() { kubectl apply --server-side --force-conflicts -f "$1"; }

say() { printf '\n== %s\n' "$*"; }

# reach_cluster makes kubectl speak to the cluster of this machine.
reach_cluster() {
  KUBECONFIG=$("$cluster" kubeconfig)
  export KUBECONFIG PATH=$(dirname "$KUBECONFIG")/kubernetes:$PATH
}

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
  reach_cluster
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
  kubectl kustomize config/default | sed "s|synccenter.dev/synccenter:dev|$image|g" | kubectl apply --server-side --force-conflicts -f - >/dev/null
  kubectl --namespace synccenter-system rollout status deployment --timeout=120s
}

install_directories() {
  say "Two OpenLDAP servers: a company of 300 people in 24 departments, and an empty one"
  own hack/demo/namespace.yaml
  mkdir -p "$output"
  go run ./hack/directorygen -users 300 -departments 24 >"$output/source.ldif"
  local name file
  for name in source target; do
    file=hack/demo/target.ldif
    if [ $name = source ]; then file=$output/source.ldif; fi
    kubectl --namespace $namespace create configmap $name-ldif --from-file=directory.ldif="$file" --dry-run=client --output yaml |
      own -
  done
  own hack/demo/directories.yaml
  kubectl --namespace $namespace rollout status deployment --timeout=120s
}

build_plugin() {
  CGO_ENABLED=0 hack/progress.sh "the kubectl plugin" "a minute the first time, then seconds" \
    go build -trimpath -buildvcs=false -ldflags "-s -w" -o dist/kubectl-synccenter ./cmd/kubectl-synccenter
  PATH=$PWD/dist:$PATH
}

# show COMMAND... prints a kubectl command as a person would type it in the demo's namespace, and executes it there.
show() {
  local word
  printf '\n$ kubectl'
  for word in "$@"; do
    case $word in *[\ \*]*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
  done
  printf '\n'
  if [ "$1" = synccenter ]; then
    kubectl "$@" --namespace $namespace
  else
    kubectl --namespace $namespace "$@"
  fi
}

# field RUN JSONPATH reads something of a run.
field() { kubectl --namespace $namespace get syncrun "$1" --output "jsonpath=$2"; }

# wait_for RUN... shows each phase of a run until all are complete, and fails unless all succeeded.
wait_for() {
  local run phase last deadline=$((SECONDS + 300))
  for run in "$@"; do
    last=
    while :; do
      phase=$(field "$run" '{.status.phase}')
      if [ -n "$phase" ] && [ "$phase" != "$last" ]; then
        printf '%s: %s\n' "$run" "$phase"
        last=$phase
      fi
      [ "$(field "$run" '{.status.conditions[?(@.type=="Complete")].status}')" != True ] || break
      if [ $SECONDS -ge $deadline ]; then
        echo "$run is not complete after five minutes" >&2
        explain_failure "$run"
      fi
      sleep 1
    done
    if [ "$(field "$run" '{.status.phase}')" != Succeeded ]; then
      explain_failure "$run"
    fi
  done
}

explain_failure() {
  field "$1" '{.status.message}{"\n"}' >&2
  echo "more: kubectl -n $namespace describe syncrun $1; the cluster is left as it is" >&2
  exit 1
}

# apply_tasks begins without the schedule that an earlier demo wrote: that is no part of the file, and would stay beside its mode Manual.
apply_tasks() {
  if kubectl --namespace $namespace get synctask groups >/dev/null 2>&1; then
    kubectl --namespace $namespace patch synctask groups --type merge --patch '{"spec": {"trigger": {"mode": "Manual", "schedule": null}}}' >/dev/null
  fi
  own hack/demo/tasks.yaml
}

sync() {
  say "Two tasks with this source: the company as a tree of units, and as flat groups"
  apply_tasks
  kubectl --namespace $namespace wait --for=condition=Ready synctask --all --timeout=60s
  say "Can both directories be used? Nothing is written"
  show synccenter check company
  say "A run of each; it creates everybody"
  show apply --server-side -f hack/demo/first-runs.yaml
  wait_for company-1 groups-1
}

# schedule gives a task a schedule. Its first run of that is waited for later, since it takes up to a minute.
schedule() {
  say "A schedule for the groups: every minute, so that there is something to see"
  show patch synctask groups --type merge --patch "{\"spec\": {\"trigger\": {\"mode\": \"Scheduled\", \"schedule\": {\"cron\": \"$1\"}}}}"
}

again() {
  say "Another run of the tree: nothing differs any more"
  show apply --server-side -f hack/demo/second-run.yaml
  wait_for company-2
  say "What would a run do with one person, and why?"
  show synccenter explain company user "$(sed -n 's/^uid: //p' "$output/source.ldif" | sed -n 2p)"
}

scheduled() {
  say "The run that the schedule made"
  local run= deadline=$((SECONDS + 120))
  until [ -n "$run" ]; do
    [ $SECONDS -lt $deadline ] || { echo "no run was made in two minutes; more: kubectl -n $namespace describe synctask groups" >&2; exit 1; }
    sleep 1
    run=$(kubectl --namespace $namespace get syncruns --selector synccenter.dev/trigger=Scheduled --output 'jsonpath={.items[0].metadata.name}' 2>/dev/null || true)
  done
  wait_for "$run"
  say "From now on every night"
  kubectl --namespace $namespace patch synctask groups --type merge --patch '{"spec": {"trigger": {"schedule": {"cron": "0 2 * * *", "timeZone": "Asia/Shanghai"}}}}'
  show synccenter tasks
}

# leavers are people of the source who lead nobody, so that nothing names them when they are gone.
leavers() {
  awk -v count=12 '/^dn: uid=/ { all[++n] = $2 } /^(manager|seeAlso): / { named[$2] = 1 }
    END { for (; n && count; n--) if (!(all[n] in named)) { print all[n]; count-- } }' "$output/source.ldif"
}

# in_source COMMAND... executes one of OpenLDAP's clients as the administrator of the source.
in_source() {
  local forward line port status=0
  exec {forward}< <(exec kubectl --namespace $namespace port-forward service/source :389 2>&1)
  local pid=$!
  read -rt 30 line <&"$forward" || line="nothing"
  port=$(sed -n 's/^Forwarding from 127.0.0.1:\([0-9]*\) .*/\1/p' <<<"$line")
  [ -n "$port" ] || { echo "kubectl port-forward says: $line" >&2; kill $pid; exit 1; }
  "$@" -x -H "ldap://127.0.0.1:$port" -D cn=admin,dc=example,dc=com -w admin || status=$?
  kill $pid
  return $status
}

hold() {
  say "Twelve people leave the company: removed from the source"
  if ! leavers | in_source ldapdelete >"$output/ldapdelete" 2>&1; then
    cat "$output/ldapdelete" >&2
    grep -q "No such object" "$output/ldapdelete" || exit 1
    echo "They are gone since an earlier demo. After \"make demo-down\" there is everybody again."
    return
  fi
  say "A run finds that more are gone than the guard lets pass: their removals are held, nobody is touched"
  show synccenter run company --yes --wait
  show synccenter tasks
  show synccenter details "$(last_run company)" --status held
  say "Somebody has looked who they are, and lets one run remove them, with a reason that stays in the history"
  show synccenter run company --override-removals 12 --reason 'the branch in Lyon was closed' --yes --wait
  show synccenter links company --state disabled
}

# last_run is the name of a task's last run.
last_run() { kubectl --namespace $namespace get synctask "$1" --output 'jsonpath={.status.lastRun.name}'; }

look() {
  say "The history, what a run did, and the same in Excel, in English and in Chinese"
  show synccenter history company
  show get syncruns
  show synccenter details company-1 --operation CreateDepartment
  local run
  for run in company-1 groups-1; do
    show synccenter export $run --output "dist/demo/$run.xlsx"
  done
  say "Done"
  go_on
}

go_on() {
  echo "To go on by hand:"
  if ! existing; then
    cat <<TEXT
  export KUBECONFIG=$KUBECONFIG
  export PATH=$(dirname "$KUBECONFIG")/kubernetes:\$PATH
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

  # removes all of it, and dist/demo with the exported files: copy what you want to keep
  make demo-down
TEXT
}

down() {
  if existing; then
    kubectl delete namespace $namespace --ignore-not-found
    kubectl kustomize config/default | kubectl delete --ignore-not-found -f -
  elif "$cluster" status >/dev/null 2>&1 && [ ! -e "$(dirname "$("$cluster" kubeconfig)")/started-by-demo" ]; then
    # The cluster was there before the demo. The namespace goes first: the operator lets its tasks go.
    reach_cluster
    kubectl delete namespace $namespace --ignore-not-found
    kubectl kustomize config/default | kubectl delete --ignore-not-found -f -
  else
    "$cluster" down
  fi
  rm -rf "$output"
}

# The test of a step sources this file.
[ "${BASH_SOURCE[0]}" = "$0" ] || return 0

case ${1:-} in
  up)
    start_cluster
    load_images
    install_operator
    install_directories
    build_plugin
    sync
    schedule "* * * * *"
    again
    scheduled
    hold
    look
    ;;
  down) down ;;
  *)
    echo "usage: demo.sh up | down" >&2
    exit 2
    ;;
esac
