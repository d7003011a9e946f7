//! Runs `consent_fuzz::envelope::check`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consent_fuzz::envelope::check(data));
