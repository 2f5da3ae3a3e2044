//! `owt`: serve Python to HTTP, and call it from a shell.

mod args;
mod arguments;
mod by_name;
mod call;
mod called;
mod completions;
mod doctor;
mod encode;
mod expression;
mod failure;
mod functions;
mod hash_password;
mod listen;
mod log;
mod ls;
mod mcp;
mod output;
mod progress;
mod saved;
mod serve;
mod shutdown;
mod source;
mod stubs;
mod token_file;
mod units;
#[cfg(feature = "embed")]
mod worker;

use std::process::ExitCode;

use args::{Cli, Command};

/// Requests are decoded on one thread and freed on another, which glibc's allocator
/// is slow at: a third of the rate of small calls.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Has this thread and what no thread owns give back the memory that is free.
fn collect() {
    // SAFETY: may be called at any time, from any thread.
    unsafe { libmimalloc_sys::mi_collect(true) };
}

fn main() -> ExitCode {
    owt_system::memory::collect_by(collect);
    let done = match Cli::typed().command {
        Command::Serve(args) => serve::run(&args),
        Command::Encode(args) => encode::run(args),
        Command::Call(args) => call::run(args),
        Command::Ls(args) => ls::run(&args),
        Command::Functions(args) => functions::list(&args),
        Command::Publish(args) => functions::publish(&args),
        Command::Stubs(args) => stubs::run(&args),
        Command::Mcp(args) => mcp::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::HashPassword(args) => hash_password::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        #[cfg(feature = "embed")]
        Command::Worker(args) => worker::run(&args),
        Command::Guard(args) => {
            owt_server::run_guard(&args.family);
            Ok(())
        }
    };
    log::flush();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.exit_code()
        }
    }
}
