//! Runs `consent_fuzz::contract::check`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consent_fuzz::contract::check(data));
