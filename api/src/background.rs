//! Background tasks of the server: sending mail, and cleanup of old rows.

use std::{io, sync::Arc, thread, time::Duration};

use service::{
    Context, DbSettings, Shared,
    error::chain,
    mail::{self, Mailer},
    retention,
};
use tokio::{
    runtime,
    sync::{oneshot, watch},
};

use crate::config::Config;

/// Time that running deliveries have when the program ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// Background tasks. They stop when this is dropped.
pub struct Background {
    stop: watch::Sender<()>,
    done: oneshot::Receiver<()>,
}

impl Background {
    /// Stops the tasks and waits for them, up to a time limit.
    pub async fn end(self) {
        drop(self.stop);
        if tokio::time::timeout(PATIENCE, self.done).await.is_err() {
            log::warn!("a delivery was interrupted; its mail will be sent again");
        }
    }
}

/// Starts the tasks on a thread of their own, so that blocked workers do not delay them. They share one database
/// connection.
///
/// # Errors
/// Invalid settings, or no thread.
pub fn start(config: &Config, shared: &Arc<Shared>) -> io::Result<Background> {
    let mailer = config.mailer().map_err(io::Error::other)?;
    let settings = DbSettings { max_connections: 1, min_connections: 0, ..config.patient_database() };
    let shared = Arc::clone(shared);
    let ((stop, stopped), (sender, done)) = (watch::channel(()), oneshot::channel());
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("background".to_owned()).spawn(move || {
        runtime.block_on(run(&settings, shared, mailer, stopped));
        // The receiver may have timed out.
        sender.send(()).ok();
    })?;
    Ok(Background { stop, done })
}

async fn run(settings: &DbSettings, shared: Arc<Shared>, mailer: Option<Mailer>, stop: watch::Receiver<()>) {
    let cx = match Context::open(shared, settings).await {
        Ok(cx) => cx,
        Err(error) => return log::error!("background tasks cannot start: {}", chain(&error)),
    };
    let sending = async {
        if let Some(mailer) = &mailer {
            mail::run(&cx, mailer, stop.clone()).await;
        }
    };
    tokio::join!(sending, retention::run(&cx, stop.clone()));
    if let Err(error) = cx.db.close().await {
        log::debug!("cannot close the background connection: {}", chain(&error));
    }
}
