//! Builds the HTTP server on its listener.

use std::any::Any;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{Extensions, HttpService};
use actix_server::{GracefulShutdownSignal, Server};
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use actix_tls::accept::{TlsError, max_concurrent_tls_connect};
use actix_web::dev::AppConfig;
use actix_web::rt::net::{TcpStream, UnixStream};
use actix_web::web;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Site, app, entrance, quiet};
use crate::config::Config;
use crate::descriptors;
use crate::listener::{BACKLOG, Connection, Listener, Place, Stream};

/// How long a client may take for TLS's handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Handshakes at once on each HTTP thread; more wait to be taken.
const HANDSHAKES: usize = 2048;

/// How long a connection may take to end.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The HTTP server on that listener, not yet polled, and the socket's file that is to be removed
/// when it has ended.
///
/// actix-web's own `HttpServer` tells whoever asks to send a body, before any of us has seen the
/// request.
///
/// # Errors
/// When the listener cannot be used.
pub(crate) fn server(
    listener: Listener,
    config: &Config,
    site: Site,
) -> io::Result<(Server, Option<Place>)> {
    let grace = config.grace.as_secs() + u64::from(config.grace.subsec_nanos() > 0);
    // As many as actix takes.
    let threads = std::thread::available_parallelism().map_or(2, NonZero::get);
    max_concurrent_tls_connect(HANDSHAKES);
    let server = Server::build()
        .max_concurrent_connections(descriptors::connections(threads, config.workers.count))
        .disable_signals()
        .shutdown_timeout(grace.max(1));
    let site = web::Data::new(site);
    let describing = web::Data::clone(&site);
    actix_web::rt::spawn(async move {
        describing.functions.describe_all(&describing.asker()).await;
    });
    let served = Served {
        site,
        idle_timeout: config.idle_timeout,
        head_timeout: config.head_timeout,
        ending: server.graceful_shutdown_signal(),
    };
    if let Listener::Tcp(listener) | Listener::Tls(listener, _) = &listener {
        // Once more, with a longer line than it was bound with.
        rustix::net::listen(listener, BACKLOG)?;
        end_stalls(listener, config.stall_timeout)?;
    }
    let (server, place) = match listener {
        Listener::Tcp(listener) => (server.listen("http", listener, move || served.tcp())?, None),
        Listener::Tls(listener, tls) => {
            let tls = tls.config().map_err(io::Error::other)?;
            (server.listen("https", listener, move || served.tls(tls.clone()))?, None)
        }
        Listener::Unix(socket) => {
            let (listener, place) = socket.into_parts();
            (server.listen_uds("unix", listener, move || served.unix())?, Some(place))
        }
    };
    Ok((server.run(), place))
}

/// What every HTTP thread begins with.
#[derive(Clone)]
struct Served {
    site: web::Data<Site>,
    idle_timeout: Duration,
    head_timeout: Duration,
    ending: GracefulShutdownSignal,
}

impl Served {
    fn tcp(
        &self,
    ) -> impl ServiceFactory<TcpStream, Config = (), Error = DispatchError, InitError = ()> + use<>
    {
        let stream = |io: TcpStream| {
            let peer = io.peer_addr().ok();
            async move { Ok((io, peer)) }
        };
        fn_service(stream).and_then(self.http())
    }

    fn tls(
        &self,
        config: ServerConfig,
    ) -> impl ServiceFactory<
        TcpStream,
        Config = (),
        Error = TlsError<io::Error, DispatchError>,
        InitError = (),
    > + use<> {
        let mut acceptor = Acceptor::new(config);
        acceptor.set_handshake_timeout(HANDSHAKE_TIMEOUT);
        acceptor
            .map_init_err(drop)
            .map_err(TlsError::into_service_error)
            .map(|io: TlsStream<TcpStream>| {
                let peer = io.get_ref().0.peer_addr().ok();
                (io, peer)
            })
            .and_then(self.http().map_err(TlsError::Service))
    }

    fn unix(
        &self,
    ) -> impl ServiceFactory<UnixStream, Config = (), Error = DispatchError, InitError = ()> + use<>
    {
        fn_service(|io: UnixStream| async move { Ok((io, None)) }).and_then(self.http())
    }

    /// HTTP/1.1 only, also in TLS: on HTTP/2 actix does not notice that a client has gone before
    /// it has something to send, so calls would not be cancelled.
    fn http<T>(
        &self,
    ) -> impl ServiceFactory<
        (T, Option<SocketAddr>),
        Config = (),
        Response = (),
        Error = DispatchError,
        InitError = (),
    > + use<T>
    where
        T: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        // Once on each HTTP thread, for as long as it lives.
        actix_web::rt::spawn(owt_engine::attend());
        actix_web::rt::spawn(quiet::watch(self.idle_timeout + self.head_timeout));
        let (site, ending) = (web::Data::clone(&self.site), self.ending.clone());
        let app = app(web::Data::clone(&self.site)).into_factory();
        HttpService::build()
            .keep_alive(self.idle_timeout)
            .client_request_timeout(self.head_timeout)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            // A client that has closed its sending half has gone: its call is cancelled.
            .h1_allow_half_closed(false)
            .graceful_shutdown_signal(move || {
                let ending = ending.clone();
                async move { ending.notified().await }
            })
            .on_connect_ext(note::<T>)
            .expect(fn_service(move |request| entrance::expected(request, web::Data::clone(&site))))
            .h1(map_config(app.map_err(|error: actix_web::Error| error.error_response()), |()| {
                AppConfig::default()
            }))
    }
}

/// What is known of a connection that begins.
fn note<T: 'static>(stream: &T, notes: &mut Extensions) {
    if let Some(stream) = Stream::of(stream as &dyn Any) {
        notes.insert(Connection::of(&stream));
        quiet::note(&stream, notes);
    }
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
