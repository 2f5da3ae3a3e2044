//! The HTTP server on its listener.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{HttpServer, web};

use super::{Connection, Site, app, quiet};
use crate::config::Config;
use crate::engine;

/// Connections that wait to be taken.
const BACKLOG: u32 = 1024;

/// The HTTP server on that listener, not yet polled.
///
/// # Errors
/// When the listener cannot be used.
pub(crate) fn server(listener: TcpListener, config: &Config, site: Site) -> io::Result<Server> {
    end_stalls(&listener, config.stall_timeout)?;
    let site = web::Data::new(site);
    let grace = config.grace.as_secs() + u64::from(config.grace.subsec_nanos() > 0);
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
    .backlog(BACKLOG)
    .keep_alive(config.idle_timeout)
    .client_request_timeout(config.head_timeout)
    // A client that has closed its sending half has gone: its call is cancelled.
    .h1_allow_half_closed(false)
    .disable_signals()
    .shutdown_timeout(grace.max(1))
    .listen(listener)?;
    Ok(server.run())
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
