//! Runs `consent_fuzz::query::check`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consent_fuzz::query::check(data));
