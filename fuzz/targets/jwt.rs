//! Runs `consent_fuzz::jwt::check`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consent_fuzz::jwt::check(data));
