//! Writes the log to standard error: one line for each event, whatever is in it, without ever
//! waiting for a reader.

mod queue;
mod visible;

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use tracing::field::Field;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::queue::Line;
pub(crate) use self::visible::visible;
use self::visible::{Visible, visible_json};
use crate::args::LogFormat;

pub(crate) use self::queue::flush;

/// Logs from now on: warnings below 0, what a server does at 0, how above it.
///
/// # Errors
/// There is no thread that writes it.
pub(crate) fn start(verbosity: i8, format: LogFormat) -> io::Result<()> {
    // The libraries' own inner life is rarely what is looked for, and a stream
    // that failed is told by owt already.
    let (others, ours) = match verbosity {
        ..0 => (LevelFilter::WARN, LevelFilter::WARN),
        0 => (LevelFilter::INFO, LevelFilter::INFO),
        1 => (LevelFilter::INFO, LevelFilter::DEBUG),
        _ => (LevelFilter::DEBUG, LevelFilter::TRACE),
    };
    let server = if verbosity > 0 { others } else { LevelFilter::WARN };
    // A target stands for all that begin with it.
    let filter = Targets::new().with_default(others).with_targets([
        ("owt", ours),
        ("adaptor", ours),
        ("actix_server", server),
        ("actix_http::h1::dispatcher", LevelFilter::OFF),
    ]);
    queue::start()?;
    let log = tracing_subscriber::fmt()
        // What no target asks for is then left out by one comparison: libraries trace each request.
        .with_max_level(others.max(ours))
        // Told on standard error too, where a failure would end the thread that logs.
        .log_internal_errors(false);
    // Starting fails only where a log has been started already, which then is as good.
    let _ = match format {
        LogFormat::Text => {
            let colours = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
            let target = verbosity > 0 || !io::stderr().is_terminal();
            log.with_writer(|| Line)
                .with_ansi(colours)
                .with_target(target)
                .fmt_fields(debug_fn(field).delimited(" "))
                .finish()
                .with(filter)
                .try_init()
        }
        // One flat object: what is looked for, such as `id`, is at the top.
        LogFormat::Json => log
            .with_writer(|| Json)
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .finish()
            .with(filter)
            .try_init(),
    };
    Ok(())
}

/// Writes a field as tracing does by default, but for what would end its line or steer a terminal.
fn field(writer: &mut Writer<'_>, field: &Field, value: &dyn std::fmt::Debug) -> std::fmt::Result {
    use std::fmt::Write;
    match field.name() {
        "message" => {}
        // What the `log` crate says of itself is in the line already.
        name if name.starts_with("log.") => return Ok(()),
        name if writer.has_ansi_escapes() => write!(writer, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m")?,
        name => write!(writer, "{name}=")?,
    }
    write!(Visible(writer), "{value:?}")
}

/// The writer of lines that are JSON.
struct Json;

impl Write for Json {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        Line.write_all(&visible_json(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
