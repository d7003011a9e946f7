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

# Takes the snapshots of the last run as they are now.
accept:
    INSTA_UPDATE=always cargo test --workspace

# Brings the database in ./data up to date.
migrate:
    cargo run -- migrate
