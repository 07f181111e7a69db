#![doc = include_str!("../README.md")]

pub mod address;
pub mod auth;
pub mod background;
pub mod books;
pub mod command;
pub mod config;
pub mod cookie;
pub mod endpoints;
pub mod error;
pub(crate) mod etag;
pub mod extract;
pub mod health;
pub mod latest;
pub mod logging;
pub mod openapi;
pub mod request;
pub mod response;
pub mod schema;
pub mod server;
pub mod throttle;
pub mod users;

use std::{io, net::TcpListener, sync::Arc};

use actix_cors::Cors;
use actix_web::{
    App,
    dev::Server,
    http::{Method, header, header::HeaderName},
    middleware::{Condition, DefaultHeaders, from_fn},
    web,
};
use service::{Context, Shared};

use crate::{
    background::Background,
    config::{Config, Switch},
    health::LatestReadiness,
    schema::SchemaGate,
    server::{Draining, Limits, Stop},
};

/// Seconds for which browsers may cache preflight responses.
const CORS_MAX_AGE: usize = 600;

/// Creates the missing file of SQLite, and applies pending migrations if the settings say so.
///
/// # Errors
/// Failed migrations, or no database.
pub async fn migrate(config: &Config) -> Result<(), String> {
    migration::startup::create_sqlite_file(&config.database_url);
    if !config.migrates() {
        return Ok(());
    }
    migration::startup::up(&config.database_url).await.map_err(|error| format!("cannot migrate: {error}"))
}

/// Server with its background tasks.
pub struct Running {
    /// Serves requests when awaited.
    pub server: Server,
    /// Stops the server.
    pub stop: Stop,
    /// Runs until it is ended or dropped.
    pub background: Background,
}

/// Starts the server on `listener`.
///
/// # Errors
/// Invalid settings, or a failure of the system.
pub fn serve(config: &Config, listener: TcpListener) -> io::Result<Running> {
    let shared = config.shared().map_err(io::Error::other)?;
    serve_with(config, listener, Arc::new(shared))
}

/// [`serve`] with shared parts that the caller can inspect.
///
/// # Errors
/// As [`serve`].
pub fn serve_with(config: &Config, listener: TcpListener, shared: Arc<Shared>) -> io::Result<Running> {
    let limits = Limits::default();
    let connections = server::allowed_connections(config.database_max_connections, limits.connections);
    serve_within(config, listener, shared, Limits { connections, ..limits })
}

/// [`serve_with`] other limits of connections.
///
/// # Errors
/// As [`serve`].
pub fn serve_within(
    config: &Config,
    listener: TcpListener,
    shared: Arc<Shared>,
    limits: Limits,
) -> io::Result<Running> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let settings = config.database(workers);
    let background = background::start(config, &shared)?;
    let origins = Arc::clone(&config.cors_origins);
    let proxies = web::Data::from(Arc::clone(&config.trusted_proxies));
    let trusted = web::Data::new(config.trusted_origins());
    let (readiness, schema) =
        (web::Data::new(LatestReadiness::default()), web::Data::new(SchemaGate::default()));
    let (draining, copy) = (Draining::default(), listener.try_clone()?);
    let state = web::Data::new(draining.clone());
    let hsts = config.hsts.map(|seconds| format!("max-age={seconds}"));
    let (docs, names_clients) = (config.docs, config.log_client_address == Switch::On);
    // Each worker has a context of its own, and so its own connections.
    let application = move || {
        let (shared, settings) = (Arc::clone(&shared), settings.clone());
        App::new()
            .data_factory(move || {
                let (shared, settings) = (Arc::clone(&shared), settings.clone());
                async move { Context::open(shared, &settings).await }
            })
            .app_data(trusted.clone())
            .app_data(proxies.clone())
            .app_data(state.clone())
            .app_data(schema.clone())
            .app_data(readiness.clone())
            .configure(endpoints::configure)
            .configure(|app| match docs {
                Switch::On => openapi::configure(app),
                Switch::Off => {}
            })
            .default_service(web::to(request::not_found))
            .wrap(Condition::new(names_clients, from_fn(request::name_client)))
            .wrap(cors(&origins))
            .wrap(from_fn(request::observe))
            .wrap(strict_transport(hsts.as_deref()))
    };
    let server = server::start(listener, workers, limits, draining.clone(), application)?;
    let stop = Stop::new(server.handle(), draining, copy);
    Ok(Running { server, stop, background })
}

/// Header by which browsers use https only (RFC 6797), if there is a value.
fn strict_transport(value: Option<&str>) -> Condition<DefaultHeaders> {
    let headers = value.iter().fold(DefaultHeaders::new(), |headers, value| {
        headers.add((header::STRICT_TRANSPORT_SECURITY, *value))
    });
    Condition::new(value.is_some(), headers)
}

/// CORS for pages of exactly these origins.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .block_on_origin_mismatch(false)
        .allowed_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            // Tracing of requests by the page (W3C Trace Context, W3C Baggage, Sentry).
            HeaderName::from_static("baggage"),
            HeaderName::from_static("sentry-trace"),
            HeaderName::from_static("traceparent"),
            HeaderName::from_static("tracestate"),
            HeaderName::from_static("x-request-id"),
        ])
        .expose_headers([
            "Content-Disposition",
            "ETag",
            "Link",
            "Location",
            "RateLimit",
            "RateLimit-Policy",
            "Retry-After",
            "WWW-Authenticate",
            "X-Request-Id",
        ])
        // For the session cookie, which browsers send to two paths only.
        .supports_credentials()
        .max_age(CORS_MAX_AGE);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
