//! The examples of docs/adaptors.md, sent by curl, answer what they say.

use std::process::Command;

use owt_testing::{Folder, Start};

use crate::scripts::{ports, project};

/// A user, and the SHA-256 of her password `lovelace`.
const ADA: &str = "ada:fb1e7ec987523d2cb9e022cec1d6ae7c99dc46edfae4fe51254025fe4bea571f";

/// An adaptor, and what is to come of it.
struct Example {
    code: String,
    cases: Vec<Case>,
}

struct Case {
    /// Before the arrow: arguments, or a command line of curl's.
    sent: String,
    /// Behind it: status, headers, body, divided by ` · `.
    wanted: String,
}

/// All examples of a document: lines of code in its Python blocks that end with `# … → …`.
fn examples(document: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for block in document.split("```python\n").skip(1) {
        let mut code = String::new();
        for line in block.split("```").next().unwrap().lines() {
            let Some((before, case)) = read_case(line) else {
                code.push_str(line);
                code.push('\n');
                continue;
            };
            code.push_str(before);
            if code.trim().is_empty() {
                examples.last_mut().expect("a case of some code").cases.push(case);
            } else {
                examples.push(Example { code, cases: vec![case] });
            }
            code = String::new();
        }
        assert!(code.is_empty(), "no case for {code}");
    }
    examples
}

/// The code of a line, and the case behind it.
fn read_case(line: &str) -> Option<(&str, Case)> {
    let (front, wanted) = line.split_once("→ ")?;
    let (before, sent) = front.rsplit_once("# ")?;
    Some((before, Case { sent: sent.trim().to_owned(), wanted: wanted.to_owned() }))
}

/// What curl received: status, head, body.
struct Received {
    status: String,
    head: String,
    body: String,
}

/// Sends `adaptor.py` to `$OWT_URL`, to a path when that comes first.
const CURL: &str = r#"
case "${1-}" in /*) path=$1; shift ;; *) path=/ ;; esac
curl -gsS -D head -o body -w '%{http_code}' --url-query code@adaptor.py "$OWT_URL$path" "$@"
"#;

fn curl(folder: &Folder, url: &str, sent: &str) -> Received {
    let arguments = match sent.strip_prefix("curl ") {
        Some(arguments) => arguments.to_owned(),
        None if sent.is_empty() => String::new(),
        None => format!("--url-query 'kwargs={sent}'"),
    };
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(format!("set -- {arguments}\n{CURL}")).env("OWT_URL", url);
    let ran = bash.current_dir(folder.as_str()).output().unwrap();
    assert!(ran.status.success(), "{sent}: {}", String::from_utf8_lossy(&ran.stderr));
    let status = String::from_utf8(ran.stdout).unwrap();
    Received { status, head: folder.read("head"), body: folder.read("body") }
}

/// Whether the text is that, `…` standing for anything.
fn matches(text: &str, wanted: &str) -> bool {
    match wanted.split_once('…') {
        None => text == wanted,
        Some((begin, end)) => text.starts_with(begin) && text.ends_with(end),
    }
}

impl Received {
    fn check(&self, wanted: &str, code: &str) {
        let told = format!("{code}→ {wanted}\n\n{}{}", self.head, self.body);
        let mut status = "200";
        for part in wanted.split(" · ") {
            if part.len() == 3 && part.parse::<u16>().is_ok_and(|number| number > 200) {
                status = part;
            } else if !self.has(part) {
                assert!(matches(&self.body, &part.replace("\\n", "\n")), "{part}: {told}");
            }
        }
        assert_eq!(self.status, status, "{told}");
    }

    /// Whether this is a header that came, with parameters perhaps.
    fn has(&self, field: &str) -> bool {
        let field = field.to_lowercase();
        let mut lines = self.head.lines().skip(1).map(str::to_lowercase);
        field.contains(": ") && lines.any(|line| line.starts_with(&field))
    }
}

#[test]
fn every_example_of_the_document_answers_what_it_says() {
    let document = std::fs::read_to_string(project().join("docs/adaptors.md")).unwrap();
    let folder = Folder::new();
    std::fs::create_dir(folder.path("templates")).unwrap();
    folder.write("templates/hello.html", "<p>Hello, {{ name }}!</p>");
    let ports = ports(2);
    let owt = Start::new().port(ports.first).dir(folder.as_str()).start();
    let keyed = Start::new().args(["--auth", ADA]).start();
    let examples = examples(&document);
    assert!(examples.len() > 40, "{}", examples.len());
    for Example { code, cases } in examples {
        folder.write("adaptor.py", &code);
        for case in cases {
            let server = if case.sent.contains(" -u ") { &keyed } else { &owt };
            curl(&folder, &server.url, &case.sent).check(&case.wanted, &code);
        }
    }
}
