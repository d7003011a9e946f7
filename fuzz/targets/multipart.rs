//! Runs `consent_fuzz::multipart::check`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consent_fuzz::multipart::check(data));
