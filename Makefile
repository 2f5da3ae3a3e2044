# What people type. `make` lists the targets.

VENV := target/venv
BROWSER := browser/node_modules/.package-lock.json
JS := clients/js/node_modules/.package-lock.json
RUNTIMES := clients/js/runtimes/node_modules/installed
# What prettier formats beside browser/; of the landing page what is neither others' nor the client's.
SCRIPTS := '../clients/js/*.{js,ts,json}' '../clients/js/test/*' '../clients/js/runtimes/*.json' '../examples/*.css' '../examples/*/*.{js,mjs,css}' \
	'../owt-server/src/http/page/*.css' '../owt-server/src/http/page/!(*.min).js'
PYTHON := $(shell python3 -c 'import sys; print(sys.executable)')
export PYO3_PYTHON ?= $(PYTHON)
BUILDERS := target/builders/ready
NAME :=
TARGET := call
SECONDS := 60
PROTOCOLS := target/protocols/ready
PINS := $(VENV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes

# Programs of cargo's, built where they are missing.
TOOL = test -x target/tools/bin/$(1) || cargo install --locked --quiet --root target/tools $(1)

.PHONY: help run test plan test-rust test-python test-forms test-libraries test-clients-python test-browser test-js test-haskell test-protocols test-examples example example-times screenshots bench soak fuzz fuzz-all deny sbom pins example-pins adaptors-doc api-docs vectors extension test-extension wheel test-pythons package fmt lint setup

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: ## Build and serve on http://127.0.0.1:9876 (SERVE="--port 0 ..." for more)
	cargo build --release -p owt-cli
	target/release/owt serve $(SERVE)

test: plan setup test-rust test-extension test-python test-forms test-clients-python test-protocols test-examples test-browser test-js test-haskell ## Pass all tests, set-up included

plan: ## Say what `make test` installs, and where
	@.ci/tools --plan

test-rust: setup
	OWT_TEST_VENV=$(abspath $(VENV)) cargo test --workspace --locked
	cargo test -p owt-client --lib --no-default-features --locked

test-python: setup
	cd owt-python/python && ../../$(VENV)/bin/python -m pytest -q

test-forms: setup ## Try a dozen libraries as their users would
	cargo build --bin owt --locked
	OWT_BIN=$(abspath target/debug/owt) $(VENV)/bin/python libraries/run --pinned

test-libraries: setup ## Try 300 libraries, hours of installing; writes docs/libraries.md (GROUPS="charts tables:polars")
	cargo build --release --bin owt --locked
	OWT_BIN=$(abspath target/release/owt) $(VENV)/bin/python libraries/run $(GROUPS)

test-clients-python: setup ## Call it from Python and from a shell
	cargo build --bin owt --locked
	cd clients/python && OWT_BIN=$(abspath target/debug/owt) ../../$(VENV)/bin/python -m pytest -q

test-browser: setup $(BROWSER) ## Have a real Chromium try the door and the landing page
	cargo build --bin owt --locked
	cd browser && OWT_TEST_VENV=$(abspath $(VENV)) npm test --silent

test-js: setup $(BROWSER) $(JS) $(RUNTIMES) ## Call it from JavaScript: Node, Deno, Bun, a real Chromium
	cargo build --bin owt --locked
	cd clients/js && OWT_TEST_VENV=$(abspath $(VENV)) npm test --silent

test-haskell: setup ## Call it from Haskell, with the system's GHC
	cargo build --bin owt --locked
	OWT_BIN=$(abspath target/debug/owt) OWT_TEST_VENV=$(abspath $(VENV)) clients/haskell/test/run

test-protocols: $(PROTOCOLS) $(JS) ## Have others' programs read what owt says of functions: MCP, OpenAPI, stubs
	cargo build --bin owt --locked
	cd owt-testing/protocols && OWT_BIN=$(abspath target/debug/owt) OWT_TEST_VENV=$(abspath $(VENV)) \
	  ../../target/protocols/bin/python -m pytest -q

# What does not install is skipped there, with the reason.
test-examples: setup ## Have real models speak, hear, write and read, in every language
	cargo build --bin owt --locked
	cargo build -p owt-examples --locked
	-$(PYO3_PYTHON) examples/install all
	cd examples && OWT_BIN=$(abspath target/debug/owt) ../$(VENV)/bin/python -m pytest -q -rs

example: ## Install, serve and show an example with a real model (NAME=embed)
	@$(PYO3_PYTHON) examples/run $(NAME)

example-times: ## Measure the examples, and write the times into their READMEs
	cargo build --profile dist --locked -p owt-cli
	OWT_BIN=$(abspath target/dist/owt) $(PYO3_PYTHON) examples/times $(NAME)

screenshots: setup $(BROWSER) ## Write owt's pages as PNGs into docs/screenshots (NAMES="landing ...")
	cargo build --bin owt --locked
	cd browser && OWT_TEST_VENV=$(abspath $(VENV)) node screens.mjs ../docs/screenshots $(NAMES)

$(BROWSER): browser/package-lock.json | setup
	cd browser && npm ci --silent
	touch $@

$(JS): clients/js/package-lock.json | setup
	cd clients/js && npm ci --silent
	touch $@

# Not every machine has them; the tests then say that they skip them.
$(RUNTIMES): clients/js/runtimes/package-lock.json | setup
	cd clients/js/runtimes && npm ci --silent || echo "npm has no Deno or no Bun for this machine"
	mkdir -p $(@D)
	touch $@

setup: $(VENV)/ready
	@./.ci/tools

$(VENV)/ready: owt-python/python/requirements-test.txt
	$(PYO3_PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

bench: ## Measure beside peers; a table, JSON and a plot in target/bench
	cargo build --profile dist --locked -p owt-cli
	benches/run

soak: setup ## Load it with good, bad and broken calls, look for leaks (SOAK="--seconds 600 ...")
	cargo build --profile dist --locked -p owt-cli
	$(VENV)/bin/python benches/soak $(SOAK)

$(PROTOCOLS): owt-testing/protocols/requirements.txt
	$(PYO3_PYTHON) -m venv --clear target/protocols
	target/protocols/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

fuzz: ## Try one of fuzz/fuzz_targets on made-up bytes (TARGET=call SECONDS=60)
	$(call TOOL,cargo-fuzz)
	mkdir -p fuzz/corpus/$(TARGET)
	RUSTC_BOOTSTRAP=1 target/tools/bin/cargo-fuzz run $(TARGET) fuzz/corpus/$(TARGET) fuzz/seeds/$(TARGET) -- -max_total_time=$(SECONDS)

fuzz-all: ## Try each of fuzz/fuzz_targets (SECONDS=60 each)
	set -e; for target in $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs))); do \
	  $(MAKE) --no-print-directory fuzz TARGET=$$target; done

# The database of advisories is fetched; a copy of it serves where that cannot be.
ADVISORIES = target/tools/bin/cargo-deny --workspace check advisories || \
	target/tools/bin/cargo-deny --offline --workspace check advisories

deny: ## Look for known faults, licences and sources of all crates (deny.toml)
	$(call TOOL,cargo-deny)
	target/tools/bin/cargo-deny --workspace check bans licenses sources
	$(ADVISORIES)

sbom: ## Write what is in the binary and in the crates (CycloneDX) into target/sbom
	$(call TOOL,cargo-cyclonedx)
	mkdir -p target/sbom
	target/tools/bin/cargo-cyclonedx cyclonedx --format json --spec-version 1.5 --override-filename bom
	for crate in core system engine python client server cli; do mv owt-$$crate/bom.json target/sbom/owt-$$crate.cdx.json; done
	rm -f examples/bom.json

pins: setup ## Pin the newest versions of the Python packages of tests, benches and the wheel, with hashes
	set -e; for folder in owt-python/python/requirements-test libraries/requirements benches/requirements deploy/builders owt-testing/protocols/requirements; do \
	  $(PINS) --quiet --upgrade --custom-compile-command "make pins" $$folder.in -o $$folder.txt; done

# An example's versions stay: its sizes and times belong to them. All that it needs is listed.
example-pins: setup ## Write the hashes of the examples' packages, after a version was changed
	set -e; for pins in examples/requirements/*.txt; do head -n 1 $$pins > $$pins.new; \
	  $(PINS) --no-deps --no-header --no-annotate $$pins >> $$pins.new; mv $$pins.new $$pins; done

adaptors-doc: setup ## Write docs/adaptors.md from the docstrings of what adaptors have in scope
	$(VENV)/bin/python owt-python/python/adaptors_doc.py

api-docs: setup ## Write the pages of each client's API (pdoc, TypeDoc, rustdoc, Haddock) into target/api
	OWT_VENV=$(abspath $(VENV)) clients/api-docs

vectors: ## Write clients/vectors anew
	OWT_VECTORS=write cargo test -p owt-core --locked vectors

# The package with the extension in it, beside the program of that profile and folder; in a folder of
# its own, since pyo3 is built otherwise for it.
EXTENSION = CARGO_TARGET_DIR=target/extension PYO3_BUILD_EXTENSION_MODULE=1 cargo rustc -p owt-python \
	--lib --crate-type cdylib --features extension --locked --profile $(1) && \
	rm -rf target/$(2)/python && mkdir -p target/$(2)/python && \
	cp -r owt-python/python/owt target/$(2)/python/owt && \
	cp target/extension/$(2)/libowt_python.so target/$(2)/python/owt/_native.abi3.so

extension: ## Build the extension, with which target/release/owt serves any Python from 3.11 on
	$(call EXTENSION,release,release)

test-extension: setup ## Pass the suite `wire` with another Python than the linked one
	cargo build -p owt-cli --locked
	$(call EXTENSION,dev,debug)
	$(PYO3_PYTHON) owt-testing/pythons.py --linked

wheel: $(BUILDERS) ## Build the wheel owt-serve, for this and older machines, into target/wheels
	PATH="$(abspath target/builders/bin):$$PATH" target/builders/bin/python deploy/owt_wheel.py

test-pythons: setup wheel ## Pass the wheel's tests with each CPython from 3.11 to 3.15
	$(PYO3_PYTHON) owt-testing/pythons.py $(VERSIONS)

$(BUILDERS): deploy/builders.txt
	$(PYO3_PYTHON) -m venv --clear target/builders
	target/builders/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# What the server carries of the repository: see owt-server/build.rs.
CARRIED = $(shell git ls-files '*.md' clients/js/index.js 'examples/*/*.py' examples/requirements \
	'examples/*/sample.*')

package: ## Pack all crates, and see that their licences, readmes and Python are in them
	rm -rf owt-server/packaged
	mkdir owt-server/packaged
	cp --parents $(CARRIED) owt-server/packaged
	cargo package --workspace --exclude owt-examples --exclude owt-testing --locked --allow-dirty --no-verify
	for crate in core system engine python client server cli; do for file in LICENSE-MIT LICENSE-APACHE README.md; do \
	  tar xzOf target/package/owt-$$crate-*.crate --wildcards "*/$$file" | grep -q . || exit 1; done; done
	tar tzf target/package/owt-python-*.crate | grep -q python/owt/client/__init__.py
	tar xzOf target/package/owt-server-*.crate --wildcards '*/packaged/clients/js/index.js' | cmp clients/js/index.js
	rm -r owt-server/packaged

fmt: setup $(BROWSER) ## Format everything
	cargo fmt --all
	$(VENV)/bin/ruff format owt-python/python clients/python benches examples libraries deploy owt-testing
	cd browser && npx prettier --write --log-level warn .
	cd browser && npx prettier --write --log-level warn --config .prettierrc.json $(SCRIPTS)

lint: setup $(BROWSER) ## Format check, clippy, ruff, mypy, cargo deny where it is installed; warnings are errors
	cargo fmt --all --check
	cd browser && npx prettier --check --log-level warn .
	cd browser && npx prettier --check --log-level warn --config .prettierrc.json $(SCRIPTS)
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy -p owt-client --lib --no-default-features --locked -- -D warnings
	cargo clippy -p owt-cli --no-default-features --locked -- -D warnings
	CARGO_TARGET_DIR=target/extension PYO3_BUILD_EXTENSION_MODULE=1 \
	  cargo clippy -p owt-python --features extension --locked -- -D warnings
	@if test -x target/tools/bin/cargo-deny; then $(MAKE) --no-print-directory deny; \
	  else echo "not checked: licences, sources and advisories of crates (\`make deny\` installs cargo-deny)"; fi
	$(VENV)/bin/ruff check owt-python/python clients/python benches examples libraries deploy owt-testing
	$(VENV)/bin/ruff format --check owt-python/python clients/python benches examples libraries deploy owt-testing
	cd owt-python/python && ../../$(VENV)/bin/python -m mypy
