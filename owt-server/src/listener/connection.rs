//! Holds what is known of a connection, whatever is sent on it.

use std::any::Any;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::rt::net::{TcpStream, UnixStream};

/// A user that nobody is.
const NOBODY: u32 = u32::MAX;

/// What a connection runs over.
pub enum Stream<'a> {
    Tcp(&'a TcpStream),
    /// What is beneath TLS.
    Tls(&'a TcpStream),
    Unix(&'a UnixStream),
}

impl<'a> Stream<'a> {
    /// What actix gives when a connection begins, if it is one that we listen for.
    pub fn of(stream: &'a dyn Any) -> Option<Self> {
        if let Some(stream) = stream.downcast_ref::<TcpStream>() {
            return Some(Self::Tcp(stream));
        }
        if let Some(stream) = stream.downcast_ref::<TlsStream<TcpStream>>() {
            return Some(Self::Tls(stream.get_ref().0));
        }
        stream.downcast_ref::<UnixStream>().map(Self::Unix)
    }

    pub fn socket(&self) -> RawFd {
        match self {
            Self::Tcp(stream) | Self::Tls(stream) => stream.as_raw_fd(),
            Self::Unix(stream) => stream.as_raw_fd(),
        }
    }
}

/// A connection: made once, read by each request on it with `conn_data`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connection {
    /// The address that the client connected to; none on a Unix socket.
    pub local: Option<SocketAddr>,
    /// The client's address; none on a Unix socket.
    pub peer: Option<SocketAddr>,
    /// What is sent is encrypted.
    pub is_tls: bool,
    /// On a Unix socket, the user that the client was when it connected; nobody's number if the
    /// kernel cannot tell.
    pub unix_peer: Option<u32>,
}

impl Connection {
    /// What is known of a connection that begins.
    pub fn of(stream: &Stream<'_>) -> Self {
        match stream {
            Stream::Tcp(stream) => Self::of_tcp(stream, false),
            Stream::Tls(stream) => Self::of_tcp(stream, true),
            Stream::Unix(stream) => {
                let peer = stream.peer_cred().map_or(NOBODY, |peer| peer.uid());
                Self { unix_peer: Some(peer), ..Self::default() }
            }
        }
    }

    fn of_tcp(stream: &TcpStream, is_tls: bool) -> Self {
        // One that has ended already has no addresses.
        let canonical =
            |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
        Self {
            local: stream.local_addr().ok().map(canonical),
            peer: stream.peer_addr().ok().map(canonical),
            is_tls,
            unix_peer: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::rt::net::TcpListener;

    use super::*;

    fn noted(stream: &dyn Any) -> Connection {
        Connection::of(&Stream::of(stream).expect("a kind of stream that is known"))
    }

    #[tokio::test]
    async fn the_other_end_of_a_unix_socket_is_its_user() {
        let (near, _far) = UnixStream::pair().unwrap();
        let connection = noted(&near);
        assert_eq!(connection.unix_peer, Some(rustix::process::geteuid().as_raw()));
        assert!(connection.local.is_none() && connection.peer.is_none() && !connection.is_tls);
    }

    #[tokio::test]
    async fn an_ipv4_address_is_written_as_one() {
        let listener = TcpListener::bind("[::ffff:127.0.0.1]:0").await.unwrap();
        let there = listener.local_addr().unwrap();
        let caller = TcpStream::connect(("127.0.0.1", there.port())).await.unwrap();
        let (taken, _) = listener.accept().await.unwrap();
        let connection = noted(&taken);
        assert_eq!(connection.peer, Some(caller.local_addr().unwrap()));
        assert_eq!(connection.local, Some(caller.peer_addr().unwrap()));
        assert!(connection.unix_peer.is_none() && !connection.is_tls);
    }
}
