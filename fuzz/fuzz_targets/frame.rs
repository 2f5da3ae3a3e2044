#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| owt_engine::link::fuzzing::frame(data));
