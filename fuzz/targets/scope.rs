//! Runs `consent_fuzz::scope::check`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consent_fuzz::scope::check(data));
