//! Memory use of uploads and imports, as Linux reports it for a process.

#![cfg(target_os = "linux")]

use crate::{app::TestApp, process::Process};

/// File of at most `bytes` bytes, with a book on each row.
fn file(bytes: usize, description: usize) -> String {
    let mut file = "title,author,description\n".to_owned();
    let mut number = 0;
    loop {
        let row =
            format!("Title {description}-{number},Author {},{}\n", number % 1000, "é".repeat(description));
        if file.len() + row.len() > bytes {
            return file;
        }
        file += &row;
        number += 1;
    }
}

#[actix_web::test]
async fn importing_and_exporting_the_largest_file_takes_less_than_64_mib() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let server = Process::start(&app.database, &[]);
    let client = reqwest::Client::new();
    let token = alice.token.as_deref().unwrap();
    let books = |path: &str| format!("{}/api/v1/books{path}", server.address);
    client.get(books("")).send().await.unwrap().error_for_status().unwrap();
    let before = server.most_memory();
    // The longest possible books, and as many short ones as fit into a short test.
    for (description, mode) in [(9_000, "atomic"), (600, "partial")] {
        let request = client.post(books(&format!("/import?mode={mode}"))).bearer_auth(token);
        let answer = request
            .header("Content-Type", "text/csv")
            .body(file(32 << 20, description))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }
    for format in ["csv", "ndjson"] {
        let request = client.get(books(&format!("/export?format={format}"))).bearer_auth(token);
        let export = request.send().await.unwrap().bytes().await.unwrap();
        assert!(export.len() > 63 << 20);
    }
    let grown = (server.most_memory() - before) / 1024;
    println!("grown by {grown} MiB");
    assert!(grown < 64, "grown by {grown} MiB");
}
