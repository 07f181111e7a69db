//! Bookly's JSON API: actix-web routes over the operations of `service`.
//!
//! Invariant: a handler is extractors, one operation and one answer. Nothing here names a row or a query,
//! and every failure leaves as a problem document.

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

/// How long the head of a request may be on its way.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);

/// How long a connection may lie idle between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Seconds that requests have to end when the server stops.
const SHUTDOWN_TIMEOUT: u64 = 10;

/// Seconds that a browser may remember what CORS allows.
const CORS_MAX_AGE: usize = 600;

/// What handlers work with. Each worker has its own, and so its own connections.
pub struct State {
    /// The database.
    pub db: Db,
    /// The account system.
    pub auth: Arc<Auth>,
    /// The keys that seal cursors.
    pub keys: Arc<Keys>,
    /// The proxies that may say who the client is.
    pub proxies: Arc<Proxies>,
}

/// Applies pending migrations, where the settings say so.
///
/// # Errors
/// What the database says.
pub async fn migrate(config: &Config) -> Result<(), String> {
    if !config.migrates() {
        return Ok(());
    }
    migration::startup::up(&config.database_url).await.map_err(|error| format!("cannot migrate: {error}"))
}

/// A server, and what goes on behind it.
pub struct Running {
    /// Answers requests when awaited.
    pub server: Server,
    /// Goes on until it is ended or dropped.
    pub background: Background,
}

/// Starts the server on `listener`.
///
/// # Errors
/// What the system or the settings say.
pub fn serve(config: &Config, listener: TcpListener) -> io::Result<Running> {
    serve_within(config, listener, Arc::new(config.throttle()))
}

/// [`serve`], within limits that the caller can see, too.
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

/// Lets pages of exactly these origins in.
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
        // The cookie of a session; it goes to two paths only.
        .supports_credentials()
        .max_age(CORS_MAX_AGE);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
