//! The platform, counting: the same program as `consent-access`, which tells whoever connects to its counters how often
//! it did what costs since it began, as one line of JSON. Where they listen stands in a file `counters`, beside which it
//! is started.

use std::{alloc::System, fs, io::Write as _, net::TcpListener, process::ExitCode, thread};

use consent_core::Counter;
use consent_crypto::counted;
use consent_store::STATEMENTS;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const COUNTED: [(&str, &Counter); 5] = [
    ("statements", &STATEMENTS),
    ("rsa_signed", &counted::RSA_SIGNED),
    ("rsa_verified", &counted::RSA_VERIFIED),
    ("rsa_sealed", &counted::RSA_SEALED),
    ("x25519_opened", &counted::X25519_OPENED),
];

fn main() -> ExitCode {
    if let Err(error) = tell_counters() {
        eprintln!("counted: {error}");
        return ExitCode::FAILURE;
    }
    consent_gateway::run()
}

fn tell_counters() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    fs::write("counters", listener.local_addr()?.to_string())?;
    thread::spawn(move || {
        for mut asking in listener.incoming().flatten() {
            // Whoever has gone does not want to know.
            let _ = writeln!(asking, "{}", so_far());
        }
    });
    Ok(())
}

fn so_far() -> serde_json::Value {
    let mut json: serde_json::Map<_, _> =
        COUNTED.iter().map(|(name, counter)| ((*name).to_owned(), counter.count().into())).collect();
    let memory = ALLOCATOR.stats();
    json.insert("allocations".to_owned(), (memory.allocations + memory.reallocations).into());
    json.insert("bytes_allocated".to_owned(), memory.bytes_allocated.into());
    json.into()
}
