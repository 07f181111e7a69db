//! What goes on behind the server: mail is sent, and what is old is cleared away.

use std::{sync::Arc, time::Duration};

use actix_web::rt;
use service::{
    Db,
    auth::Auth,
    db::Turns,
    mail::{self, Mailer},
    upkeep,
};
use tokio::{sync::watch, task::JoinHandle};

use crate::config::Config;

/// How long mail under way may take to be done when the program ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// The tasks. They stop when this is dropped.
pub struct Background {
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Background {
    /// Stops the tasks and waits until they are done, within limits.
    pub async fn end(self) {
        drop(self.stop);
        if tokio::time::timeout(PATIENCE, self.task).await.is_err() {
            log::warn!("mail was under way; it will be sent again");
        }
    }
}

/// Starts the tasks. They have one connection of their own.
///
/// # Errors
/// What is wrong with the settings.
pub fn start(config: &Config, auth: &Arc<Auth>, turns: &Turns) -> Result<Background, String> {
    let mailer = config.mailer()?;
    let settings = service::Settings { max_connections: 1, min_connections: 0, ..config.database(1) };
    let (auth, turns) = (Arc::clone(auth), turns.clone());
    let (stop, stopped) = watch::channel(());
    let task = rt::spawn(async move {
        match Db::open(&settings, turns).await {
            Ok(db) => {
                let mail = send(&db, &auth, mailer.as_ref(), stopped.clone());
                tokio::join!(mail, upkeep::run(&db, stopped));
            }
            Err(error) => log::error!("no mail is sent and nothing cleared away: {error}"),
        }
    });
    Ok(Background { stop, task })
}

async fn send(db: &Db, auth: &Auth, mailer: Option<&Mailer>, stop: watch::Receiver<()>) {
    if let Some(mailer) = mailer {
        mail::run(db, auth, mailer, stop).await;
    }
}
