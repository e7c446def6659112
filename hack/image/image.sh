#!/usr/bin/env bash
# image.sh synccenter|slapd -output FILE.tar writes an image without a container engine and prints its name with its digest.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(realpath -m "${SYNCCENTER_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/synccenter}")

mkdir -p "$cache/bin"
GOWORK=off CGO_ENABLED=0 go build -C "$here" -trimpath -buildvcs=false -o "$cache/bin/image" .
case ${1:-} in
  synccenter) exec "$here/../progress.sh" "the image of Sync Center" "1 to 5 minutes the first time, then seconds" "$cache/bin/image" "$@" -source "$here/../.." ;;
  *) exec "$cache/bin/image" "$@" ;;
esac
