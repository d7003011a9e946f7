//! Runs `consent_fuzz::own_file::check`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consent_fuzz::own_file::check(data));
