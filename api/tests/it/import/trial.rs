//! Trials: imports that report what they would write, and write nothing.

use serde_json::Value;

use super::catalogue;
use crate::{
    app::{Client, TestApp},
    formats::GOODREADS,
};

/// Response to a file without the members in which a trial differs.
async fn response(client: &Client<'_>, query: &str, file: &str) -> Value {
    let mut body = client.import(query, "text/csv", file.to_owned()).await.body;
    body["dry_run"] = Value::Null;
    body["request_id"] = Value::Null;
    if body["report"].is_object() {
        body["report"]["dry_run"] = Value::Null;
    }
    body
}

#[actix_web::test]
async fn a_trial_reports_the_same_and_changes_nothing() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    for (query, file) in
        [("", GOODREADS), ("&mode=partial", "title,author\nA,B\n,C\n"), ("", "title,author\nA,B\n,C\n")]
    {
        let trial = response(&alice, &format!("?dry_run=true{query}"), file).await;
        assert!(catalogue(&alice).await.is_empty());
        assert_eq!(trial, response(&alice, &query.replace('&', "?"), file).await);
        app.database.execute("DELETE FROM books").await;
    }
}

#[actix_web::test]
async fn a_trial_in_several_steps_remembers_its_rows() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let header = "title,author,isbn\n";
    alice.import("", "text/csv", format!("{header}Before,A,9780441013593\nOther,A,\n")).await.ok();
    // The rows between the others are more than one step.
    let many = (0..1500).map(|n| format!("Filler {n},A,\n")).collect::<Vec<_>>().concat();
    let file = format!(
        "{header}After,A,9780441013593\nNew,A,9780306406157\nTwin,A,\n{many}\
         After,A,\nBefore,A,\nNew,A,0306406152\nTwin,A,\nOther,A,\nBefore,A,0441013597\nFiller 7,A,\n"
    );
    let goodreads = file.replacen("title,author,isbn", "Title,Author,ISBN,Book Id,Exclusive Shelf", 1);
    let goodreads =
        goodreads.replace(",\n", ",,1,read\n").replace("3\n", "3,1,read\n").replace("7\n", "7,1,read\n");
    for file in [file, goodreads.replace("2\n", "2,1,read\n")] {
        for query in ["&on_conflict=update", ""] {
            let before = alice.get("/books/export").await.text;
            let trial = response(&alice, &format!("?mode=partial&dry_run=true{query}"), &file).await;
            assert_eq!(alice.get("/books/export").await.text, before);
            let real = response(&alice, &format!("?mode=partial{query}"), &file).await;
            assert_eq!(trial, real, "{query}");
            app.database.execute("DELETE FROM books").await;
            alice.import("", "text/csv", format!("{header}Before,A,9780441013593\nOther,A,\n")).await.ok();
        }
    }
}
