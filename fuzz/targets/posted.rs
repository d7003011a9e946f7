//! Runs `consent_fuzz::posted::check`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consent_fuzz::posted::check(data));
