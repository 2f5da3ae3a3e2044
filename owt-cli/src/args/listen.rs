//! Declares where `owt serve` listens.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum, ValueHint};
use owt_server::Config;

use crate::units::address;

#[derive(Debug, Args)]
#[command(next_help_heading = "Where it listens")]
pub(crate) struct ListenArgs {
    /// The IP address to listen on; anything but loopback needs a key, as of --auth or --token
    #[arg(long, env = "OWT_ADDRESS", value_parser = address, default_value_t = Config::default().address)]
    pub(crate) address: IpAddr,

    /// The port to listen on; 0 takes a free one and prints which
    #[arg(long, env = "OWT_PORT", default_value_t = 9876)]
    pub(crate) port: u16,

    /// Listen on a Unix socket that only you can reach, and nowhere else
    ///
    /// Its folder is made if it is missing; one that others may write to is refused.
    #[arg(long, env = "OWT_UNIX", value_name = "PATH", value_hint = ValueHint::FilePath, conflicts_with_all = ["address", "port", "tls", "tls_cert", "tls_key"])]
    pub(crate) unix: Option<PathBuf>,

    /// Serve HTTPS with a certificate that is made and kept, for a local network
    ///
    /// Its file and its SHA-256 are printed: clients are told to trust it, as in curl --cacert.
    #[arg(long, env = "OWT_TLS", value_enum, value_name = "HOW", conflicts_with_all = ["tls_cert", "tls_key"])]
    pub(crate) tls: Option<TlsHow>,

    /// Serve HTTPS with this certificate and the chain below it, in PEM; SIGHUP reads it again
    #[arg(long, env = "OWT_TLS_CERT", value_name = "FILE", value_hint = ValueHint::FilePath, requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert, in PEM
    #[arg(long, env = "OWT_TLS_KEY", value_name = "FILE", value_hint = ValueHint::FilePath, requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Let whoever reaches the server run any code, also from other machines
    #[arg(long, env = "OWT_INSECURE_NO_AUTH", action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    pub(crate) insecure_no_auth: bool,
}

/// Where `serve` has its certificate from, if not from files.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TlsHow {
    /// It is its own issuer
    SelfSigned,
}
