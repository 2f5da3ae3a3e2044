//! `owt call`: sends a call, streams its answer.

use owt_client::{Client, to_literal};

use crate::args::{CallArgs, What};
use crate::encode::{call_of, check};
use crate::failure::Failure;
use crate::output;
use crate::source::Source;

pub(crate) fn run(args: CallArgs) -> Result<(), Failure> {
    if args.what.file == Some(Source::Stdin) && args.data == Some(Source::Stdin) {
        let both = "standard input cannot be both the code and the data";
        return Err(Failure::Usage(both.to_owned()));
    }
    let kwargs = match args.kwargs {
        Some(kwargs) => Some(more_than_text("--kwargs", kwargs)?),
        None => named(&args.args)?,
    };
    let code_name = args.what.file.as_ref().and_then(Source::code_name).map(Into::into);
    let mut call = call_of(code(args.what)?, kwargs, &args.endpoint)?;
    call.code_name = code_name;
    call.timeout = args.timeout.map(|span| span.0);

    let client = Client::new(args.endpoint.address())?;
    let mut request = client.call(call).method(args.method);
    if let Some(data) = args.data {
        request = request.data(data.bytes()?);
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::Start {
            what: "no event loop could be made".to_owned(),
            source,
        })?
        .block_on(stream(request))
}

async fn stream(request: owt_client::CallRequest) -> Result<(), Failure> {
    let reply = request.send().await?;
    let status = reply.status();
    let mut chunks = reply.stream();
    let mut mid_line = false;
    while let Some(chunk) = chunks.next().await {
        let written = chunk.map_err(Failure::from).and_then(|chunk| {
            mid_line = !chunk.ends_with(b"\n");
            output::write(&chunk)
        });
        if written.is_err() {
            output::finish_line(mid_line);
        }
        written?;
    }
    if status.as_u16() < 400 { Ok(()) } else { Err(Failure::Answered(status)) }
}

fn code(what: What) -> Result<String, Failure> {
    if let Some(file) = what.file {
        return file.code();
    }
    if let Some(expression) = what.run {
        check("--run", &expression)?;
        return Ok(expression);
    }
    // clap has seen to it that there is one of the three.
    Ok(what.code.unwrap_or_default())
}

/// What begins with a bracket is JSON or Python, or a mistake, which is told here as the server
/// would tell it.
fn more_than_text(name: &str, text: String) -> Result<String, Failure> {
    let is_json = || serde_json::from_str::<serde_json::Value>(&text).is_ok();
    if begins_with_bracket(&text) && !is_json() {
        check(name, &text)?;
    }
    Ok(text)
}

fn begins_with_bracket(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '('])
}

/// The dict of `--arg NAME VALUE ...`.
fn named(args: &[String]) -> Result<Option<String>, Failure> {
    let quoted = |text: &String| to_literal(text).unwrap_or_default();
    let mut entries = Vec::new();
    for pair in args.chunks_exact(2) {
        let [name, value] = pair else { continue };
        let literal = owt_server::literal_of(value)
            .map_err(|error| Failure::Usage(format!("--arg {name}: {error}")))?;
        let value = match literal {
            Some(literal) => literal,
            None if begins_with_bracket(value) => {
                check(&format!("--arg {name}"), value)?;
                return Err(Failure::Usage(format!(
                    "--arg {name} is neither JSON nor a Python value: {value}\n(text that begins \
                     with a bracket wants quotes of its own)"
                )));
            }
            None => quoted(value),
        };
        entries.push(format!("{}: {value}", quoted(name)));
    }
    Ok((!entries.is_empty()).then(|| format!("{{{}}}", entries.join(", "))))
}
