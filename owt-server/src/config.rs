//! Holds the checked settings of a server, made from what the command line or a test gives.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::door::Rules;
use crate::functions::Publication;
use crate::pool::Workers;

/// How a server behaves. [`Config::default`] is the command line's default.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address the server is known by; the listener is bound by the caller.
    pub address: IpAddr,
    /// Folders whose modules adaptors can import; a changed file is seen by the next call.
    pub lib_dirs: Vec<PathBuf>,
    /// A file, or a module by its name, that uses `owt.tarp.server`: it answers every request, and
    /// no code that is sent runs.
    pub tarp: Option<String>,
    /// What has its functions published.
    pub published: Vec<Publication>,
    /// The folder for what outlives the server; without one nothing does.
    pub state: Option<PathBuf>,
    /// Who may come in, and from where.
    pub door: Rules,
    /// The file that a line is added to for each request.
    pub audit: Option<PathBuf>,
    /// How MCP is served; `None` serves none.
    pub mcp: Option<Mcp>,
    /// Serve also where others reach it without being asked for a key.
    pub insecure_no_auth: bool,
    /// The processes that host Python.
    pub workers: Workers,
    /// Python threads of each worker at most: how many calls can wait or compute side by side.
    pub threads: usize,
    /// Bytes of results kept for `use_cache`.
    pub cache_bytes: u64,
    /// Bytes of whole answers that wait for their readers: in the server, beside what the cache
    /// keeps, and in each worker; of one answer too. Without workers nothing bounds them.
    pub answer_bytes: usize,
    /// Bytes of a request's body at most.
    pub max_body: usize,
    /// Calls that may wait for a Python thread; more are refused with 503.
    pub max_queue: usize,
    /// Distinct adaptors kept warm; the least recently used goes.
    pub max_adaptors: usize,
    /// Deadline of a call that brings none.
    pub timeout: Option<Duration>,
    /// How long calls under way may take to end once the server is told to stop.
    pub grace: Duration,
    /// How long a connection may stay open with nothing asked on it.
    pub idle_timeout: Duration,
    /// How long a client may take to send a request's head.
    pub head_timeout: Duration,
    /// How long a client may take to send a body.
    pub body_timeout: Duration,
    /// How long a client may leave an answer unread before its connection is cut.
    pub stall_timeout: Duration,
    /// The Python to serve; `None` takes the active virtual environment's, else `python3`.
    pub python: Option<PathBuf>,
    /// Above 0 adaptors' `DEBUG` lines are logged, below 0 only warnings.
    pub verbosity: i8,
}

/// How MCP is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mcp {
    /// There is a tool that runs code which comes with the call.
    pub runs_code: bool,
}

/// As good as no limit, and no more than every clock can tell.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The address is open to others and nobody is asked who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "refusing to serve on {0} without --auth or --token: whoever reaches it could run any \
     code here; give one of them, or stay on a loopback address such as 127.0.0.1; \
     --insecure-no-auth serves without all the same"
)]
pub struct Exposed(pub IpAddr);

impl Config {
    /// Sees to it that a server is not open to others by mistake. [`serve`](crate::serve) checks
    /// this too; who binds the listener can check before.
    ///
    /// # Errors
    /// The address is not a loopback address, there are no keys, and `insecure_no_auth` is not set.
    pub fn may_listen(&self, address: IpAddr) -> Result<(), Exposed> {
        let is_open = !address.to_canonical().is_loopback() && self.door.keys.keys().is_empty();
        if is_open && !self.insecure_no_auth { Err(Exposed(address)) } else { Ok(()) }
    }

    /// [`Config::grace`], where times are added to it.
    pub(crate) fn bounded_grace(&self) -> Duration {
        self.grace.min(LONGEST)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            lib_dirs: Vec::new(),
            tarp: None,
            published: Vec::new(),
            state: None,
            door: Rules::default(),
            audit: None,
            mcp: None,
            insecure_no_auth: false,
            workers: Workers::default(),
            threads: 64,
            cache_bytes: 256 << 20,
            answer_bytes: 1 << 30,
            max_body: 256 << 20,
            max_queue: 4096,
            max_adaptors: 1024,
            timeout: None,
            grace: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            head_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(60),
            stall_timeout: Duration::from_secs(5 * 60),
            python: None,
            verbosity: 0,
        }
    }
}
