#!/usr/bin/env bash
# check.sh tries on a fresh cluster of two nodes what tests and demo rely on, and that `down` leaves nothing behind.
# It takes half a minute. Where no cluster can run, or one is up, it says so in one line and succeeds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cluster=$PWD/hack/cluster/cluster.sh
kubectl() { "$cluster" kubectl "$@"; }
try() {
  local what=$1 out
  shift
  if ! out=$("$@" 2>&1); then
    printf 'FAIL %s\n%s\n' "$what" "$out" >&2
    exit 1
  fi
  printf 'ok   %s\n' "$what"
}

# left lists what a cluster leaves when it does not clean up.
left() {
  {
    grep -l '^synccenter-node:' /proc/[0-9]*/cmdline
    ls -d /sys/class/net/synccenter0 /sys/fs/cgroup/*/synccenter-node*
    grep -o '[^ ]*/synccenter/cluster[^ ]*' /proc/self/mounts
  } 2>/dev/null || true
}

# server NODE IMAGE is a pod that listens, at the level that allows least.
server() {
  kubectl apply -f - <<YAML
apiVersion: v1
kind: Pod
metadata: {name: server-$1, namespace: check, labels: {app: server}}
spec:
  nodeName: $1
  securityContext: {runAsNonRoot: true, fsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: slapd
    image: $2
    ports: [{containerPort: 3890}]
    readinessProbe: {tcpSocket: {port: 3890}, periodSeconds: 1}
    volumeMounts: [{name: data, mountPath: /data}]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
  volumes: [{name: data, emptyDir: {}}]
YAML
}
answers() { ldapwhoami -x -H "ldap://$1" -D cn=admin,dc=example,dc=com -w admin; }

leave_out() { echo "the check of the cluster itself left out: ${1//$'\n'/ }" >&2; exit 0; }
if [ "${USE_EXISTING_CLUSTER:-}" = true ]; then leave_out "USE_EXISTING_CLUSTER is set"; fi
why=$("$cluster" preflight 2>&1) || leave_out "$why"
if "$cluster" kubeconfig >/dev/null 2>&1; then leave_out "a cluster is up, and the check would lose a node of it"; fi
trap '"$cluster" down' EXIT
try "two nodes" "$cluster" up 2
try "started again it is reused" "$cluster" up
image=$(hack/image/image.sh slapd -output dist/demo-slapd.tar)
try "an image on every node" "$cluster" load-image dist/demo-slapd.tar

kubectl create namespace check >/dev/null
kubectl label namespace check pod-security.kubernetes.io/enforce=restricted >/dev/null
kubectl --namespace check create service clusterip server --tcp=389:3890 >/dev/null
try "a pod on node1, its image named by tag" server node1 "${image%@*}"
try "a pod on node2, its image named by digest" server node2 "${image%%:*}@${image#*@}"
try "both are ready" kubectl --namespace check wait --for=condition=Ready pod --all --timeout=60s
for node in node1 node2; do
  address=$(kubectl --namespace check get pod "server-$node" --output jsonpath='{.status.podIP}')
  try "the pod on $node, from the machine" answers "$address:3890"
done
service=$(kubectl --namespace check get service server --output jsonpath='{.spec.clusterIP}')
try "the Service, from the machine" answers "$service:389"
try "a lost node" "$cluster" kill node2
try "is seen" kubectl wait --for=condition=Ready=Unknown node/node2 --timeout=60s
trap - EXIT
try "the end" "$cluster" down
try "nothing is left" test -z "$(left)"
