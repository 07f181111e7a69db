//! Connections of a server whose handlers never end.

use std::{future::pending, net::TcpListener};

use actix_web::{
    App, HttpResponse,
    dev::ServerHandle,
    rt,
    web::{self, Data},
};
use api::server::{self, Draining, Limits};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::raw::Raw;

const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// Events of handlers.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Called,
    Cancelled,
}

/// Running handler.
struct Running(UnboundedSender<Event>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send(Event::Cancelled).ok();
    }
}

async fn endless(events: Data<UnboundedSender<Event>>) -> HttpResponse {
    let running = Running(events.as_ref().clone());
    events.send(Event::Called).unwrap();
    pending::<()>().await;
    drop(running);
    HttpResponse::Ok().finish()
}

/// Server with one worker, and what happens to its handlers.
struct Endless {
    address: String,
    server: ServerHandle,
    events: UnboundedReceiver<Event>,
}

impl Endless {
    fn start(connections: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, events) = unbounded_channel();
        let sender = Data::new(sender);
        let limits = Limits { connections, ..Limits::default() };
        let application = move || App::new().app_data(sender.clone()).default_service(web::to(endless));
        let server = server::start(listener, 1, limits, Draining::default(), application).unwrap();
        let handle = server.handle();
        rt::spawn(async move { server.await.unwrap() });
        Self { address, server: handle, events }
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

#[actix_web::test]
async fn a_client_that_hangs_up_cancels_its_handler() {
    let mut server = Endless::start(100);
    // Bytes of a further request do not hide the reset.
    for rest in ["", "GET / HTTP/1.1\r\n"] {
        let mut raw = Raw::connect(&server.address).await;
        raw.send(format!("{GET}{rest}")).await;
        assert_eq!(server.events.recv().await, Some(Event::Called));
        raw.reset();
        assert_eq!(server.events.recv().await, Some(Event::Cancelled));
    }
}

#[actix_web::test]
async fn a_client_that_only_ends_its_requests_keeps_its_handler() {
    let mut server = Endless::start(100);
    let mut raw = Raw::connect(&server.address).await;
    raw.send(GET).await;
    assert_eq!(server.events.recv().await, Some(Event::Called));
    raw.finish().await;
    let mut other = Raw::connect(&server.address).await;
    other.send(GET).await;
    assert_eq!(server.events.recv().await, Some(Event::Called), "the first handler is not cancelled");
}

#[actix_web::test]
async fn a_server_that_works_for_every_connection_refuses_a_new_one() {
    let mut server = Endless::start(3);
    let mut working = Vec::new();
    for _ in 0..3 {
        let mut raw = Raw::connect(&server.address).await;
        raw.send(GET).await;
        assert_eq!(server.events.recv().await, Some(Event::Called));
        working.push(raw);
    }
    let response = Raw::connect(&server.address).await.response("GET").await;
    assert_eq!((response.status, response.problem().as_str()), (503, "overloaded"));
    assert!(response.closes());
    // Each connection that closes makes room for one.
    working.pop().unwrap().reset();
    assert_eq!(server.events.recv().await, Some(Event::Cancelled));
    let mut raw = Raw::connect(&server.address).await;
    raw.send(GET).await;
    assert_eq!(server.events.recv().await, Some(Event::Called));
}
