#!/bin/sh
# Builds the fuzz targets and runs each for so many seconds (60):
#
#     ./run.sh [SECONDS [TARGET…]]
#
# What is found new is kept in target/corpus and used again; the seeds in corpus/ stay as they are.
# An input that breaks a target is written to target/artifacts, and
# target/x86_64-unknown-linux-gnu/release/TARGET FILE plays it again.
set -eu
cd "$(dirname "$0")"
seconds=${1:-60}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- events webhooks shop_log ledger
triple=x86_64-unknown-linux-gnu

# The address sanitizer is no part of stable Rust yet; libFuzzer's own instrumentation is.
export RUSTC_BOOTSTRAP=1
flags="--cfg fuzzing -Zsanitizer=address -Cpasses=sancov-module"
for flag in level=4 inline-8bit-counters pc-table trace-compares; do
    flags="$flags -Cllvm-args=-sanitizer-coverage-$flag"
done
export RUSTFLAGS="$flags -Cllvm-args=-simplifycfg-branch-fold-threshold=0"
export CARGO_TARGET_DIR=target
cargo build --release --target "$triple"

for target in "$@"; do
    printf '\n== Fuzzing %s for %s s\n' "$target" "$seconds"
    mkdir -p "target/corpus/$target" target/artifacts
    "target/$triple/release/$target" -max_total_time="$seconds" -print_final_stats=1 \
        -verbosity=0 -detect_leaks=0 -timeout=10 -rss_limit_mb=1024 -artifact_prefix="target/artifacts/$target-" \
        "target/corpus/$target" "corpus/$target"
done
