//! A server that is attacked on the wire: what it must still be afterwards.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use owt_testing::family::{Family, eventually};
use owt_testing::hello::Hello;
use owt_testing::{CURL, Owt, PATIENCE, Start};

/// The server's open files may differ a little from one moment of rest to the next.
const SLACK: usize = 4;
/// Bytes that an attack may leave behind in all processes together: what allocators keep.
const MEMORY_SLACK: u64 = 192 << 20;

/// A server under attack, and those who use it meanwhile.
pub struct Siege {
    pub family: Family,
    hello: Hello,
    open_files: usize,
    memory: u64,
}

impl Siege {
    /// Begins once the server is warm and at rest.
    pub fn of(workers: usize, args: &[&str]) -> Self {
        let start = Start::new().keep_log(1 << 20).args(args.iter().copied());
        let family = Family::started(workers, start);
        let hello = Hello::new();
        hello.all_right(&family.owt);
        let open_files = family.open_files_at_rest();
        let memory = memory(&family);
        Self { family, hello, open_files, memory }
    }

    pub fn owt(&self) -> &Owt {
        &self.family.owt
    }

    /// Ordinary calls are answered now.
    #[track_caller]
    pub fn others_are_served(&self) {
        self.hello.all_right(self.owt());
    }

    /// What the attack so far has left is what allocators keep for each thread that took part;
    /// the same again must leave no more.
    pub fn is_used_to_it(&mut self) {
        self.memory = memory(&self.family);
    }

    /// The attack is over: nothing of it is left.
    #[track_caller]
    pub fn ends(self) {
        self.others_are_served();
        self.family.is_whole();
        let most = self.open_files + SLACK;
        eventually("its files are closed", || self.family.open_files() <= most);
        let most = self.memory + MEMORY_SLACK;
        eventually("its memory is given back", || {
            let now = memory(&self.family);
            println!("{} KiB more than before the attack", now.saturating_sub(self.memory) >> 10);
            now <= most
        });
        self.family.ends_well();
    }
}

/// Bytes that the server and all that came of it hold in memory of their own.
fn memory(family: &Family) -> u64 {
    let of = |id: u32| {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        kibibytes.unwrap_or(0_u64) << 10
    };
    family.all().into_iter().map(of).sum()
}

/// A connection on which bytes are sent, and the rest is left to the server.
pub fn sent(owt: &Owt, bytes: impl AsRef<[u8]>) -> TcpStream {
    let mut stream = owt.connect();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    // A server that has heard enough need not hear the rest.
    let _ = stream.write_all(bytes.as_ref());
    stream
}

/// Everything that comes until the server ends the connection, which it must.
#[track_caller]
pub fn rest(mut stream: TcpStream) -> String {
    let mut rest = Vec::new();
    if let Err(error) = stream.read_to_end(&mut rest) {
        // Cut while it was still being spoken to.
        let said: String = String::from_utf8_lossy(&rest).chars().take(1000).collect();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it was not cut after {said:?}");
    }
    String::from_utf8_lossy(&rest).into_owned()
}

/// True when the server has ended the connection, after taking one more byte if it would.
pub fn is_over_for(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    // What it answers to this is what is looked for.
    let _ = stream.write_all(b"x");
    let over = match stream.peek(&mut [0; 1024]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    };
    if !over {
        let _ = stream.read(&mut [0; 1024]);
    }
    stream.set_nonblocking(false).unwrap();
    over
}

/// The statuses of the answers in what a server said.
pub fn statuses(said: &str) -> Vec<u16> {
    let status = |(at, _)| said.get(at + 9..at + 12)?.parse().ok();
    said.match_indices("HTTP/1.").filter_map(status).collect()
}

/// A GET of such code, whole.
pub fn get(owt: &Owt, code: &str, headers: &str) -> String {
    let request = owt.code(code).getting("/").build().unwrap();
    let (query, host) = (request.url().query().unwrap(), owt.address());
    format!("GET /?{query} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {CURL}\r\n{headers}\r\n")
}

/// The head of a POST whose code comes in the query; what else it says, and then its body, is
/// for the attacker to add.
pub fn post(owt: &Owt, code: &str) -> String {
    get(owt, code, "").replacen("GET", "POST", 1).replace("\r\n\r\n", "\r\n")
}
