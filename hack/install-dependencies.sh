#!/usr/bin/env bash
# install-dependencies.sh installs the Debian packages that the cluster and the tests need, if any is missing.
# It does so only as root on a machine with apt; elsewhere it says what to install and goes on, since much works without.
set -euo pipefail

# The cluster; then the directory servers of tests and demo, and a compiler for the race detector.
packages=(containerd runc containernetworking-plugins iptables nftables conntrack iproute2 util-linux
  ca-certificates slapd ldap-utils gcc libc6-dev)

missing=()
for package in "${packages[@]}"; do
  if ! command -v dpkg-query >/dev/null || [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
    missing+=("$package")
  fi
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "not installed, which takes root and apt-get: ${missing[*]}; what needs them will say so" >&2
  exit 0
fi

# apt would start slapd and containerd as services of the machine. This file forbids it; one that is there already stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
elif ! grep -q 'exit 101' "$policy"; then
  echo "$policy allows apt to start services: install by hand: apt-get install ${missing[*]}" >&2
  exit 1
fi

echo "installing ${missing[*]}: about a minute" >&2
start=$SECONDS
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install --yes --quiet --no-install-recommends "${missing[@]}" >"$log" 2>&1 </dev/null; }
# The lists of packages may be old, or were never fetched.
if ! install && ! { apt-get update --quiet >"$log" 2>&1 && install; }; then
  cat "$log" >&2
  echo "apt-get could not install ${missing[*]}; its words are above" >&2
  exit 1
fi
rm -f "$log"
echo "installed in $((SECONDS - start)) s" >&2
