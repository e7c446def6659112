#!/usr/bin/env bash
# gen.sh v1.37.2 writes go.mod and go.sum beside this script; run it only to change the version of Kubernetes.
#
# The replace lines of k8s.io/kubernetes point into its own tree (=> ./staging/src/X), which means nothing to a module that
# requires it. Each becomes "X v0.0.0 => X v0.MINOR.PATCH", the tag under which the same code is published.
# etcd is the version that this Kubernetes was tested with: the one that its own go.mod names.
set -euo pipefail
cd "$(dirname "$0")"
kubernetes=${1:?usage: gen.sh v1.MINOR.PATCH}
staging=v0.${kubernetes#v1.}

rm -f go.mod go.sum
modfile=$(go mod download -json "k8s.io/kubernetes@$kubernetes" | sed -n 's/.*"GoMod": "\(.*\)",*/\1/p')
go mod init synccenter.dev/synccenter/hack/cluster/kube
etcd=$(sed -n 's|^\tgo.etcd.io/etcd/client/v3 \(v[^ ]*\).*|\1|p' "$modfile")
go mod edit -go="$(sed -n 's/^go //p' "$modfile")" \
  -require="k8s.io/kubernetes@$kubernetes" -require="go.etcd.io/etcd/server/v3@$etcd"
sed -n 's|^\t*\(replace \)\{0,1\}\(k8s.io/[^ ]*\) => \./staging/src/.*|\2|p' "$modfile" | while read -r module; do
  go mod edit -replace="$module@v0.0.0=$module@$staging"
done
go mod tidy
