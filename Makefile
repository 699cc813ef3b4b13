# Every command sets up what it needs, says what it does, and reuses what is there.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo dev test soak mutants coverage fuzz bench delay crash setup site toolchain site-builder

TARGET := $(or $(CARGO_TARGET_DIR),target)
SITE_BUILDER := $(TARGET)/debug/onhand-site
# Where rustup's wasm target was refused, this names another cargo (see server/site/toolchain.sh).
WASM := . $(TARGET)/wasm-toolchain.env
# What is compiled for the host, with the features its tests need: one set, so that it is built once.
HOST := -p onhand -p onhand-app -p onhand-server -p onhand-site \
        --features onhand/sim,onhand-app/ssr
# The fuzz targets are a workspace of their own. libFuzzer is C++ that only a build needs, so that
# for a check its library may be one that is not there.
FUZZ_CLIPPY := CUSTOM_LIBFUZZER_PATH=none/libfuzzer.a cargo clippy \
               --manifest-path server/fuzz/Cargo.toml --target-dir $(TARGET)
# Plays seeds on the core and on the reference model.
SIM := cargo run -q --profile sim -p onhand --features sim --bin onhand-sim --
say = printf '\n== %s\n'

# Arguments of the server that `make demo` and `make dev` start, and of the simulator.
ARGS ?=
# Figures that `make bench` measures, such as f1b or f1,f4; all without it.
ONLY ?=

# How often `make crash` kills the server.
CYCLES ?= 100

# Which of the core's mutants `make mutants` tries: every 40th, from the first; 0/1 is all of them.
SHARD ?= 0/40
# Memory that each test of a mutant may ask for, in KiB: some ask for ever more, and two run at once.
MUTANT_KIB := 4194304

# How long `make soak` goes on, and each target of `make fuzz`.
SECONDS ?= 600

help: ## List the commands
	@echo "Onhand. The commands:"
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18
	@echo "make demo and make dev hand ARGS to the server: make demo ARGS='--listen 127.0.0.1:4000'"

demo: site ## Build in release, seed a shop, serve it on http://127.0.0.1:3000
	@$(say) "Building the server"
	@ONHAND_EMBED_SITE="$(abspath $(TARGET))/site" cargo build --release -p onhand-server
	@$(say) "Starting the demo"
	@exec $(TARGET)/release/onhand demo $(ARGS)

dev: site-builder ## Serve the demo; rebuild and reload on every change
	@$(WASM); exec $(SITE_BUILDER) watch -- demo $(ARGS)

test: site ## Check format and lints, run every test, also in a real browser
	@$(say) "Checking the format"
	@cargo fmt --all --check
	@$(say) "Clippy, for the host"
	@cargo clippy $(HOST) --all-targets -- -D warnings
	@$(say) "Clippy, for the fuzz targets"
	@$(FUZZ_CLIPPY) -- -D warnings
	@$(say) "Clippy, for the browser"
	@$(WASM); if [ -n "$${ONHAND_WASM_CARGO:-}" ]; then \
	  echo "Debian's Rust for browsers has no clippy: the site's build has checked it"; \
	else \
	  cargo clippy -p onhand-app -p onhand-frontend --features onhand-app/hydrate \
	    --target wasm32-unknown-unknown -- -D warnings; \
	fi
	@$(say) "Running the tests"
	@cargo test $(HOST)
	@$(say) "Simulating"
	@$(SIM) --seconds 60
	@$(say) "Running the browser tests"
	@end2end/setup.sh
	@cd end2end && ONHAND_BIN="$(abspath $(TARGET))/debug/onhand" \
	  ONHAND_SITE_DIR="$(abspath $(TARGET))/site" npx playwright test

soak: ## Try to break rules and processor for SECONDS (600) each, or see a seed again with ARGS='--seed …'
	@$(say) "Simulating"
	@$(SIM) $(or $(ARGS),--seconds $(SECONDS) --from $$(date +%s)000)
	@$(if $(ARGS),true,$(say) "Simulating the processor, and power cuts")
	@$(if $(ARGS),true,ONHAND_SIM_SECONDS=$(SECONDS) ONHAND_SIM_FROM=$$(date +%s)000 \
	  cargo test -q -p onhand-server --test it -- --nocapture sim:: disk::)
	@$(if $(ONHAND_SHOP_LOG),$(say) "Selling the whole log again, in any order",true)
	@$(if $(ONHAND_SHOP_LOG),cargo test -q -p onhand-server --test it -- --ignored --nocapture real::,true)

fuzz: ## Feed made-up input to all readers and to the ledger, for SECONDS (600) each
	@$(say) "Building the fuzz targets"
	@server/fuzz/run.sh $(SECONDS)

mutants: ## Change the core in small ways and see whether its tests notice (all: SHARD=0/1)
	@for tool in cargo-mutants cargo-nextest; do command -v $$tool >/dev/null || { \
	  $(say) "Installing $$tool"; cargo install $$tool --locked; }; done
	@$(say) "Trying mutants, shard $(SHARD)"
	@ulimit -v $(MUTANT_KIB); cargo mutants -p onhand --sharding round-robin --shard $(SHARD) --timeout 300 --output $(TARGET)

coverage: ## Say how much of each file of the core its tests run
	@tools="$$(rustc --print sysroot)/lib/rustlib/$$(rustc -vV | sed -n 's/^host: //p')/bin"; \
	if [ ! -x "$$tools/llvm-cov" ]; then $(say) "Installing llvm-tools"; rustup component add llvm-tools; fi; \
	$(say) "Running the core's tests"; \
	export RUSTFLAGS='-C instrument-coverage' CARGO_TARGET_DIR=$(TARGET)/coverage; \
	export LLVM_PROFILE_FILE="$(abspath $(TARGET))/coverage/%p-%m.profraw"; \
	build="cargo test -q -p onhand --features onhand/sim --lib --test core"; \
	binaries=$$($$build --no-run --message-format=json | sed -n 's/.*"executable":"\([^"]*\)".*/-object \1/p'); \
	rm -f $(TARGET)/coverage/*.profraw; \
	$$build; \
	"$$tools/llvm-profdata" merge -sparse $(TARGET)/coverage/*.profraw -o $(TARGET)/coverage/core.profdata; \
	"$$tools/llvm-cov" report $$binaries -instr-profile=$(TARGET)/coverage/core.profdata \
	  --ignore-filename-regex='src/(sim|tests)/|/(registry|rustc)/' --show-region-summary=false --show-branch-summary=false

bench: site ## Measure the figures beside the raw limits of the machine (one: make bench ONLY=f1b)
	@$(say) "Building the server and the load generator"
	@ONHAND_EMBED_SITE="$(abspath $(TARGET))/site" cargo bench --no-run -p onhand-server --bench figures
	@$(say) "Measuring"
	@ONHAND_EMBED_SITE="$(abspath $(TARGET))/site" cargo bench -q -p onhand-server --bench figures -- $(ONLY)

delay: site ## Measure how long a signed webhook takes to change a number in a real browser
	@$(say) "Building the server"
	@ONHAND_EMBED_SITE="$(abspath $(TARGET))/site" cargo build --release -p onhand-server
	@end2end/setup.sh
	@$(say) "Measuring in the browser"
	@cd end2end && ONHAND_BIN="$(abspath $(TARGET))/release/onhand" \
	  ONHAND_SITE_DIR="$(abspath $(TARGET))/site" npx playwright test --config bench.config.ts

crash: ## Kill a server under load CYCLES times (100): nothing that was answered may be lost
	@$(say) "Killing a server under load $(CYCLES) times"
	@ONHAND_CRASH_CYCLES=$(CYCLES) cargo test $(HOST) --test it many_kills -- --ignored --nocapture

setup: toolchain ## Install what the other commands need: wasm target, Node, Chromium, Playwright
	@end2end/setup.sh
	@echo "Everything is there."

site: site-builder ## Build the website into target/site: wasm, stylesheet, icons; compressed
	@$(say) "Building the website"
	@$(WASM); $(SITE_BUILDER) build

toolchain:
	@server/site/toolchain.sh

site-builder: toolchain
	@$(say) "Building the site builder"
	@cargo build -p onhand-site
