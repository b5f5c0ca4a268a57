#!/usr/bin/env bash
# Installs Debian packages that are missing. As an ordinary user it says what to run instead.
set -euo pipefail

missing=()
for package in "$@"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "These Debian packages are missing: ${missing[*]}" >&2
  echo "Install them with: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

echo "Installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
install_them() { apt-get install --yes --no-install-recommends --quiet "${missing[@]}" >/dev/null; }
install_them 2>/dev/null || { apt-get update --quiet >/dev/null; install_them; }
