//! Requests in a table, and what became of each.

use std::fmt::Write as _;

use owt_testing::raw::Raw;
use owt_testing::{CURL, Folder, Owt, Start, b64};

/// `ali` with the password `open sesame`.
pub const ALI: &str = "ali:41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb";

/// What a request should come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its code runs, once.
    Runs,
    /// It is answered so, and its code does not run.
    Stays(u16),
}

pub use Fate::{Runs, Stays};

/// A name for the row, the request, and its fate.
///
/// Lines of the request end as the source's do; `{call}` is a path with a call in its query,
/// `{own}` the server's host and port, `{port}` the port alone, `{basic}` the right password.
/// Who says no `User-Agent` is curl, but for `{nameless}`.
/// A body is one of `{json}`, `{form}`, `{multipart}`, `{python}`, which hold the call.
pub type Row = (&'static str, &'static str, Fate);

/// What a browser's `User-Agent` begins with.
pub const MOZILLA: &str = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36";

/// A server that the table is tried on.
pub struct Try {
    owt: Owt,
    folder: Folder,
}

impl Try {
    pub fn with<'a>(args: impl IntoIterator<Item = &'a str>) -> Self {
        Self { owt: Start::new().args(args).start(), folder: Folder::new() }
    }

    /// Sends each row's request on a connection of its own; all that went wrong is told at once.
    #[track_caller]
    pub fn all<S: AsRef<str>>(&self, rows: &[(&str, S, Fate)]) {
        let mut wrong = String::new();
        for (number, (name, request, fate)) in rows.iter().enumerate() {
            let mark = format!("ran-{number}");
            let (status, body) = self.send(request.as_ref(), &mark);
            let marks = self.folder.marks(&mark);
            let right = match fate {
                Runs => status == 200 && marks == 1,
                Stays(wanted) => status == *wanted && marks == 0,
            };
            if !right {
                writeln!(wrong, "{name}: {fate:?}, but {status}, ran {marks} times: {body}")
                    .unwrap();
            }
        }
        // Nor has anything of them run since.
        for (number, (name, _, fate)) in rows.iter().enumerate() {
            let marks = self.folder.marks(&format!("ran-{number}"));
            if *fate != Runs && marks > 0 {
                writeln!(wrong, "{name}: ran {marks} times after it was refused").unwrap();
            }
        }
        assert!(wrong.is_empty(), "\n{wrong}");
    }

    /// The status and the whole answer.
    fn send(&self, request: &str, mark: &str) -> (u16, String) {
        let text = self.fill(request, mark);
        let mut raw = Raw::send(&self.owt, text);
        let (status, head) = raw.head();
        (status, head)
    }

    /// The request's bytes.
    pub fn fill(&self, request: &str, mark: &str) -> Vec<u8> {
        let source = format!("{}\ndef run(): return 'ran'\n", self.folder.mark(mark));
        let code = b64(&source);
        let encoded = code.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let own = self.owt.address();
        let (_, port) = own.rsplit_once(':').unwrap();
        let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
        let body = match body {
            "{json}" => format!("{{\"code_b64\": \"{code}\"}}"),
            "{python}" => source,
            "{form}" => format!("code_b64={encoded}"),
            "{multipart}" => format!(
                "--x\r\nContent-Disposition: form-data; name=\"code_b64\"\r\n\r\n{code}\r\n--x--\r\n"
            ),
            other => other.to_owned(),
        };
        let mut lines: Vec<String> =
            head.lines().map(|line| line.trim_start().to_owned()).collect();
        let names =
            |line: &String| line.starts_with("User-Agent:") || line.starts_with("{mozilla}");
        if lines.iter().any(|line| line == "{nameless}") {
            lines.retain(|line| line != "{nameless}");
        } else if !lines.iter().any(names) {
            lines.push(format!("User-Agent: {CURL}"));
        }
        if !body.is_empty() && !head.contains("Content-Length") {
            lines.push(format!("Content-Length: {}", body.len()));
        }
        lines.push("Connection: close".to_owned());
        let head = lines.join("\r\n");
        let head = head
            .replace("{call}", &format!("/x?code_b64={encoded}"))
            .replace("{own}", own)
            .replace("{port}", port)
            .replace("{mozilla}", MOZILLA)
            .replace("{basic}", &format!("Authorization: Basic {}", b64("ali:open sesame")));
        format!("{head}\r\n\r\n{body}").into_bytes()
    }
}
