//! 2,000 calls of a real server that restarts five times, behind a proxy that says 1xx before each answer and
//! cuts one in ten.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, RwLock};

use owt_client::{Client, Error, ErrorKind, POST};
use owt_testing::peer::{Answer, Peer, Request, Then, whole};
use owt_testing::{Folder, Start};
use serde_json::json;

const CALLS: usize = 2000;
const RESTARTS: usize = 5;
const CALLERS: usize = 4;

const CODE: &str = "
def run(n, path):
    with open(path, 'a') as log:
        log.write(f'{n}\\n')
    return [n]
";

const INTERIM: [&str; 2] = [
    "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
    "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
];

/// Passes a request on to the server; None where nobody is there, or goes while it answers.
fn passed_on(socket: &Path, request: &Request) -> Option<Vec<u8>> {
    let mut server = UnixStream::connect(socket).ok()?;
    let head = request.head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server.write_all(&[head.as_bytes(), &request.body].concat()).ok()?;
    let mut said = Vec::new();
    server.read_to_end(&mut said).ok()?;
    let end = said.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&said[..end]).into_owned();
    let field = |name: &str| {
        head.lines().find(|line| line.to_lowercase().starts_with(name)).map(str::to_owned)
    };
    let body = &said[end + 4..];
    let length = field("content-length: ")?;
    if length.split_once(": ")?.1.parse() != Ok(body.len()) {
        return None;
    }
    let status = head.lines().next()?.strip_prefix("HTTP/1.1 ")?;
    Some(whole(status, &[&field("content-type: ")?], body))
}

fn answer(socket: &Path, request: &Request, nth: usize) -> Answer {
    let Some(mut said) = passed_on(socket, request) else { return (vec![], Then::Close) };
    let interim = INTERIM[nth % 2].into();
    if nth % 10 == 9 {
        said.truncate(said.len() - 1 - nth % 40);
        return (vec![interim, said], Then::Close);
    }
    (vec![interim, said], Then::Keep)
}

#[derive(Default)]
struct Tally {
    right: Vec<usize>,
    wrong: Vec<(usize, Vec<usize>)>,
    failed: Vec<(usize, Error)>,
}

impl Tally {
    fn done(&self) -> usize {
        self.right.len() + self.wrong.len() + self.failed.len()
    }
}

/// What the callers and the server's keeper know of each other.
#[derive(Default)]
struct Work {
    next: AtomicUsize,
    tally: Mutex<Tally>,
    changed: Condvar,
    /// Written while the server is down.
    up: RwLock<()>,
}

impl Work {
    /// Calls until all numbers are taken, in a runtime of one thread.
    fn call(&self, url: &str, log: &Path) {
        let client = Client::builder().url(url).retries(1).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        loop {
            let n = self.next.fetch_add(1, Ordering::Relaxed);
            if n >= CALLS {
                return;
            }
            let call = client.owt::<POST>(CODE, json!({"n": n, "path": log}));
            let got = runtime.block_on(call.json::<Vec<usize>>());
            let has_failed = got.is_err();
            let mut tally = self.tally.lock().unwrap();
            match got {
                Ok(got) if got == [n] => tally.right.push(n),
                Ok(got) => tally.wrong.push((n, got)),
                Err(error) => tally.failed.push((n, error)),
            }
            drop(tally);
            self.changed.notify_all();
            if has_failed {
                drop(self.up.read().unwrap());
            }
        }
    }

    /// Waits until so many calls are done.
    fn have_done(&self, count: usize) {
        let tally = self.tally.lock().unwrap();
        drop(self.changed.wait_while(tally, |tally| tally.done() < count).unwrap());
    }
}

#[test]
fn no_wrong_answer_none_run_twice_and_each_failure_an_error_of_its_own() {
    let folder = Folder::new();
    let (log, socket) = (folder.path("log"), folder.path("socket"));
    let to = socket.clone();
    let proxy = Peer::answering(move |request, nth| answer(&to, request, nth));
    let work = Work::default();
    std::thread::scope(|scope| {
        let mut down = Some(work.up.write().unwrap());
        for _ in 0..CALLERS {
            scope.spawn(|| work.call(&proxy.url, &log));
        }
        for start in 1..=RESTARTS + 1 {
            let mut server = Start::new().unix(&socket).start();
            drop(down.take());
            work.have_done(CALLS * start / (RESTARTS + 1));
            down = Some(work.up.write().unwrap());
            server.signal("-TERM");
            server.wait();
        }
    });
    let tally = work.tally.into_inner().unwrap();
    assert_eq!(tally.wrong, []);
    assert_eq!(tally.done(), CALLS);
    assert!(tally.failed.len() >= CALLS / 20, "{} failed", tally.failed.len());
    for (n, error) in &tally.failed {
        let is_told = error.kind() == ErrorKind::Problem || error.to_string().contains(&proxy.url);
        assert!(is_told, "{n}: {error}");
    }
    let mut ran = BTreeMap::<usize, usize>::new();
    for line in folder.read("log").lines() {
        *ran.entry(line.parse().unwrap()).or_default() += 1;
    }
    assert!(ran.values().all(|times| *times == 1), "{ran:?}");
    assert!(tally.right.iter().all(|n| ran.contains_key(n)));
}
