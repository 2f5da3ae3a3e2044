//! The HTTP server on its listener.

use std::io;
use std::num::NonZero;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{HttpServer, web};

use super::connection::Connection;
use super::{Site, app};
use crate::config::Config;
use crate::listener::{BACKLOG, Listener, Place};
use crate::{descriptors, engine};

/// How long a client may take to send its headers.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take for TLS's handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Handshakes at once on each HTTP thread; more wait to be taken.
const HANDSHAKES: usize = 2048;
/// How long a connection may idle between two requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The HTTP server on that listener, not yet polled, and the socket's file that is to be removed
/// when it has ended.
///
/// HTTP/1.1 only, also in TLS: on HTTP/2 actix does not notice that a client has gone before it
/// has something to send, so calls would not be cancelled.
///
/// # Errors
/// When the listener cannot be used.
pub(crate) fn server(
    listener: Listener,
    config: &Config,
    site: Site,
) -> io::Result<(Server, Option<Place>)> {
    let site = web::Data::new(site);
    let grace = config.grace.as_secs() + u64::from(config.grace.subsec_nanos() > 0);
    // As many as actix takes.
    let threads = std::thread::available_parallelism().map_or(2, NonZero::get);
    let server = HttpServer::new(move || {
        // Once on each HTTP thread, for as long as it lives.
        actix_web::rt::spawn(engine::attend());
        app(web::Data::clone(&site))
    })
    .on_connect(Connection::note)
    .max_connections(descriptors::connections(threads, config.workers))
    .max_connection_rate(HANDSHAKES)
    .tls_handshake_timeout(HANDSHAKE_TIMEOUT)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD_TIMEOUT)
    // A client that has closed its sending half has gone: its call is cancelled.
    .h1_allow_half_closed(false)
    .disable_signals()
    .shutdown_timeout(grace.max(1));
    if let Listener::Tcp(listener) | Listener::Tls(listener, _) = &listener {
        // Once more, with a longer line than it was bound with.
        rustix::net::listen(listener, BACKLOG)?;
    }
    let (server, place) = match listener {
        Listener::Tcp(listener) => (server.listen(listener)?, None),
        Listener::Tls(listener, tls) => {
            (server.listen_rustls_0_23(listener, tls.config().map_err(io::Error::other)?)?, None)
        }
        Listener::Unix(socket) => {
            let (listener, place) = socket.into_parts();
            (server.listen_uds(listener)?, Some(place))
        }
    };
    Ok((server.run(), place))
}
