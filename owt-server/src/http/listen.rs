//! The HTTP server on its listener.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{HttpServer, web};

use super::{Connection, Site, app};
use crate::config::Config;
use crate::engine;

/// Connections that wait to be taken.
const BACKLOG: u32 = 1024;
/// How long a client may take to send its headers.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection may idle between two requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The HTTP server on that listener, not yet polled.
///
/// # Errors
/// When the listener cannot be used.
pub(crate) fn server(listener: TcpListener, config: &Config, site: Site) -> io::Result<Server> {
    let site = web::Data::new(site);
    let grace = config.grace.as_secs() + u64::from(config.grace.subsec_nanos() > 0);
    let server = HttpServer::new(move || {
        // Once on each HTTP thread, for as long as it lives.
        actix_web::rt::spawn(engine::attend());
        app(web::Data::clone(&site))
    })
    .on_connect(Connection::note)
    .backlog(BACKLOG)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD_TIMEOUT)
    // A client that has closed its sending half has gone: its call is cancelled.
    .h1_allow_half_closed(false)
    .disable_signals()
    .shutdown_timeout(grace.max(1))
    .listen(listener)?;
    Ok(server.run())
}
