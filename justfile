# What CI runs, in the same order.
check:
    .ci/run

# A platform to try out, on http://127.0.0.1:8080.
run:
    cargo run --release -- serve --sandbox

# The whole story, told on this machine.
demo *files:
    cargo run --release -- demo {{files}}

# Formats everything.
fmt:
    cargo fmt --all

# Clippy on all targets, warnings denied.
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# The crates' documentation.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --open

# All tests.
test *args:
    cargo test --workspace {{args}}

# Kills the program in the middle of everything, 200 times or as often as is said, and looks what is left.
crash kills="200":
    CONSENT_TEST_KILLS={{kills}} cargo test -p consent-tests --test it -- --nocapture crash::

# Looks for inputs that break a promise; fuzz/README.md lists the targets.
fuzz target seconds="300":
    mkdir -p fuzz/targets/corpus/{{target}}
    RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir fuzz/targets {{target}} fuzz/targets/corpus/{{target}} fuzz/seeds/{{target}} -- -max_total_time={{seconds}} -max_len=8192 -timeout=20 -dict=fuzz/words.dict

# The release binary under load, beside limits measured in the same run: `just bench --help`.
bench *args:
    cargo build --release -p consent-gateway -p consent-bench
    cargo run --release -p consent-bench -- {{args}}

# Takes the snapshots of the last run as they are now.
accept:
    INSTA_UPDATE=always cargo test --workspace

# Brings the database in ./data up to date.
migrate:
    cargo run -- migrate
