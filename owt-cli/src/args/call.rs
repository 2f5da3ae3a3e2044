//! Declares what `owt call` and `owt encode` take: code and arguments, the same way in both.

use clap::{ArgAction, ArgGroup, Args, ValueEnum, ValueHint};
use owt_client::{Builder, Client, DEFAULT_URL, Method, URL_VARIABLE, Url, server_url};

use crate::failure::Failure;
use crate::source::{NamedFile, Source};
use crate::units::Span;

/// The code to call, its arguments, and how it is to be called.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").args(["file", "code", "run"]).required(true).multiple(true))]
pub(crate) struct CalledArgs {
    /// The adaptor's source; - reads standard input. Left out with --code and --run
    ///
    /// For owt call also a function that the server publishes, such as tools.add: a name with a dot
    /// that does not end in .py and is no file that is there. A file is always ./FILE.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<String>,

    /// The arguments: NAME=TEXT, NAME:=JSON, or all of them as JSON or a Python expression
    ///
    /// NAME=@FILE is the text of a file, NAME:=@FILE the JSON in one; - reads standard input. They
    /// are added to what --arg says, and to a JSON object that is given beside them. Of a function by
    /// its name TEXT is read by its hints (x=1 is a number where it takes one), and NAME@FILE is a file.
    #[arg(value_name = "ARGUMENT")]
    pub(crate) words: Vec<String>,

    /// The adaptor's source itself
    #[arg(long, conflicts_with = "run")]
    pub(crate) code: Option<String>,

    /// One expression, a pipeline or something to call; checked before it is sent
    #[arg(long, value_name = "EXPR")]
    pub(crate) run: Option<String>,

    /// All arguments as JSON, a Python expression, or text as it is
    #[arg(long, value_name = "EXPR")]
    pub(crate) kwargs: Option<String>,

    /// A named argument; VALUE is JSON or a Python value, else it is text as it is
    #[arg(long = "arg", num_args = 2, value_names = ["NAME", "VALUE"], action = ArgAction::Append, allow_hyphen_values = true)]
    pub(crate) args: Vec<String>,

    /// The function to call in the code [default: run]
    #[arg(long, value_name = "NAME")]
    pub(crate) fn_name: Option<String>,

    /// Let the server keep the result, and answer from a kept one
    #[arg(long)]
    pub(crate) use_cache: bool,

    /// Keep a result for each set of arguments
    #[arg(long)]
    pub(crate) cache_kwargs: bool,

    /// Share the result with the server's other users
    #[arg(long)]
    pub(crate) cache_shared: bool,

    /// Deadline of the call: 3, 1m30s [default: the server's]
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<Span>,
}

/// Where the server is.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// URL of the server; user:password@ in it is sent along, a path is the adaptor's request.path
    ///
    /// `owt call` and `owt ls` also take unix:PATH, a server's Unix socket. They trust a certificate
    /// that SSL_CERT_FILE names, as of a server with --tls self-signed.
    #[arg(long, env = URL_VARIABLE, hide_env_values = true, value_name = "URL", default_value = DEFAULT_URL, value_hint = ValueHint::Url)]
    address: String,
}

impl ServerArgs {
    /// The server's URL. Not clap's to parse: it would print a password that is
    /// in one it cannot read. An empty one is none: `OWT_URL= owt call`.
    pub(crate) fn url(&self) -> Result<Url, owt_client::Error> {
        server_url(self.address())
    }

    /// Where the server is, as it was written.
    pub(crate) fn address(&self) -> &str {
        if self.address.is_empty() { DEFAULT_URL } else { &self.address }
    }
}

/// What opens the server's door.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// Token that the server asks for [default: OWT_TOKEN, unless the URL names a user]
    ///
    /// Other users of this machine see what is typed here, and not what OWT_TOKEN holds.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
}

impl TokenArgs {
    /// A client of that server, with the token if there is one.
    ///
    /// # Errors
    /// The URL is none, or the token.
    pub(crate) fn client(&self, server: &ServerArgs, made: Builder) -> Result<Client, Failure> {
        let client = made.url(server.address()).build()?;
        if let Some(token) = &self.token {
            return Ok(client.bearer(token_of("--token", token)?));
        }
        let names_user =
            server.url().is_ok_and(|url| !url.username().is_empty() || url.password().is_some());
        match std::env::var(TOKEN_VARIABLE) {
            Ok(token) if !names_user && !token.trim().is_empty() => {
                Ok(client.bearer(token_of(TOKEN_VARIABLE, &token)?))
            }
            _ => Ok(client),
        }
    }
}

/// What `owt serve` has its tokens from too.
const TOKEN_VARIABLE: &str = "OWT_TOKEN";

fn token_of<'a>(name: &str, text: &'a str) -> Result<&'a str, Failure> {
    let token = text.trim();
    let why = if token == "auto" {
        "auto is for owt serve; give the token that it printed"
    } else if token.lines().count() > 1 {
        "there are several tokens; give one"
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) || token.is_empty() {
        "a token is one word of visible ASCII characters"
    } else {
        return Ok(token);
    };
    Err(Failure::Usage(format!("{name}: {why}")))
}

/// How long `owt call` waits, and how often it tries.
#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// How long it may take to connect [default: 10s]
    #[arg(long, value_name = "TIME")]
    connect_timeout: Option<Span>,

    /// How long the server may say nothing, before its answer and within it [default: no limit]
    ///
    /// Sending the call counts: give uploads their time.
    #[arg(long, value_name = "TIME")]
    idle_timeout: Option<Span>,

    /// How often to send the call again where nothing of it has run, at most
    ///
    /// It has not where nobody listened, or where owt itself said that it is full or ends, or that a
    /// quota is used up. In between it waits as long as the server says, 30 s at most.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=10))]
    pub(crate) retries: u32,
}

impl LimitArgs {
    /// What makes a client that keeps them.
    pub(crate) fn builder(&self) -> Builder {
        let mut made = Client::builder().retries(self.retries);
        if let Some(Span(limit)) = self.connect_timeout {
            made = made.connect_timeout(limit);
        }
        if let Some(Span(limit)) = self.idle_timeout {
            made = made.idle_timeout(limit);
        }
        made
    }
}

#[derive(Debug, Args)]
#[command(override_usage = ENCODE_USAGE, after_long_help = ENCODE_EXAMPLES)]
pub(crate) struct EncodeArgs {
    #[command(flatten)]
    pub(crate) called: CalledArgs,

    #[command(flatten)]
    pub(crate) server: ServerArgs,

    /// What to print
    #[arg(long = "as", value_enum, default_value_t, value_name = "FORM")]
    pub(crate) form: Form,
}

/// How `encode` writes a call.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Form {
    /// A URL to GET, safe to paste between quotes
    #[default]
    Url,
    /// A line for a shell that POSTs with curl
    Curl,
    /// The JSON body of a POST
    Json,
}

const ENCODE_USAGE: &str = "owt encode [OPTIONS] <FILE|--code CODE|--run EXPR> [ARGUMENT]...";

const ENCODE_EXAMPLES: &str = "\
Examples:
  curl \"$(owt encode adaptor.py prompt='solve AGI')\"
  curl \"$(owt encode adaptor.py '{\"prompt\": \"solve AGI\"}')\"
  echo 'f(math.sqrt)' | owt encode - 2 --as curl
  owt encode adaptor.py --as json | curl --json @- http://127.0.0.1:9876";

#[derive(Debug, Args)]
#[command(override_usage = CALL_USAGE, after_long_help = CALL_EXAMPLES)]
pub(crate) struct CallArgs {
    #[command(flatten)]
    pub(crate) called: CalledArgs,

    #[command(flatten)]
    pub(crate) server: ServerArgs,

    /// How the call travels
    #[arg(long, value_parser = method, value_name = "GET|POST", default_value = "POST")]
    method: Method,

    /// The same as --method GET
    #[arg(long, conflicts_with_all = ["method", "data", "files"])]
    get: bool,

    /// A file to send as the body, the adaptor's request.data; - reads standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) data: Option<Source>,

    /// A file to send, the adaptor's request.files[NAME]; can be given again; - reads standard input
    ///
    /// With files the code may be of any length. A parameter of that name that is hinted as an
    /// array, a table, an image or bytes receives the file as that.
    #[arg(long = "file", value_name = "NAME=PATH", value_hint = ValueHint::FilePath, conflicts_with = "data")]
    pub(crate) files: Vec<NamedFile>,

    /// A header to send; can be given again
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,

    /// Ask for JSON, by Accept: application/json
    #[arg(long)]
    pub(crate) json: bool,

    /// Write the answer to this file once it is whole; a call that fails leaves it as it was
    ///
    /// An answer whose status is 400 or more goes to standard output.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<String>,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,

    #[command(flatten)]
    pub(crate) token: TokenArgs,
}

impl CallArgs {
    /// How the call travels.
    pub(crate) fn method(&self) -> Method {
        if self.get { Method::GET } else { self.method }
    }
}

const CALL_USAGE: &str = "owt call [OPTIONS] <FILE|FUNCTION|--code CODE|--run EXPR> [ARGUMENT]...";

const CALL_EXAMPLES: &str = "\
Examples:
  owt call adaptor.py prompt='solve AGI' steps:=20 --json
  owt call adaptor.py '{\"prompt\": \"solve AGI\", \"steps\": 20}'
  owt call --run 'f(sota.hard_task)' '\"solve AGI\"'
  owt call --run 'f(lambda: len(request.data))' --data photo.png -H 'Content-Type: image/png'
  owt call compare.py --file before=a.png --file after=b.png --idle-timeout 1m --retries 3
  owt call tools.add x=1 y:=2
  owt call images.resize photo@a.png width=640 -o small.png
  owt call bark.py text=@speech.txt --use-cache --cache-kwargs -o hello.wav

Exit status: 0 for an answer, 1 for a problem (told on standard error, with the adaptor's
traceback) or an answer whose status is 400 or more, 2 for wrong usage.";

#[derive(Debug, Args)]
#[command(after_long_help = LS_EXAMPLES)]
pub(crate) struct LsArgs {
    /// Tell it as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) server: ServerArgs,

    #[command(flatten)]
    pub(crate) token: TokenArgs,
}

const LS_EXAMPLES: &str = "\
Examples:
  owt ls
  owt ls --address http://models.local:9876 --json | jq '.workers[].adaptors[].path'

How much of a worker's memory an adaptor holds is not known: a process has one heap for all.
It is the server's own GET /_owt/adaptors; a key with the scope `probe` may not read it.";

#[derive(Debug, Args)]
#[command(after_long_help = FUNCTIONS_EXAMPLES)]
pub(crate) struct FunctionsArgs {
    /// Tell it as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) server: ServerArgs,

    #[command(flatten)]
    pub(crate) token: TokenArgs,
}

const FUNCTIONS_EXAMPLES: &str = "\
Examples:
  owt functions
  owt functions --json | jq -r '.functions[].name'

It is the server's own GET /_owt/functions; a key with the scope `probe` may not read it.";

#[derive(Debug, Args)]
#[command(after_long_help = PUBLISH_EXAMPLES)]
pub(crate) struct PublishArgs {
    /// The file with the code; `-` reads standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) source: Source,

    /// The module's name that its functions get; without one they are called by the code's hash
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Have the servers that come after this one publish it too
    #[arg(long, requires = "name")]
    pub(crate) keep: bool,

    /// Tell it as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) server: ServerArgs,

    #[command(flatten)]
    pub(crate) token: TokenArgs,
}

const PUBLISH_EXAMPLES: &str = "\
Examples:
  owt publish adaptor.py                 prints the path of each function
  owt publish adaptor.py --name sota     POST /sota/run, until the server ends
  owt publish adaptor.py --name sota --keep

It is the server's own PUT /_owt/code. The code's body runs once.";

fn method(text: &str) -> Result<Method, &'static str> {
    match text.to_ascii_uppercase().as_str() {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        _ => Err("give GET or POST"),
    }
}
