//! TCP proxy in front of a database server, which can go silent.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};
use url::Url;

use crate::database::Database;

/// Proxy between the program and the server of its database.
pub struct Proxy {
    /// URL of the database, through the proxy.
    pub url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Number of times that all connections went silent.
    freezes: AtomicU64,
    /// Whether new connections are silent, too.
    is_deaf: AtomicBool,
}

impl Proxy {
    /// Proxy in front of a database; none on SQLite, which has no network.
    pub async fn before(database: &Database) -> Option<Self> {
        let mut url = Url::parse(&database.url).unwrap();
        let server = (url.host_str().filter(|host| !host.is_empty())?.to_owned(), url.port()?);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let state = Arc::new(State::default());
        tokio::spawn(serve(listener, server, Arc::clone(&state)));
        Some(Self { url: url.to_string(), state })
    }

    /// From now on, connections accept bytes and answer nothing. New ones work.
    pub fn freeze(&self) {
        self.state.freezes.fetch_add(1, Ordering::Relaxed);
    }

    /// Decides whether new connections are silent, too.
    pub fn set_deaf(&self, is_deaf: bool) {
        self.state.is_deaf.store(is_deaf, Ordering::Relaxed);
    }
}

async fn serve(listener: TcpListener, server: (String, u16), state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect((server.0.as_str(), server.1)).await else { continue };
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        let born = state.freezes.load(Ordering::Relaxed);
        let is_deaf = state.is_deaf.load(Ordering::Relaxed);
        let silent = {
            let state = Arc::clone(&state);
            move || is_deaf || state.freezes.load(Ordering::Relaxed) > born
        };
        tokio::spawn(relay(from_client, to_server, silent.clone()));
        tokio::spawn(relay(from_server, to_client, silent));
    }
}

/// Passes bytes on until the connection is silent. Its other side does not see the end of a silent connection.
async fn relay(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, silent: impl Fn() -> bool) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if !silent() && to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
    if silent() {
        std::future::pending::<()>().await;
    }
}
