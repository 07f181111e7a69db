//! Imports at the same time: of the same books, and of different sizes.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use super::{counts, file_of};
use crate::{
    app::{Answer, Client, TestApp},
    process::Process,
};

/// Valid ISBN of a number below a billion.
fn isbn(number: u64) -> String {
    let digits = format!("978{number:09}");
    let sum: u64 = digits
        .bytes()
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| u64::from(digit - b'0') * weight)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// File of the same books in one of three orders, with a number of pages.
fn shuffled(count: u64, order: usize, pages: usize) -> String {
    let mut numbers: Vec<u64> = (0..count).collect();
    match order {
        0 => {}
        1 => numbers.reverse(),
        _ => numbers.sort_by_key(|number| number * 7919 % count),
    }
    let rows = numbers.iter().map(|n| format!("Title {n},A,{},{pages}\n", isbn(*n + 1)));
    format!("title,author,isbn,page_count\n{}", rows.collect::<Vec<_>>().concat())
}

#[actix_web::test]
async fn the_same_books_in_three_orders_are_imported_by_three_processes_in_every_mode() {
    const BOOKS: u64 = 500;
    let app = TestApp::start().await;
    let mut clients = Vec::new();
    for name in ["alice", "bob", "carol"] {
        clients.push(app.user(name).await);
    }
    let processes = [Process::start(&app.database, &[]), Process::start(&app.database, &[])];
    let addresses = [&app.address, &processes[0].address, &processes[1].address];
    let modes =
        ["mode=atomic", "mode=partial", "mode=atomic&on_conflict=update", "mode=partial&on_conflict=update"];
    for (round, mode) in modes.iter().enumerate() {
        let imports = clients.iter().zip(addresses).enumerate().map(async |(order, (client, address))| {
            let file = shuffled(BOOKS, order, 1 + round);
            client.at(address).import(&format!("?{mode}"), "text/csv", file).await
        });
        let reports: Vec<Value> = join_all(imports).await.into_iter().map(Answer::ok).collect();
        let sum = |count: usize| reports.iter().map(|report| counts(report)[count]).sum::<u64>();
        assert_eq!(sum(0), 3 * BOOKS);
        if round == 0 {
            assert_eq!(sum(1), BOOKS, "each book once");
        }
        if round < 2 {
            assert_eq!(app.count("books").await, i64::try_from(BOOKS).unwrap());
        }
        if round == 1 {
            app.database.execute("DELETE FROM books").await;
        }
    }
    assert_eq!(app.count("books").await, i64::try_from(BOOKS).unwrap());
}

#[actix_web::test]
async fn one_row_does_not_wait_for_long_imports() {
    let app = TestApp::start().await;
    let (alice, bob, carol) = (app.user("alice").await, app.user("bob").await, app.user("carol").await);
    let long = async |client: &Client<'_>, name: &str| {
        let report = client.import("?mode=partial", "text/csv", file_of(15_000, name)).await.ok();
        assert_eq!(counts(&report)[..2], [15_000, 15_000]);
        // The book of one row has been there for a while.
        app.anonymous().get("/books?q=quick&total=true").await.ok()["total"].clone()
    };
    let short = async {
        while app.count("books").await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let report = carol.import("", "text/csv", "title,author\nQuick,A\n").await.ok();
        assert_eq!(counts(&report)[..2], [1, 1]);
        let title = carol.get("/books?q=quick").await.ok()["items"][0]["title"].clone();
        assert_eq!(title, "Quick");
        app.count("books").await
    };
    let (first, second, books) = tokio::join!(long(&alice, "First"), long(&bob, "Second"), short);
    assert_eq!((first, second), (1.into(), 1.into()));
    assert!(books < 30_000, "{books} books were written before the one row");
}
