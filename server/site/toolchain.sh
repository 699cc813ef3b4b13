#!/usr/bin/env bash
# Makes sure that Rust can compile for the host and for the browser. Does nothing when it can.
#
# The browser's target comes from rustup. Where that is refused (a machine that may only install
# from its distribution), Debian's own Rust for browsers compiles the standard library along: see
# debian-cargo.sh beside this file.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly target=wasm32-unknown-unknown
readonly environment="${CARGO_TARGET_DIR:-target}/wasm-toolchain.env"

say() { printf '== %s\n' "$*"; }

fail() {
  printf 'toolchain: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    fail "root rights are needed for: $*"
  fi
}

command -v cargo >/dev/null || fail "cargo is missing: install Rust with rustup (https://rustup.rs)"
command -v cc >/dev/null || fail "a C compiler is missing: apt-get install gcc libc6-dev"

mkdir -p "$(dirname "$environment")"

has_target() { [ -d "$(rustc --print target-libdir --target "$target" 2>/dev/null)" ]; }

if has_target; then
  : >"$environment"
  exit 0
fi
if [ -s "$environment" ]; then exit 0; fi

if command -v rustup >/dev/null; then
  say "Adding Rust's target $target"
  if rustup target add "$target" && has_target; then
    : >"$environment"
    exit 0
  fi
fi

command -v apt-get >/dev/null ||
  fail "the target $target cannot be added, and there is no apt-get to install Debian's"
say "The target was refused: installing Debian's Rust for browsers (rustc-web) instead"
as_root apt-get update
# The package conflicts with Debian's ordinary rustc and replaces it; rustup's is untouched.
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y rustc-web cargo-web rust-web-src
# Its linker, rust-lld, is a link to an lld of a certain version (lld-22, say) that is not required.
lld="$(readlink /usr/bin/rust-lld || true)"
if [ -n "$lld" ] && ! command -v rust-lld >/dev/null; then
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y "$(basename "$lld")"
fi
printf 'export ONHAND_WASM_CARGO=%q\n' "$PWD/server/site/debian-cargo.sh" >"$environment"
