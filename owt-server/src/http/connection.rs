//! What a connection tells of itself, once for all its requests.

use std::any::Any;
use std::net::SocketAddr;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;

/// The two ends of a connection, and what it runs over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    /// The address that the client connected to.
    pub local: Option<SocketAddr>,
    /// The client's own.
    pub peer: Option<SocketAddr>,
    /// Whether TLS is around it.
    pub is_tls: bool,
    /// The user at the other end of a Unix socket; `None` on TCP.
    pub unix_peer: Option<u32>,
}

impl Connection {
    /// Keeps it where each of the connection's requests finds it.
    pub fn note(stream: &dyn Any, kept: &mut Extensions) {
        let canonical =
            |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
        if let Some(stream) = stream.downcast_ref::<TcpStream>() {
            kept.insert(Self {
                local: stream.local_addr().ok().map(canonical),
                peer: stream.peer_addr().ok().map(canonical),
                ..Self::default()
            });
        }
    }
}
