//! Command `serve`: the server, from its start to its end.

use std::{net::TcpListener, process, time::Duration};

use crate::{
    Running,
    config::{Config, Switch},
    openapi,
    server::{self, Signals, Stop},
};

/// Exit code after a second signal, as of a program that SIGINT ends.
const INTERRUPTED: i32 = 130;

/// Serves the API until a signal stops the server.
///
/// # Errors
/// One line for standard error.
pub(super) async fn run(config: &Config) -> Result<(), String> {
    config.check()?;
    let mut signals = Signals::catch().map_err(|error| format!("cannot catch signals: {error}"))?;
    tokio::select! {
        migrated = crate::migrate(config) => migrated?,
        () = signals.next() => process::exit(INTERRUPTED),
    }
    server::raise_descriptors();
    let address = (config.host, config.port);
    let listener = TcpListener::bind(address)
        .map_err(|error| format!("cannot listen on {}:{}: {error}", address.0, address.1))?;
    let local = listener.local_addr().map_err(|error| error.to_string())?;
    let Running { server, stop, background } =
        crate::serve(config, listener).map_err(|error| error.to_string())?;
    for warning in config.warnings() {
        log::warn!("{warning}");
    }
    match config.docs {
        Switch::On => {
            log::info!("serving on http://{local}, documentation on http://{local}{}", openapi::DOCS);
        }
        Switch::Off => log::info!("serving on http://{local}, without documentation"),
    }
    actix_web::rt::spawn(stop_on_signal(signals, stop, config.shutdown_delay()));
    let ended = server.await.map_err(|error| error.to_string());
    background.end().await;
    ended
}

/// Stops the server at the first signal, and ends the process at the second.
async fn stop_on_signal(mut signals: Signals, stop: Stop, delay: Duration) {
    signals.next().await;
    log::info!("stopping in {} s; another signal ends the program at once", delay.as_secs());
    actix_web::rt::spawn(stop.run(delay));
    signals.next().await;
    log::warn!("ended by a second signal");
    process::exit(INTERRUPTED);
}
