//! A real server for a test, ended by the test that started it, and how tests talk to it.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::new_without_default,
    clippy::panic,
    clippy::unwrap_used,
    reason = "of what it finds wrong a test fails, and says so"
)]

pub mod family;
pub mod hello;
pub mod meeting;
pub mod peer;
pub mod raw;
pub mod tagged;

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::{Map, Value, json};

/// Nothing in a test takes longer than this, or the test has failed.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// The name of a client that people call: a GET of anybody else does not run.
pub const CURL: &str = "curl/8.5.0";

pub fn b64(text: impl AsRef<[u8]>) -> String {
    STANDARD.encode(text)
}

/// The program that is tested: `$OWT_BIN`, else the one that cargo builds beside the tests.
pub fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("OWT_BIN") {
        return named.into();
    }
    let folder = std::env::current_exe().unwrap().ancestors().nth(2).map(Path::to_owned);
    folder.unwrap().join("owt")
}

/// Numbers of workers by which everything must be the same: none, where the program is linked with
/// the Python that it serves, and one.
pub fn workers() -> &'static [&'static str] {
    static LINKED: OnceLock<bool> = OnceLock::new();
    let ask = || {
        let python = venv().map_or_else(|| "python3".into(), |venv| venv.join("bin/python"));
        let mut doctor = Command::new(binary());
        doctor.args(["doctor", "--json", "--python"]).arg(python);
        let told = doctor.output().unwrap().stdout;
        let told: Value = serde_json::from_slice(&told).unwrap();
        told["linked_version"] == told["version"]
    };
    if *LINKED.get_or_init(ask) { &["0", "1"] } else { &["1"] }
}

/// The environment that the tests' server serves: `make setup` makes it.
pub fn venv() -> Option<PathBuf> {
    std::env::var_os("OWT_TEST_VENV").map(PathBuf::from)
}

/// A server's process.
pub struct Owt {
    child: Child,
    pub url: String,
    greeting: String,
    /// What it printed next.
    printed: Arc<Log>,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    text: Mutex<String>,
    grown: Condvar,
}

impl Log {
    /// Waits until it holds that text, and the line to its end; gives all of it.
    fn with(&self, wanted: &str) -> String {
        let mut text = self.text.lock().unwrap();
        let until = Instant::now() + PATIENCE;
        let is_there = |text: &str| {
            wanted.is_empty() || text.find(wanted).is_some_and(|at| text[at..].contains('\n'))
        };
        while !is_there(&text) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{wanted:?} is not in the log:\n{text}");
            text = self.grown.wait_timeout(text, left).unwrap().0;
        }
        text.clone()
    }

    /// Reads all of it, and keeps about so many of its last bytes.
    fn read(&self, mut source: impl Read, kept: usize) {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = source.read(&mut buffer) {
            let mut text = self.text.lock().unwrap();
            text.push_str(&String::from_utf8_lossy(&buffer[..length]));
            if text.len() / 2 > kept {
                let mut start = text.len() - kept;
                while !text.is_char_boundary(start) {
                    start += 1;
                }
                text.drain(..start);
            }
            drop(text);
            self.grown.notify_all();
        }
    }
}

/// How to start one.
pub struct Start {
    command: Command,
    port: Option<u16>,
    log: Option<Stdio>,
    log_kept: usize,
    login: Option<String>,
}

impl Start {
    pub fn new() -> Self {
        Self::by(Command::new(binary()))
    }

    /// By a command that becomes `owt`.
    pub fn by(mut command: Command) -> Self {
        command.arg("serve").env_remove("VIRTUAL_ENV");
        if let Some(venv) = venv() {
            command.env("VIRTUAL_ENV", venv);
        }
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OWT_")) {
            command.env_remove(name);
        }
        Self { command, port: Some(0), log: None, log_kept: usize::MAX, login: None }
    }

    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// On a Unix socket.
    pub fn unix(mut self, path: impl AsRef<Path>) -> Self {
        self.port = None;
        self.command.arg("--unix").arg(path.as_ref());
        self
    }

    /// Asking for this token, which all requests show.
    pub fn token(mut self, token: &str) -> Self {
        self.command.args(["--token", token]);
        self.login = Some(format!("token:{token}@"));
        self
    }

    pub fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Have it log there, and not for [`Owt::log_with`].
    pub fn log_to(mut self, place: impl Into<Stdio>) -> Self {
        self.log = Some(place.into());
        self
    }

    /// Keep only about so many of the log's last bytes: adaptors may print more than fits.
    pub fn keep_log(mut self, bytes: usize) -> Self {
        self.log_kept = bytes;
        self
    }

    pub fn start(mut self) -> Owt {
        if let Some(port) = self.port {
            self.command.args(["--port", &port.to_string()]);
        }
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(self.log.unwrap_or_else(Stdio::piped))
            .spawn()
            .expect("the owt binary starts");
        let log = Arc::new(Log::default());
        if let Some(stderr) = child.stderr.take() {
            let (log, kept) = (Arc::clone(&log), self.log_kept);
            std::thread::spawn(move || log.read(stderr, kept));
        }
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the start-up line");
        let url = line
            .split_whitespace()
            .find(|word| ["http://", "https://", "unix:"].iter().any(|it| word.starts_with(it)))
            .unwrap_or_else(|| panic!("no URL in {line:?}; log: {}", log.text.lock().unwrap()));
        let login = self.login.unwrap_or_default();
        let url = url.replacen("://", &format!("://{login}"), 1);
        // Whatever else it prints must not block it.
        let printed = Arc::new(Log::default());
        let printing = Arc::clone(&printed);
        std::thread::spawn(move || printing.read(stdout, usize::MAX));
        Owt { child, url, greeting: line, printed, log }
    }
}

impl Owt {
    pub fn start() -> Self {
        Start::new().start()
    }

    /// A call of that code.
    pub fn code(&self, code: &str) -> Sent {
        Sent {
            url: self.url.clone(),
            fields: Map::from_iter([("code_b64".to_owned(), json!(b64(code)))]),
        }
    }

    /// A request that need not be a call.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        client().request(method.parse().unwrap(), format!("{}{path}", self.url))
    }

    pub fn address(&self) -> &str {
        let rest = self.url.strip_prefix("http://").unwrap();
        rest.rsplit_once('@').map_or(rest, |(_, address)| address)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// The first line it printed.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the log holds that text, and gives the log.
    pub fn log_with(&self, wanted: &str) -> String {
        self.log.with(wanted)
    }

    /// Waits until what it printed after the first line holds that text, and gives it.
    pub fn printed_with(&self, wanted: &str) -> String {
        self.printed.with(wanted)
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Waits until the process ends by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "the server did not end");
            // A process's end cannot be waited for with a limit otherwise.
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Owt {
    fn drop(&mut self) {
        // Ended already, or ended now; by its process id either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One for all, since it takes long to make; each request has a connection of its own.
pub fn client() -> Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let make = || {
        let builder = Client::builder().timeout(PATIENCE).no_proxy().pool_max_idle_per_host(0);
        let builder = builder.user_agent(CURL);
        builder.build().unwrap()
    };
    CLIENT.get_or_init(make).clone()
}

/// A call on its way.
#[derive(Clone)]
pub struct Sent {
    url: String,
    fields: Map<String, Value>,
}

impl Sent {
    pub fn kwargs(self, expression: &str) -> Self {
        self.field("kwargs_b64", b64(expression))
    }

    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// POST with a JSON body.
    pub fn post(&self, path: &str) -> Answer {
        Answer::of(self.posting(path).send().unwrap())
    }

    /// The request of [`Sent::post`], to be changed before it is sent.
    pub fn posting(&self, path: &str) -> RequestBuilder {
        client().post(format!("{}{path}", self.url)).json(&self.fields)
    }

    /// GET with everything in the query string.
    pub fn get(&self, path: &str) -> Answer {
        Answer::of(self.getting(path).send().unwrap())
    }

    pub fn getting(&self, path: &str) -> RequestBuilder {
        client().get(format!("{}{path}", self.url)).query(&self.text_fields())
    }

    /// POST with a body of its own; the call is in the query string.
    pub fn posting_data(&self, path: &str, content_type: &str, data: Vec<u8>) -> RequestBuilder {
        client()
            .post(format!("{}{path}", self.url))
            .query(&self.text_fields())
            .header("content-type", content_type)
            .body(data)
    }

    pub fn text_fields(&self) -> Vec<(String, String)> {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.fields.iter().map(|(name, value)| (name.clone(), text(value))).collect()
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().expect("a body that ends well").to_vec();
        Self { status, headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// The body of a 200.
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert_eq!(self.status, 200, "{}", self.text());
        self.text()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// A problem of that status, as JSON.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        problem
    }

    /// A problem of that kind.
    #[track_caller]
    pub fn refused(&self, status: u16, slug: &str) -> Value {
        let problem = self.problem(status);
        assert_eq!(problem["type"], format!("/_owt/problems/{slug}"), "{problem}");
        problem
    }

    /// A malformed call whose problem names that field, also to a person.
    #[track_caller]
    pub fn malformed(&self, field: &str) -> Value {
        let problem = self.refused(400, "malformed-call");
        assert_eq!(problem["field"], field, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(field), "{problem}");
        problem
    }
}

/// An empty folder for one test: what an adaptor leaves there proves that it ran.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// What is in the file, empty if there is none.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A Python statement that leaves one `x` more in that file.
    pub fn mark(&self, name: &str) -> String {
        format!("open({:?}, 'a').write('x')", self.path(name))
    }

    /// How often the statement of [`Folder::mark`] ran.
    pub fn marks(&self, name: &str) -> usize {
        self.read(name).len()
    }

    pub fn as_str(&self) -> &str {
        self.0.path().to_str().unwrap()
    }
}
