//! End of the server, without failed requests.

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use actix_server::ServerHandle;
use actix_web::rt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener as Listener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};

use super::{Draining, LINGER, refusal::Refusal};

/// Time in which connections that were just accepted reach their worker.
const HAND_OVER: Duration = Duration::from_millis(100);

/// Most bytes that are read of a request that is not served.
const IGNORED: usize = 64 * 1024;

/// Most connections that are refused at the same time.
const REFUSED: usize = 256;

/// Means to stop the server.
pub struct Stop {
    server: ServerHandle,
    draining: Draining,
    listener: TcpListener,
}

impl Stop {
    pub(crate) fn new(server: ServerHandle, draining: Draining, listener: TcpListener) -> Self {
        Self { server, draining, listener }
    }

    /// Stops the server. For `delay` it serves, but is not ready, so that balancers notice; then it finishes running
    /// requests, and answers new connections with `unavailable`.
    pub async fn run(self, delay: Duration) {
        self.draining.begin();
        sleep(delay).await;
        self.server.pause().await;
        let refusing = Listener::from_std(self.listener).map(|listener| rt::spawn(refuse_all(listener)));
        sleep(HAND_OVER).await;
        self.server.stop(true).await;
        match refusing {
            Ok(refusing) => refusing.abort(),
            Err(error) => log::warn!("new connections are not answered: {error}"),
        }
    }
}

/// Answers every connection with `unavailable`.
async fn refuse_all(listener: Listener) {
    let places = Arc::new(Semaphore::new(REFUSED));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // The client is gone, or descriptors are.
            sleep(HAND_OVER).await;
            continue;
        };
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            rt::spawn(async move {
                // The client may be gone, or too slow.
                timeout(LINGER, refuse(stream)).await.ok();
                drop(place);
            });
        }
    }
}

/// Answers a connection, and reads its request, since closing a connection with unread bytes discards the answer.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(&Refusal::Stopping.response()).await?;
    stream.shutdown().await?;
    let mut request = stream.take(IGNORED as u64);
    let mut bytes = [0; 1024];
    while request.read(&mut bytes).await? > 0 {}
    Ok(())
}
