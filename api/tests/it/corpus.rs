//! Searches for three hundred books of real files. Each must be found on the first page.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::{
    app::{Client, TestApp},
    files::{folder, read},
};

/// Files, with the number of searches for books of each.
const FILES: [(&str, usize); 4] = [
    ("goodbooks10k_books.csv.gz", 120),
    ("goodreads_export_a.csv", 40),
    ("goodreads_export_b.csv", 40),
    ("gutenberg_pg_catalog_sample.csv.gz", 100),
];

async fn all(client: &Client<'_>, query: &str) -> Vec<Value> {
    let mut books = Vec::new();
    let mut path = format!("/books?limit=100&sort=created_at{query}");
    loop {
        let mut page = client.get(&path).await.ok();
        books.append(page["items"].as_array_mut().unwrap());
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/books?limit=100&sort=created_at{query}&cursor={cursor}"),
            None => return books,
        }
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

/// Plausible search text for the book. Volumes of a work are searched with their number.
fn typed(number: usize, book: &Value) -> String {
    let (title, author) = (book["title"].as_str().unwrap(), book["author"].as_str().unwrap());
    let title: String = title.chars().take(150).collect();
    // Gutenberg's authors begin with the surname and end with the years of their lives.
    let inverted = author.contains(|c: char| c.is_ascii_digit());
    let author = if inverted { author.split(',').next().unwrap() } else { author };
    let (names, terms) = (words(author), words(&title));
    let surname = names.iter().rfind(|name| name.chars().count() > 2).copied().unwrap_or(author);
    let numbers: Vec<&str> = terms.iter().filter(|term| term.parse::<u32>().is_ok()).copied().collect();
    let numbers = numbers.join(" ");
    match (number % 6, terms.as_slice()) {
        (0, _) => title,
        (1, _) => {
            title.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).collect::<String>().to_uppercase()
        }
        (2, [first, second, third, ..]) => {
            format!("{surname} {numbers} {first} {second} {}", third.chars().take(3).collect::<String>())
        }
        (3, terms) => {
            let telling = terms.iter().max_by_key(|term| term.chars().count());
            format!("{surname} {numbers} {}", telling.unwrap_or(&surname))
        }
        (4, [first, second, ..]) => format!("\"{first} {second}\" {surname}"),
        (5, _) if book["isbn"].is_string() => book["isbn"].as_str().unwrap().to_owned(),
        _ => format!("{title} {surname}").chars().take(200).collect(),
    }
}

#[actix_web::test]
#[ignore = "needs files that are not in this repository: TEST_BOOK_FILES=folder cargo test -p api corpus:: -- --ignored"]
async fn three_hundred_searches_find_their_book_on_the_first_page() {
    let app = TestApp::start().await;
    let mut misses = Vec::new();
    let mut searches = 0;
    for (file, many) in FILES {
        let owner = app.user(&file.replace(['.', '_'], "-")).await;
        let bytes = read(&folder().join(file));
        let report = owner.import("?mode=partial", "text/csv", bytes).await.ok();
        println!("{file}: {} of {} rows created", report["created"], report["rows"]);
        let books = all(&app.anonymous(), &format!("&owner={}", owner.id.unwrap())).await;
        for (number, book) in books.iter().step_by((books.len() / many).max(1)).take(many).enumerate() {
            let q = typed(number, book);
            let query = serde_urlencoded::to_string([("q", q.as_str())]).unwrap();
            let page = app.anonymous().get(&format!("/books?{query}")).await.ok();
            let same = |found: &Value| {
                found["id"] == book["id"]
                    || (found["title"] == book["title"] && found["author"] == book["author"])
            };
            searches += 1;
            if !page["items"].as_array().unwrap().iter().any(same) {
                misses.push(format!("{q:?} for {} by {}", book["title"], book["author"]));
            }
        }
    }
    println!("{searches} searches, {} without their book:\n{}", misses.len(), misses.join("\n"));
    assert_eq!(searches, 300);
    assert!(misses.is_empty());
}
