//! Runs `consent_fuzz::key::check`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consent_fuzz::key::check(data));
