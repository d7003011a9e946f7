//! Runs `consent_fuzz::chunks::check`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consent_fuzz::chunks::check(data));
