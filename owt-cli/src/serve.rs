//! `owt serve`.

use std::net::TcpListener;

use owt_client::server_url;
use owt_core::Call;
use owt_server::{Config, Keys, Ready, ServeError};

use crate::args::ServeArgs;
use crate::failure::Failure;
use crate::{log, output, shutdown};

pub(crate) fn run(args: ServeArgs) -> Result<(), Failure> {
    let verbosity = if args.quiet { -1 } else { args.verbose.min(2).cast_signed() };
    log::start(verbosity, args.log_format);
    let keys = args.keys.keys()?;
    let (address, port) = (args.listen.address, args.listen.port);
    // The server checks this too; here the port has not been opened yet.
    if !address.is_loopback() && keys.is_empty() {
        return Err(ServeError::Open(address).into());
    }
    let user = args.keys.user().map(str::to_owned);
    let listener = TcpListener::bind((address, port)).map_err(|source| Failure::Start {
        what: format!("cannot listen on {address} port {port}"),
        source,
    })?;
    let signals = shutdown::signals(args.grace.0)
        .map_err(|source| Failure::Start { what: "cannot take over signals".to_owned(), source })?;
    let config = config(args, keys, verbosity)?;
    let served = owt_server::serve(listener, config, move |ready| announce(ready, user), signals);
    if let Err(ServeError::Stuck) = served {
        // Ending the ordinary way would run destructors under running threads.
        let failure = Failure::from(ServeError::Stuck);
        failure.tell();
        signal_hook::low_level::exit(1);
    }
    Ok(served?)
}

fn config(args: ServeArgs, keys: Keys, verbosity: i8) -> Result<Config, Failure> {
    let max_body = usize::try_from(args.max_body.0)
        .map_err(|_| Failure::Usage("--max-body is more than this machine can address".into()))?;
    Ok(Config {
        address: args.listen.address,
        lib_dirs: args.lib_dirs,
        door: args.door.rules(keys),
        workers: args.workers,
        max_memory: args.max_memory.map(|size| size.0),
        max_requests: args.max_requests,
        threads: args.threads,
        cache_bytes: args.cache_bytes.0,
        max_body,
        max_queue: args.max_queue,
        timeout: args.timeout.map(|span| span.0),
        grace: args.grace.0,
        idle_timeout: args.idle_timeout.0,
        head_timeout: args.head_timeout.0,
        body_timeout: args.body_timeout.0,
        stall_timeout: args.stall_timeout.0,
        python: args.python,
        verbosity,
        ..Config::default()
    })
}

fn announce(ready: &Ready, user: Option<String>) {
    let Ready { url, python_version, python_prefix, .. } = ready;
    let prefix = python_prefix.display();
    let mut lines = format!("owt serving on {url} (Python {python_version}, {prefix})");
    if let Ok(base) = server_url(&format!("{url}/hello")) {
        let mut call = Call::new("def run(name='owt'):\n    return f'Hello, {name}!\\n'\n");
        call.kwargs = Some("{'name': 'world'}".into());
        // curl asks for the password, which only its owner knows.
        let login =
            user.map_or_else(String::new, |user| format!("-u '{}' ", user.replace('\'', r"'\''")));
        if let Ok(url) = call.to_url(&base) {
            lines += &format!("\ntry it: curl {login}'{url}'");
        }
    }
    // A server whose standard output is closed serves all the same.
    let _ = output::line(&lines);
}
