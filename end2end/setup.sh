#!/usr/bin/env bash
# Makes sure that the browser tests can run: Node, a browser, and Playwright. Does nothing again
# when all of it is there.
set -euo pipefail
cd "$(dirname "$0")"

readonly node_minimum=18

say() { printf '== %s\n' "$*"; }

fail() {
  printf 'end2end: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    fail "root rights are needed for: $*"
  fi
}

install() {
  command -v apt-get >/dev/null || fail "please install: $*"
  as_root apt-get update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

node_major() { node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/'; }

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  say "Installing Node"
  install nodejs npm
fi
if [ "$(node_major)" -lt "$node_minimum" ]; then
  fail "Node $node_minimum or newer is needed, $(node --version) is installed (see nodejs.org)"
fi

# node_modules is up to date when npm's own record is newer than what it was made from.
record=node_modules/.package-lock.json
if [ ! -f "$record" ] || [ package-lock.json -nt "$record" ] || [ package.json -nt "$record" ]; then
  say "Installing Playwright"
  npm ci
  touch "$record"
fi

# The same rule as in playwright.config.ts: a browser of the system, else Playwright's own.
if [ -n "${ONHAND_CHROMIUM:-}" ]; then
  [ -x "$ONHAND_CHROMIUM" ] || fail "ONHAND_CHROMIUM=$ONHAND_CHROMIUM is no program"
elif [ ! -x /usr/bin/chromium ] && [ ! -f node_modules/.browser ]; then
  if grep -qx 'ID=debian' /etc/os-release 2>/dev/null; then
    say "Installing Chromium"
    install chromium
  else
    # Ubuntu's package of that name only fetches a snap, which cannot be driven from here.
    say "Downloading Playwright's Chromium"
    npx playwright install chromium
    as_root env PATH="$PATH" npx playwright install-deps chromium
    touch node_modules/.browser
  fi
fi
