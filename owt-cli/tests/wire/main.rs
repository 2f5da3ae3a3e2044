//! Every row of the wire specification, over real HTTP against a real server.
//! The modules and tests are named after its sections.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may; clippy.toml exempts only the test functions themselves"
)]

mod s1_base64;
mod s1_plain;
mod s1_the_call;
mod s1_wrong_calls;
mod s2_code_forms;
mod s2_module_body;
mod s2_threads;
mod s3_arguments;
mod s3_bodies;
mod s4_pipeline;
mod s4_steps_outside;
mod s5_async;
mod s5_files;
mod s5_http_1_0;
mod s5_json;
mod s5_paths;
mod s5_request;
mod s5_results;
mod s5_rich;
mod s5_streams;
mod s6_cache;
mod s6_joining;
mod s7_door;
mod s7_errors;
mod s7_keys;
mod s7_limits;
mod s7_mid_stream;
mod s7_quotas;
mod s7_reloaded_keys;
mod s7_soft_stop;
mod s7_users;
mod s8_batching;
mod s8_never_mixed;
mod s8_shared_state;
