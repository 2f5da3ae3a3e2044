//! `owt serve`: runs the server.

use std::path::PathBuf;

use owt_client::server_url;
use owt_core::{Call, FUNCTIONS_PATH, SECRETS, shell_word};
use owt_server::{
    Address, Config, Keyring, Keys, Listener, Publication, Ready, ServeError, TOKEN_USER, Workers,
};

use crate::args::{Asked, ServeArgs};
use crate::failure::Failure;
use crate::listen::{Reach, listen, state_folder};
use crate::token_file::TokenFile;
use crate::{log, output, shutdown};

pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let verbosity = if args.quiet { -1 } else { args.verbose.min(2).cast_signed() };
    log::start(verbosity, args.log_format)
        .map_err(|source| Failure::Start { what: "cannot log".to_owned(), source })?;
    let Asked { keys, token } = args.keys.keys()?;
    forget_secrets();
    let config = config(args, keys, verbosity)?;
    let listener = listen(&args.listen, args.door.names(), &config)?;
    let reach = Reach::of(&listener, &args.listen);
    let token_file = token.as_ref().map(|token| write_token(&listener, token)).transpose()?;
    let token = token.zip(token_file.as_ref().map(|file| file.path().to_owned()));
    let login = Login::new(config.door.keys.keys(), token);
    let signals = shutdown::signals(args.grace.0)
        .map_err(|source| Failure::Start { what: "cannot take over signals".to_owned(), source })?;
    let publishes = !config.published.is_empty();
    let greet = move |ready: &Ready| announce(ready, &reach, &login, publishes);
    let served = owt_server::serve(listener, config, greet, signals);
    drop(token_file);
    if let Err(ServeError::Stuck) = served {
        // Ending the ordinary way would run destructors under running threads.
        log::flush();
        let failure = Failure::from(ServeError::Stuck);
        failure.tell();
        signal_hook::low_level::exit(1);
    }
    Ok(served?)
}

fn config(args: &ServeArgs, keys: Keyring, verbosity: i8) -> Result<Config, Failure> {
    let addressed = |bytes: u64, flag: &str| {
        let too_much = |_| Failure::Usage(format!("{flag} is more than this machine can address"));
        usize::try_from(bytes).map_err(too_much)
    };
    let max_body = addressed(args.max_body.0, "--max-body")?;
    let published = args.published.iter().map(|one| Publication::of(one));
    let published = published.collect::<Result<Vec<_>, _>>().map_err(ServeError::from)?;
    Ok(Config {
        address: args.listen.address,
        tarp: args.tarp.clone(),
        lib_dirs: lib_dirs(&published),
        published,
        // Without a home nothing outlives the server, and who asks for that is told.
        state: state_folder().map(|folder| folder.join("owt")),
        door: args.door.rules(keys, args.keys.quotas()),
        audit: args.audit.clone(),
        mcp: args.mcp.mcp(),
        insecure_no_auth: args.listen.insecure_no_auth,
        workers: Workers {
            count: args.workers,
            sandbox: args.sandbox.sandbox()?,
            max_memory: args.max_memory.as_ref().map(|size| size.0),
            max_requests: args.max_requests,
            ..Workers::default()
        },
        threads: args.threads,
        cache_bytes: args.cache_bytes.0,
        answer_bytes: addressed(args.answer_bytes.0, "--answer-bytes")?,
        max_body,
        max_queue: args.max_queue,
        timeout: args.timeout.as_ref().map(|span| span.0),
        grace: args.grace.0,
        idle_timeout: args.idle_timeout.0,
        head_timeout: args.head_timeout.0,
        body_timeout: args.body_timeout.0,
        stall_timeout: args.stall_timeout.0,
        python: args.python.clone(),
        verbosity,
        ..Config::default()
    })
}

/// The folders that modules are imported from: those that are published, and the current one where
/// nothing is or a module is named.
fn lib_dirs(published: &[Publication]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in published.iter().filter_map(Publication::folder) {
        if !folders.iter().any(|other| other == folder) {
            folders.push(folder.to_owned());
        }
    }
    if folders.is_empty() || published.iter().any(|one| one.module().is_some()) {
        folders.push(PathBuf::from("."));
    }
    folders
}

/// Keeps the keys from what this process starts, and from adaptors that run in it.
fn forget_secrets() {
    for name in SECRETS {
        // SAFETY: this process has one thread yet, and nobody holds on to the environment.
        unsafe { std::env::remove_var(name) };
    }
}

fn write_token(listener: &Listener, token: &str) -> Result<TokenFile, Failure> {
    let fails = |source| Failure::Start { what: "cannot keep the token".to_owned(), source };
    match listener.address().map_err(fails)? {
        Address::Tcp { bound, .. } => TokenFile::create(bound.port(), token).map_err(fails),
        Address::Unix(_) => Err(Failure::Usage(
            "--token auto is for a port: a Unix socket is its owner's alone; leave it out, or \
             name a token's file with --token-file"
                .to_owned(),
        )),
    }
}

/// How to come in, for the lines that are printed at the start.
struct Login {
    user: Option<String>,
    /// The token that was made, and the file with it.
    token: Option<(String, PathBuf)>,
}

impl Login {
    fn new(keys: &Keys, token: Option<(String, PathBuf)>) -> Self {
        let user = keys.users().next().or(keys.has_tokens().then_some(TOKEN_USER));
        Self { user: user.map(str::to_owned), token }
    }

    /// What curl is told.
    fn curl(&self) -> String {
        match (self.user.as_deref(), &self.token) {
            (Some(TOKEN_USER), Some((_, path))) => {
                let path = shell_word(&path.display().to_string());
                format!("-u \"{TOKEN_USER}:$(cat {path})\" ")
            }
            // curl asks for the password, which only its owner knows.
            (Some(user), _) => format!("-u {} ", shell_word(user)),
            (None, _) => String::new(),
        }
    }
}

fn announce(ready: &Ready, reach: &Reach, login: &Login, publishes: bool) {
    let Ready { address, python_version, python_prefix, .. } = ready;
    let prefix = python_prefix.display();
    let mut lines = format!("owt serving on {address} (Python {python_version}, {prefix})");
    lines += &reach.lines;
    if let Ok(base) = server_url(&format!("{}/hello", address.local_url())) {
        let mut call = Call::new("def run(name='owt'):\n    return f'Hello, {name}!\\n'\n");
        call.kwargs = Some("{'name': 'world'}".into());
        if let Ok(url) = call.to_url(&base) {
            lines += &format!("\ntry it: curl {}{}'{url}'", reach.options, login.curl());
        }
    }
    if publishes {
        lines += &format!("\nfunctions: {}{FUNCTIONS_PATH}", address.local_url());
    }
    if let Some((token, path)) = &login.token {
        let url = address.local_url().replacen("://", &format!("://{TOKEN_USER}:{token}@"), 1);
        lines += &format!("\nwith the key in it: {url}/ (the token is in {})", path.display());
    }
    // A server whose standard output is closed serves all the same.
    let _ = output::line(&lines);
}
