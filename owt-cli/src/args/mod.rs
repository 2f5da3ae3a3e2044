//! Declares the command line: each command's arguments, their defaults and environment variables,
//! and the help that explains them.

mod call;
mod door;
mod keys;
mod listen;
mod mcp;
mod sandbox;
mod stubs;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use owt_server::{Config, Workers};

use crate::units::{Size, Span};

pub(crate) use call::{
    CallArgs, CalledArgs, EncodeArgs, Form, FunctionsArgs, LsArgs, PublishArgs, ServerArgs,
    TokenArgs,
};
pub(crate) use door::DoorArgs;
pub(crate) use keys::{Asked, KeyArgs};
pub(crate) use listen::{ListenArgs, TlsHow};
pub(crate) use mcp::{McpArgs, ServeMcpArgs};
pub(crate) use sandbox::SandboxArgs;
pub(crate) use stubs::{Language, StubsArgs};

/// Send Python with an HTTP request; a warm Python runs it and answers.
///
/// `owt serve`, or `owt` alone, starts a server. Any program that speaks HTTP can then run code on
/// it by sending the code along: nothing is registered, nothing restarted.
#[derive(Debug, Parser)]
#[command(name = "owt", version, max_term_width = 100, after_long_help = OVERVIEW, override_usage = "owt [COMMAND]")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const OVERVIEW: &str = "\
Examples:
  owt serve lib/
  owt call --run 'f(sota.hard_task)' --kwargs '\"solve AGI\"'
  owt call adaptor.py --arg prompt 'solve AGI' > answer.txt
  curl \"$(owt encode adaptor.py '{\"prompt\": \"solve AGI\"}')\"

Whoever can reach a server can run any code on it. Keep it on 127.0.0.1, or give --auth.";

impl Cli {
    /// What was typed. Ends the process when that is wrong, or asks for help.
    pub(crate) fn typed() -> Self {
        Self::parse_from(with_command(std::env::args_os().collect()))
    }
}

/// `owt` alone, or with options and no command, is `owt serve`.
fn with_command(mut typed: Vec<OsString>) -> Vec<OsString> {
    let first = typed.get(1).map(|word| word.to_string_lossy());
    let is_serve = match first.as_deref() {
        None => true,
        Some("-h" | "--help" | "-V" | "--version") => false,
        Some(word) => word.starts_with('-'),
    };
    if is_serve {
        typed.insert(typed.len().min(1), "serve".into());
    }
    typed
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve Python to whoever sends some
    Serve(Box<ServeArgs>),
    /// Write a call as a URL, a curl line or JSON, without sending it
    Encode(EncodeArgs),
    /// Send a call and stream what it answers to standard output
    Call(CallArgs),
    /// List the adaptors that are warm in a running server, their calls and their worker's memory
    Ls(LsArgs),
    /// List the functions that a running server publishes
    Functions(FunctionsArgs),
    /// Send code to a running server, to be called by its hash or by a name
    Publish(PublishArgs),
    /// Write typed client code for the functions that a running server publishes
    Stubs(StubsArgs),
    /// Speak MCP on standard input and output, for a server that is started with --mcp
    Mcp(McpArgs),
    /// Print a script that completes owt's arguments in a shell
    Completions(CompletionsArgs),
    /// Turn a password into what --auth and --auth-file keep of it
    HashPassword(HashPasswordArgs),
    /// Tell which Python would be served, and what it lacks
    Doctor(DoctorArgs),
    /// Host Python for a server that starts this process
    #[cfg(feature = "embed")]
    #[command(hide = true)]
    Worker(WorkerArgs),
    /// Wait for the end of the server that starts this process, and clear up
    #[command(hide = true)]
    Guard(GuardArgs),
}

#[derive(Debug, Args)]
pub(crate) struct GuardArgs {
    /// What the marks of the server's workers begin with.
    pub(crate) family: String,
}

/// Descriptors that the server hands down.
#[cfg(feature = "embed")]
#[derive(Debug, Args)]
pub(crate) struct WorkerArgs {
    pub(crate) socket: i32,
    pub(crate) log: i32,
    pub(crate) claims: i32,
    pub(crate) files: i32,
}

#[derive(Debug, Args)]
#[command(after_long_help = SERVE_EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Folders, files and modules whose functions are published, and that adaptors can import
    ///
    /// A function of tools.py in one of these folders is called by POST /tools/NAME. A changed file is
    /// seen by the next call. With none, adaptors import from the current folder, and nothing is
    /// published.
    #[arg(value_name = "PUBLISHED", env = "OWT_LIB_DIRS", value_delimiter = ':', value_hint = ValueHint::AnyPath)]
    pub(crate) published: Vec<OsString>,

    /// Serve a program that uses owt.tarp.server, a file or a module: it answers every request
    ///
    /// Code that is sent does not run then. `runServer` of the program says the same by itself. Its
    /// callers in Python send pickles, which run whatever they want.
    #[arg(long, env = "OWT_TARP", value_name = "PROGRAM", value_hint = ValueHint::FilePath)]
    pub(crate) tarp: Option<String>,

    /// Processes that run Python; 0 runs it in the server's own
    ///
    /// A worker may crash, hang or swell without the server or other workers noticing. Weights
    /// are loaded once in each.
    #[arg(long, env = "OWT_WORKERS", value_name = "N", default_value_t = Workers::default().count)]
    pub(crate) workers: usize,

    /// Memory that a worker may hold: 600M, 2G; it is ended when it holds more [default: no limit]
    #[arg(long, env = "OWT_MAX_MEMORY", value_name = "SIZE")]
    pub(crate) max_memory: Option<Size>,

    /// Calls after which a worker is replaced by a fresh one, give or take a tenth [default: never]
    #[arg(long, env = "OWT_MAX_REQUESTS", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_requests: Option<u64>,

    /// Calls that can wait or compute side by side, in each worker
    #[arg(long, env = "OWT_THREADS", value_name = "N", default_value_t = Config::default().threads)]
    pub(crate) threads: usize,

    /// Calls that may queue for a thread; more are refused with 503
    #[arg(long, env = "OWT_MAX_QUEUE", value_name = "N", default_value_t = Config::default().max_queue)]
    pub(crate) max_queue: usize,

    /// Memory for the results of calls with use_cache: 600M, 2G, 512Mi
    #[arg(long, env = "OWT_CACHE_BYTES", value_name = "SIZE", default_value_t = Size(Config::default().cache_bytes))]
    pub(crate) cache_bytes: Size,

    /// Memory for whole answers that clients have not read; larger ones have to be streams
    ///
    /// Answers of more than 1 MiB. The server holds as much, beside what --cache-bytes keeps, and
    /// each worker as much of those that the server has no room for. What is beyond is a 500.
    #[arg(long, env = "OWT_ANSWER_BYTES", value_name = "SIZE", default_value_t = Size(Config::default().answer_bytes as u64))]
    pub(crate) answer_bytes: Size,

    /// The largest body of a request that is taken
    #[arg(long, env = "OWT_MAX_BODY", value_name = "SIZE", default_value_t = Size(Config::default().max_body as u64))]
    pub(crate) max_body: Size,

    /// Deadline of a call that brings none: 3, 1m30s [default: none]
    #[arg(long, env = "OWT_TIMEOUT", value_name = "TIME")]
    pub(crate) timeout: Option<Span>,

    /// How long running calls may take to end once the server is told to stop
    #[arg(long, env = "OWT_GRACE", value_name = "TIME", default_value_t = Span(Config::default().grace))]
    pub(crate) grace: Span,

    /// How long a connection may stay open with nothing asked on it
    #[arg(long, env = "OWT_IDLE_TIMEOUT", value_name = "TIME", default_value_t = Span(Config::default().idle_timeout))]
    pub(crate) idle_timeout: Span,

    /// How long a client may take to send a request's head
    #[arg(long, env = "OWT_HEAD_TIMEOUT", value_name = "TIME", default_value_t = Span(Config::default().head_timeout))]
    pub(crate) head_timeout: Span,

    /// How long a client may take to send a body
    #[arg(long, env = "OWT_BODY_TIMEOUT", value_name = "TIME", default_value_t = Span(Config::default().body_timeout))]
    pub(crate) body_timeout: Span,

    /// How long a client may leave an answer unread before it is cut, and its call ended
    #[arg(long, env = "OWT_STALL_TIMEOUT", value_name = "TIME", default_value_t = Span(Config::default().stall_timeout))]
    pub(crate) stall_timeout: Span,

    /// The Python to serve [default: the active virtual environment's, else python3]
    #[arg(long, env = "OWT_PYTHON", value_hint = ValueHint::ExecutablePath)]
    pub(crate) python: Option<PathBuf>,

    /// How the log on standard error is written
    #[arg(long, env = "OWT_LOG_FORMAT", value_enum, default_value_t, value_name = "FORM")]
    pub(crate) log_format: LogFormat,

    /// Add a line of JSON to this file for each request: who, when, which code, and what came of it
    ///
    /// What cannot be written there is not run. SIGHUP opens the file again, after logrotate has moved
    /// it away.
    #[arg(long, env = "OWT_AUDIT", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) audit: Option<PathBuf>,

    /// Log more, a line for each request too; twice for even more
    #[arg(short, long, env = "OWT_VERBOSE", action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Log only warnings
    #[arg(short, long, env = "OWT_QUIET", action = ArgAction::SetTrue, value_parser = BoolishValueParser::new(), conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    // Last: their headings hold for what follows.
    #[command(flatten)]
    pub(crate) listen: ListenArgs,

    #[command(flatten)]
    pub(crate) keys: KeyArgs,

    #[command(flatten)]
    pub(crate) door: DoorArgs,

    #[command(flatten)]
    pub(crate) sandbox: SandboxArgs,

    #[command(flatten)]
    pub(crate) mcp: ServeMcpArgs,
}

/// How `serve` writes its log.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people, in colours on a terminal
    #[default]
    Text,
    /// A JSON object on each line
    Json,
}

const SERVE_EXAMPLES: &str = "\
Examples:
  owt serve                        modules of this folder, on http://127.0.0.1:9876
  owt --port 0                     the command may be left out before options
  owt serve lib/ ../models --port 0
  owt serve tools.py pkg.module    their functions, by POST /tools/NAME and /pkg/module/NAME
  owt serve --address 0.0.0.0 --tls self-signed --auth \"$(owt hash-password --user me)\"
  owt serve --token auto           prints a URL that holds the key
  owt serve --unix ~/.owt/socket

SIGTERM or Ctrl-C ends it once running calls have ended, at the latest after --grace;
a second one ends it at once. SIGHUP replaces the workers by fresh ones and reads
the files of TLS and of keys again, and opens that of --audit again; no call is dropped.
OWT_LIB_DIRS separates them with colons.";

#[derive(Debug, Args)]
#[command(after_long_help = COMPLETIONS_EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(owt completions bash)
  owt completions fish > ~/.config/fish/completions/owt.fish";

#[derive(Debug, Args)]
#[command(after_long_help = HASH_PASSWORD_EXAMPLES)]
pub(crate) struct HashPasswordArgs {
    /// Whose password it is; printed before the hash, as --auth and --auth-file want it
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
}

const HASH_PASSWORD_EXAMPLES: &str = "\
Examples:
  owt hash-password --user me >> users     asks for the password
  owt serve --auth-file users
  pass show owt | owt hash-password        reads a line where there is no terminal

The hash is argon2id with 19 MiB of memory and 2 passes. It is no secret like the password,
but whoever sees it can try to guess: keep the file to yourself (chmod 600).";

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Tell it as JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// The Python to look at [default: the one that would be served]
    #[arg(long, env = "OWT_PYTHON", value_hint = ValueHint::ExecutablePath)]
    pub(crate) python: Option<PathBuf>,
}
