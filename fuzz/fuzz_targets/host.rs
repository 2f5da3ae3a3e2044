#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| owt_server::fuzzing::host(data));
