//! Listens, and finds out about each connection that comes.

mod connection;
mod socket;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use connection::{Connection, Stream};
pub(crate) use socket::Place;
pub use socket::{Socket, SocketError};

use crate::tls::Tls;

/// Connections that wait to be taken.
pub(crate) const BACKLOG: i32 = 1024;

/// Takes connections for a server; bound by the caller.
#[derive(Debug)]
pub enum Listener {
    /// Plain HTTP.
    Tcp(TcpListener),
    /// HTTPS.
    Tls(TcpListener, Arc<Tls>),
    /// Plain HTTP for who may open the socket's file.
    Unix(Socket),
}

impl Listener {
    /// Where it listens.
    ///
    /// # Errors
    /// The system cannot tell.
    pub fn address(&self) -> io::Result<Address> {
        Ok(match self {
            Self::Tcp(listener) => Address::Tcp { bound: local(listener)?, is_tls: false },
            Self::Tls(listener, _) => Address::Tcp { bound: local(listener)?, is_tls: true },
            Self::Unix(socket) => Address::Unix(socket.path().to_owned()),
        })
    }

    /// The certificate it shows.
    pub(crate) fn tls(&self) -> Option<Arc<Tls>> {
        match self {
            Self::Tls(_, tls) => Some(Arc::clone(tls)),
            Self::Tcp(_) | Self::Unix(_) => None,
        }
    }
}

fn local(listener: &TcpListener) -> io::Result<SocketAddr> {
    let bound = listener.local_addr()?;
    Ok(SocketAddr::new(bound.ip().to_canonical(), bound.port()))
}

/// Where a server listens: `http://127.0.0.1:9876`, `https://[::1]:9876`, `unix:/run/owt/socket`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// On the network.
    Tcp {
        /// The address and port; an IPv4 address is never written as an IPv6 one.
        bound: SocketAddr,
        /// HTTPS, else HTTP.
        is_tls: bool,
    },
    /// On a Unix socket with that absolute path.
    Unix(PathBuf),
}

impl Address {
    /// A URL for clients on this machine. On a Unix socket the host is `localhost`, whatever
    /// carries the request.
    #[must_use]
    pub fn local_url(&self) -> String {
        match self {
            Self::Tcp { bound, is_tls } => {
                let ip = match bound.ip() {
                    ip if !ip.is_unspecified() => ip,
                    IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                    IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
                };
                let bound = SocketAddr::new(ip, bound.port());
                Self::Tcp { bound, is_tls: *is_tls }.to_string()
            }
            Self::Unix(_) => "http://localhost".to_owned(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { bound, is_tls: true } => write!(f, "https://{bound}"),
            Self::Tcp { bound, is_tls: false } => write!(f, "http://{bound}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
