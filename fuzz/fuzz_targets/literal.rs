#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| owt_core::fuzzing::literal(data));
