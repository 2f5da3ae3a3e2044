//! Begins to listen, and prints how to call the server.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use owt_core::shell_word;
use owt_server::{Address, Config, Listener, ServeError, Socket, Tls};

use crate::args::{ListenArgs, TlsHow};
use crate::failure::Failure;

/// Where certificates that are made here are kept.
const CERTIFICATES: &str = "owt/tls";

/// Listens as the command line says. The names are what the server is reached by besides those
/// that it knows itself, for a certificate that is made here.
///
/// # Errors
/// The address is open to others without a key; it, the socket or the certificate cannot be used.
pub(crate) fn listen(
    args: &ListenArgs,
    names: Vec<String>,
    config: &Config,
) -> Result<Listener, Failure> {
    if let Some(path) = &args.unix {
        return Ok(Listener::Unix(Socket::bind(path)?));
    }
    // The server checks this too; here the port has not been opened yet.
    config.may_listen(args.address).map_err(ServeError::from)?;
    let tls = tls(args, names)?.map(Arc::new);
    let (address, port) = (args.address, args.port);
    let listener = TcpListener::bind((address, port)).map_err(|source| Failure::Start {
        what: format!("cannot listen on {address} port {port}"),
        source,
    })?;
    Ok(match tls {
        Some(tls) => Listener::Tls(listener, tls),
        None => Listener::Tcp(listener),
    })
}

fn tls(args: &ListenArgs, names: Vec<String>) -> Result<Option<Tls>, Failure> {
    Ok(match (&args.tls, &args.tls_cert, &args.tls_key) {
        (Some(TlsHow::SelfSigned), ..) => {
            let folder = state_folder().ok_or_else(|| {
                let nowhere = "--tls self-signed: there is no home folder to keep the certificate \
                               in; set XDG_STATE_HOME to an absolute path";
                Failure::Usage(nowhere.to_owned())
            })?;
            let folder = folder.join(CERTIFICATES);
            let made = Tls::self_signed(folder, args.address, names);
            Some(made.map_err(|error| Failure::Tls("--tls self-signed", error.into()))?)
        }
        // clap has seen to it that there are both or none.
        (None, Some(certificate), Some(key)) => {
            let read = Tls::from_files(certificate.clone(), key.clone());
            Some(read.map_err(|error| Failure::Tls("--tls-cert, --tls-key", error.into()))?)
        }
        _ => None,
    })
}

/// Where programs keep what should outlive a restart (XDG Base Directory Specification); `None`
/// without a home.
pub(crate) fn state_folder() -> Option<PathBuf> {
    let given = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    // A relative one is to be ignored.
    given
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(".local/state")))
}

/// What clients need to know besides the URL.
pub(crate) struct Reach {
    /// For curl, with a space at the end.
    pub(crate) options: String,
    /// Lines to print, each after a line's end.
    pub(crate) lines: String,
}

impl Reach {
    pub(crate) fn of(listener: &Listener, args: &ListenArgs) -> Self {
        let (mut options, mut lines) = (String::new(), String::new());
        if let Listener::Tls(_, tls) = listener
            && args.tls.is_some()
        {
            let path = tls.certificate();
            options = format!("--cacert {} ", shell_word(&path.display().to_string()));
            lines = format!(
                "\nits certificate, for clients to trust: {}\nSHA-256 {}",
                path.display(),
                tls.fingerprint()
            );
        }
        if let Ok(Address::Unix(path)) = listener.address() {
            options = format!("--unix-socket {} ", shell_word(&path.display().to_string()));
        }
        Self { options, lines }
    }
}
