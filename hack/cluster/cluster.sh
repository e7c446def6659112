#!/usr/bin/env bash
# cluster.sh COMMAND: a real Kubernetes on this machine; without a command it lists them.
# SYNCCENTER_CACHE is the folder for what is built and what runs, outside the checkout; by default synccenter in the user's cache.
set -euo pipefail

hack=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$(realpath -m "${SYNCCENTER_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/synccenter}")

mkdir -p "$cache/bin"
# -o replaces the file only when something changed, and Go's build cache makes this quick.
GOWORK=off CGO_ENABLED=0 go build -C "$hack/cluster" -trimpath -buildvcs=false -o "$cache/bin/cluster" .
exec "$cache/bin/cluster" -source "$hack" -cache "$cache" "$@"
