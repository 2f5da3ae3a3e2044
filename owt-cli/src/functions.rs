//! `owt functions` and `owt publish`: lists the functions of a running server, and sends it code.

use owt_client::Client;
use owt_core::{Catalogue, FunctionInfo, SentCode};

use crate::args::{FunctionsArgs, PublishArgs};
use crate::call::wait;
use crate::failure::Failure;
use crate::log::visible;
use crate::output;

/// Characters of a docstring's first line that are shown.
const DOC: usize = 60;

pub(crate) fn list(args: &FunctionsArgs) -> Result<(), Failure> {
    let client = args.token.client(&args.server, Client::builder())?;
    let told = wait(async { Ok(client.functions().await?) })?;
    if args.json {
        return output::line(&serde_json::to_string_pretty(&told).unwrap_or_default());
    }
    output::write(table(&told).as_bytes())
}

pub(crate) fn publish(args: &PublishArgs) -> Result<(), Failure> {
    let client = args.token.client(&args.server, Client::builder())?;
    let code = args.source.code()?;
    let (code_name, name) = (args.source.code_name(), args.name.as_deref());
    let sent = wait(async { Ok(client.publish(&code, code_name, name, args.keep).await?) })?;
    if args.json {
        return output::line(&serde_json::to_string_pretty(&sent).unwrap_or_default());
    }
    output::write(paths(&sent).as_bytes())
}

/// A line for each function, and one for each module that has none as it is.
fn table(told: &Catalogue) -> String {
    let mut rows = vec![["FUNCTION", "GET", "WHAT IT DOES"].map(str::to_owned)];
    rows.extend(told.functions.iter().map(|function| {
        let get = if function.get { "yes" } else { "" };
        [visible(&function.signature()), get.to_owned(), doc(function)]
    }));
    let mut text = output::table(&rows);
    for error in &told.errors {
        let keeps = if error.keeps_old { " (its functions are as before)" } else { "" };
        let first = error.message.lines().next().unwrap_or_default();
        text += &format!("! {}{keeps}: {}\n", visible(&error.module), visible(first));
    }
    if !told.ready {
        text += "(more modules are being described)\n";
    }
    text
}

/// The first line of its docstring.
fn doc(function: &FunctionInfo) -> String {
    let line = visible(function.doc.lines().next().unwrap_or_default());
    match line.char_indices().nth(DOC) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// How each function is called.
fn paths(sent: &SentCode) -> String {
    let rows: Vec<_> = sent
        .functions
        .iter()
        .map(|function| {
            let path = function.path.as_deref().unwrap_or_default();
            ["POST".to_owned(), visible(path), visible(&function.signature())]
        })
        .collect();
    output::table(&rows)
}
