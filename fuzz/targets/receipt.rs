//! Runs `consent_fuzz::receipt::check`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consent_fuzz::receipt::check(data));
