//! How often this process did what costs most.

use consent_core::Counter;

/// RSA signatures made.
pub static RSA_SIGNED: Counter = Counter::new();
/// RSA signatures checked.
pub static RSA_VERIFIED: Counter = Counter::new();
/// Keys sealed with RSA-OAEP.
pub static RSA_SEALED: Counter = Counter::new();
/// Keys opened with X25519.
pub static X25519_OPENED: Counter = Counter::new();
