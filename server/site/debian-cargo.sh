#!/usr/bin/env bash
# Cargo of Debian's packages rustc-web, cargo-web and rust-web-src, for the browser's target only.
#
# Debian ships the target's standard library as source, so it is built along (-Zbuild-std), which
# needs RUSTC_BOOTSTRAP. Called by onhand-site in place of `cargo`; toolchain.sh sets that up.
set -euo pipefail

readonly usr="${ONHAND_DEBIAN_USR:-/usr}"
unset RUSTUP_TOOLCHAIN RUSTUP_HOME RUSTC_WRAPPER CARGO RUSTC RUSTDOC
export RUSTC="$usr/bin/rustc"
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$usr/bin/rust-lld"
exec "$usr/bin/cargo" "$@" -Zbuild-std=std,panic_abort
