//! Bookly's JSON API: actix-web routes over the operations of `service`.
//!
//! Handlers consist of extractors, one operation and one response. This crate names no row and no query, and answers
//! every failure with a problem document.

pub mod address;
pub mod auth;
pub mod background;
pub mod books;
pub mod command;
pub mod config;
pub mod cookie;
pub mod endpoints;
pub mod error;
pub mod extract;
pub mod health;
pub mod logging;
pub mod openapi;
pub mod request;
pub mod response;
pub mod throttle;
pub mod users;

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use actix_cors::Cors;
use actix_web::{
    App, HttpServer,
    dev::Server,
    http::{Method, header},
    middleware::from_fn,
    web,
};
use service::{Db, Keys, Settings, auth::Auth, db::Turns, throttle::Throttle};

use crate::{address::Proxies, background::Background, config::Config};

/// Time for the head of a request to arrive.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);

/// Time for which a connection may be idle between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Seconds that running requests have when the server stops.
const SHUTDOWN_TIMEOUT: u64 = 10;

/// Seconds for which browsers may cache preflight responses.
const CORS_MAX_AGE: usize = 600;

/// State of the application. Each worker has its own, with its own connections.
pub struct State {
    /// Database.
    pub db: Db,
    /// Account system.
    pub auth: Arc<Auth>,
    /// Keys that seal cursors.
    pub keys: Arc<Keys>,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub proxies: Arc<Proxies>,
}

/// Applies pending migrations if the settings say so.
///
/// # Errors
/// Failed migrations, or no database.
pub async fn migrate(config: &Config) -> Result<(), String> {
    if !config.migrates() {
        return Ok(());
    }
    migration::startup::up(&config.database_url).await.map_err(|error| format!("cannot migrate: {error}"))
}

/// Server with its background tasks.
pub struct Running {
    /// Serves requests when awaited.
    pub server: Server,
    /// Runs until it is ended or dropped.
    pub background: Background,
}

/// Starts the server on `listener`.
///
/// # Errors
/// Invalid settings, or a failure of the system.
pub fn serve(config: &Config, listener: TcpListener) -> io::Result<Running> {
    serve_within(config, listener, Arc::new(config.throttle()))
}

/// [`serve`] with rate limits that the caller can inspect.
///
/// # Errors
/// As [`serve`].
pub fn serve_within(config: &Config, listener: TcpListener, throttle: Arc<Throttle>) -> io::Result<Running> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let keys = Arc::new(config.keys().map_err(io::Error::other)?);
    let auth = Arc::new(Auth::new(Arc::clone(&keys), config.policy()).throttled(throttle));
    let (settings, turns) = (config.database(workers), Turns::of(&config.database_url));
    let background = background::start(config, &auth, &turns)?;
    let (origins, proxies) = (Arc::clone(&config.cors_origins), Arc::clone(&config.trusted_proxies));
    let trusted = web::Data::new(config.trusted_origins());
    let server = HttpServer::new(move || {
        let (settings, turns) = (settings.clone(), turns.clone());
        let (auth, keys, proxies) = (Arc::clone(&auth), Arc::clone(&keys), Arc::clone(&proxies));
        let state = move |db| State {
            db,
            auth: Arc::clone(&auth),
            keys: Arc::clone(&keys),
            proxies: Arc::clone(&proxies),
        };
        App::new()
            .data_factory(move || open(settings.clone(), turns.clone(), state.clone()))
            .app_data(trusted.clone())
            .configure(endpoints::configure)
            .default_service(web::to(request::not_found))
            .wrap(cors(&origins))
            .wrap(from_fn(request::observe))
    });
    let server = server
        .workers(workers)
        .client_request_timeout(HEAD_DEADLINE)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(SHUTDOWN_TIMEOUT)
        .disable_signals()
        .listen(listener)?;
    Ok(Running { server: server.run(), background })
}

async fn open(settings: Settings, turns: Turns, state: impl Fn(Db) -> State) -> service::Result<State> {
    Ok(state(Db::open(&settings, turns).await?))
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
