//! The log, on standard error.

use std::io::{self, IsTerminal};

use anstream::{AutoStream, ColorChoice};
use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;

/// Logs from now on: warnings below 0, what a server does at 0, how above it.
pub(crate) fn start(verbosity: i8, format: LogFormat) {
    // The libraries' own inner life is rarely what is looked for, and a stream
    // that failed is told by owt already.
    let filter = match verbosity {
        ..0 => "warn,actix_http::h1::dispatcher=off",
        0 => "info,actix_server=warn,actix_http::h1::dispatcher=off",
        1 => "info,owt=debug,owt_server=debug,adaptor=debug,actix_http::h1::dispatcher=off",
        _ => "debug,owt=trace,owt_server=trace,adaptor=trace,actix_http::h1::dispatcher=off",
    };
    let log = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_env_filter(EnvFilter::new(filter))
        // Told on standard error too, where a failure would end the thread that logs.
        .log_internal_errors(false);
    // Starting fails only where a log has been started already, which then is as good.
    let _ = match format {
        LogFormat::Text => {
            let colours = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
            let target = verbosity > 0 || !io::stderr().is_terminal();
            log.with_ansi(colours).with_target(target).try_init()
        }
        // One flat object: what is looked for, such as `id`, is at the top.
        LogFormat::Json => {
            log.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
        }
    };
}
