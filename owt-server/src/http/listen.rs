//! The HTTP server on its listener.

use std::io;
use std::net::TcpListener;
use std::num::NonZero;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{HttpServer, web};

use super::connection::Connection;
use super::{Site, app, quiet};
use crate::config::Config;
use crate::listener::{BACKLOG, Listener, Place};
use crate::{descriptors, engine};

/// How long a client may take for TLS's handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Handshakes at once on each HTTP thread; more wait to be taken.
const HANDSHAKES: usize = 2048;

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
    let most_quiet = config.idle_timeout + config.head_timeout;
    let server = HttpServer::new(move || {
        // Once on each HTTP thread, for as long as it lives.
        actix_web::rt::spawn(engine::attend());
        actix_web::rt::spawn(quiet::watch(most_quiet));
        app(web::Data::clone(&site))
    })
    .on_connect(|stream, notes| {
        Connection::note(stream, notes);
        quiet::note(stream, notes);
    })
    .max_connections(descriptors::connections(threads, config.workers))
    .max_connection_rate(HANDSHAKES)
    .tls_handshake_timeout(HANDSHAKE_TIMEOUT)
    .keep_alive(config.idle_timeout)
    .client_request_timeout(config.head_timeout)
    // A client that has closed its sending half has gone: its call is cancelled.
    .h1_allow_half_closed(false)
    .disable_signals()
    .shutdown_timeout(grace.max(1));
    if let Listener::Tcp(listener) | Listener::Tls(listener, _) = &listener {
        // Once more, with a longer line than it was bound with.
        rustix::net::listen(listener, BACKLOG)?;
        end_stalls(listener, config.stall_timeout)?;
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

/// Has the system end connections whose other end takes nothing for that long: answers that
/// nobody reads, and clients that vanished.
///
/// Only the system sees it for certain: a slow reader, who takes a little now and then, makes
/// room for the server's next write as seldom as one who takes nothing.
fn end_stalls(listener: &TcpListener, limit: Duration) -> io::Result<()> {
    let limit = limit.as_millis().clamp(1, i32::MAX as u128) as u32;
    // Connections inherit it.
    Ok(rustix::net::sockopt::set_tcp_user_timeout(listener, limit)?)
}
