//! HTTP server: actix-http over a stream of our own, which serves one request of a connection at a time and closes
//! connections of clients that are too slow.
//!
//! `stream` reads and writes; `inbound` decides, without sockets, which bytes the library may see and how long the
//! client may take; `tracked` tells it of requests and responses. `registry` bounds the number of connections.

#[cfg(test)]
mod agreement;
mod alarm;
mod body;
mod connection;
mod descriptors;
mod draining;
mod framing;
mod head;
mod inbound;
mod limits;
mod pace;
mod refusal;
mod registry;
mod signals;
mod stop;
mod stream;
mod tracked;

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    rc::Rc,
    time::Duration,
};

use actix_http::{HttpService, KeepAlive, Protocol, Request, error::DispatchError};
use actix_server::{Server, ServerBuilder};
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt, apply_fn_factory, fn_service, map_config,
};
use actix_web::{
    Error,
    body::MessageBody,
    dev::{AppConfig, ServiceResponse},
    rt::net::TcpStream,
};
use futures_util::future::LocalBoxFuture;
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, timeout},
};

pub use self::{
    connection::Connection,
    descriptors::{allowed_connections, raise_descriptors},
    draining::Draining,
    limits::Limits,
    signals::Signals,
    stop::Stop,
};
use self::{refusal::Refusal, registry::Registry, stream::Guarded};

/// Seconds that running requests have when the server stops.
const SHUTDOWN_TIMEOUT: u64 = 10;

/// Time in which a client may read a response before its connection is closed with unread bytes.
const LINGER: Duration = Duration::from_secs(1);

/// Connection as the HTTP library takes it.
type Incoming = (Guarded, Protocol, Option<SocketAddr>);

/// Server of an application, which each of `workers` builds for itself.
///
/// # Errors
/// A failure of the system.
pub fn start<F, I, S, B>(
    listener: TcpListener,
    workers: usize,
    limits: Limits,
    draining: Draining,
    application: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::InitError: fmt::Debug,
    B: MessageBody + 'static,
{
    let per_worker = (limits.connections / workers).max(1);
    let builder = builder(workers, per_worker);
    let stopping = builder.graceful_shutdown_signal();
    let service = move || {
        let (stopping, draining) = (stopping.clone(), draining.clone());
        let application = application().into_factory().map_err(|error: Error| error.error_response());
        let application = map_config(application, |()| AppConfig::default());
        let application = apply_fn_factory(application, move |request, application: &_| {
            tracked::call(application, request, draining.clone())
        });
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            // The stream has the deadlines of heads and idle connections.
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(LINGER)
            .on_connect_ext(|io: &Guarded, data| {
                data.insert(Rc::clone(io.connection()));
            })
            .finish(application);
        fn_service(admission(per_worker, limits)).and_then(http)
    };
    Ok(builder.listen("http", listener, service)?.run())
}

/// Settings of a server whose workers have at most this number of connections.
fn builder(workers: usize, connections: usize) -> ServerBuilder {
    Server::build()
        .workers(workers)
        // The registry makes room; what it gives up needs a moment to close.
        .max_concurrent_connections(connections + connections / 16 + 16)
        .disable_signals()
        .shutdown_timeout(SHUTDOWN_TIMEOUT)
}

/// Admits new connections of a worker, at most `limit` at a time.
fn admission(
    limit: usize,
    limits: Limits,
) -> impl Fn(TcpStream) -> LocalBoxFuture<'static, Result<Incoming, DispatchError>> + Clone {
    let (registry, limits) = (Rc::new(Registry::new(limit)), Rc::new(limits));
    move |mut io| {
        let connection = Rc::new(Connection::new(Rc::clone(&limits)));
        let membership = registry.join(&connection, Instant::now());
        Box::pin(async move {
            let Some(membership) = membership else {
                // The client may be gone.
                timeout(LINGER, io.write_all(&Refusal::Full.response())).await.ok();
                return Err(DispatchError::InternalError);
            };
            let peer = io.peer_addr().ok();
            Ok((Guarded::new(io, connection, membership), Protocol::Http1, peer))
        })
    }
}
