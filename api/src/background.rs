//! Background tasks of the server: sending mail, and cleanup of old rows.

use std::{io, sync::Arc, thread, time::Duration};

use service::{
    Db, Settings,
    auth::Auth,
    db::Turns,
    mail::{self, Mailer},
    upkeep,
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
pub fn start(config: &Config, auth: &Arc<Auth>, turns: &Turns) -> io::Result<Background> {
    let mailer = config.mailer().map_err(io::Error::other)?;
    let settings = Settings { max_connections: 1, min_connections: 0, ..config.database(1) };
    let (auth, turns) = (Arc::clone(auth), turns.clone());
    let ((stop, stopped), (sender, done)) = (watch::channel(()), oneshot::channel());
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("background".to_owned()).spawn(move || {
        runtime.block_on(run(&settings, turns, &auth, mailer, stopped));
        // The receiver may have timed out.
        sender.send(()).ok();
    })?;
    Ok(Background { stop, done })
}

async fn run(
    settings: &Settings,
    turns: Turns,
    auth: &Auth,
    mailer: Option<Mailer>,
    stop: watch::Receiver<()>,
) {
    let db = match Db::open(settings, turns).await {
        Ok(db) => db,
        Err(error) => return log::error!("background tasks cannot start: {error}"),
    };
    let sending = async {
        if let Some(mailer) = &mailer {
            mail::run(&db, auth, mailer, stop.clone()).await;
        }
    };
    tokio::join!(sending, upkeep::run(&db, stop.clone()));
    if let Err(error) = db.close().await {
        log::debug!("cannot close the background connection: {error}");
    }
}
