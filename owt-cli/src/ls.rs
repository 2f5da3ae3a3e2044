//! `owt ls`: lists the adaptors that are warm in a running server.

use bytesize::ByteSize;
use owt_client::{Warm, WarmAdaptor, WarmWorker};

use crate::args::LsArgs;
use crate::call::wait;
use crate::failure::Failure;
use crate::log::visible;
use crate::output;

/// Digits of a code's hash that tell it from others.
const HASH: usize = 12;

const HEAD: [&str; 8] =
    ["WORKER", "ITS MEMORY", "ADAPTOR", "PATH", "FUNCTION", "CALLS", "RUNNING", "LAST USED"];

pub(crate) fn run(args: &LsArgs) -> Result<(), Failure> {
    let client = args.token.client(&args.server)?;
    let warm = wait(async { Ok(client.warm().await?) })?;
    if args.json {
        return output::line(&serde_json::to_string_pretty(&warm).unwrap_or_default());
    }
    output::write(table(&warm).as_bytes())
}

/// Lines for people, in columns.
fn table(warm: &Warm) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(warm.workers.iter().flat_map(rows_of));
    output::table(&rows)
}

fn rows_of(worker: &WarmWorker) -> Vec<[String; HEAD.len()]> {
    let of = |adaptor: [String; 6]| {
        let [name, path, function, calls, running, last] = adaptor;
        let memory = ByteSize(worker.resident_bytes).display().iec().to_string();
        [worker.index.to_string(), memory, name, path, function, calls, running, last]
    };
    let none = |why: &str| vec![of([why, "", "", "", "", ""].map(str::to_owned))];
    match worker.adaptors.as_deref() {
        _ if !worker.up => none("(it starts)"),
        None => none("(it does not answer)"),
        Some([]) => none("(none)"),
        Some(adaptors) => adaptors.iter().map(|adaptor| of(cells(adaptor))).collect(),
    }
}

fn cells(adaptor: &WarmAdaptor) -> [String; 6] {
    let hash: String = adaptor.code.chars().take(HASH).collect();
    let name = match &adaptor.code_name {
        Some(name) => format!("{} {hash}", visible(name)),
        None => hash,
    };
    let idle = std::time::Duration::from_secs(adaptor.idle_seconds.max(0.0) as u64);
    [
        name,
        visible(&adaptor.path),
        visible(&adaptor.fn_name),
        adaptor.calls.to_string(),
        adaptor.running.to_string(),
        format!("{} ago", humantime::format_duration(idle)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_each_adaptor_and_for_who_has_none() {
        let adaptor = WarmAdaptor {
            code: "0123456789abcdef".to_owned(),
            code_name: Some("plot.py".to_owned()),
            path: "/a\u{1b}[31m".to_owned(),
            fn_name: "run".to_owned(),
            calls: 12,
            running: 1,
            idle_seconds: 63.2,
        };
        let worker = WarmWorker {
            up: true,
            resident_bytes: 100 << 20,
            adaptors: Some(vec![adaptor]),
            ..WarmWorker::default()
        };
        let silent = WarmWorker { index: 1, adaptors: None, ..worker.clone() };
        let starting = WarmWorker { index: 2, up: false, resident_bytes: 0, ..silent.clone() };
        let warm = Warm { workers: vec![worker, silent, starting] };
        assert_eq!(
            table(&warm),
            "\
WORKER  ITS MEMORY  ADAPTOR               PATH          FUNCTION  CALLS  RUNNING  LAST USED
0       100.0 MiB   plot.py 0123456789ab  /a\\u{1b}[31m  run       12     1        1m 3s ago
1       100.0 MiB   (it does not answer)
2       0 B         (it starts)
"
        );
    }
}
