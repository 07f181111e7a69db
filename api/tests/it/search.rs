//! Search and facets.

use serde_json::{Value, json};

use crate::app::{Client, TestApp, path_of};

async fn titles(client: &Client<'_>, query: &[(&str, &str)]) -> Vec<String> {
    let query = serde_urlencoded::to_string(query).unwrap();
    let page = client.get(&format!("/books?{query}")).await.ok();
    page["items"].as_array().unwrap().iter().map(|book| book["title"].as_str().unwrap().to_owned()).collect()
}

async fn shelf(client: &Client<'_>) {
    for book in [
        json!({ "title": "Dune Messiah", "author": "Frank Herbert", "published_date": "1969", "language": "en" }),
        json!({ "title": "Dune", "author": "Frank Herbert", "published_date": "1965-08", "language": "en",
                "isbn": "9780441013593", "publisher": "Ace" }),
        json!({ "title": "The Art of Dune", "author": "Tanya Lapointe", "language": "en-US" }),
        json!({ "title": "Sand", "author": "Hugh Howey", "description": "Another dune, in another world: 100% sand_storm." }),
        json!({ "title": "It", "author": "Stephen King", "published_date": "1986", "language": "en" }),
        json!({ "title": "Les Misérables", "author": "Victor Hugo", "published_date": "1862", "language": "fr" }),
        json!({ "title": "Frøken Smillas fornemmelse for sne", "author": "Peter Høeg", "language": "da" }),
        json!({ "title": "Война и мир", "author": "Лев Толстой", "subtitle": "Роман", "language": "ru" }),
        json!({ "title": "ἈΡΧΉ ΛΌΓΟΣ", "author": "Σοφία", "language": "el" }),
        json!({ "title": "C++", "subtitle": "\"Quotes\" and 'ticks'; 📚", "author": "O'Reilly, B. J." }),
    ] {
        client.post("/books", book).await.created();
    }
}

#[actix_web::test]
async fn words_find_books_the_best_first_without_query_syntax() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    shelf(&alice).await;
    let reader = app.anonymous();
    for (q, expected) in [
        ("dune", vec!["Dune", "Dune Messiah", "The Art of Dune", "Sand"]),
        ("DUN", vec!["Dune", "Dune Messiah", "The Art of Dune", "Sand"]),
        ("dun ", vec![]),
        ("dune m", vec!["Dune Messiah"]),
        ("herbert dune", vec!["Dune", "Dune Messiah"]),
        ("\"dune messiah\"", vec!["Dune Messiah"]),
        ("\"messiah dune\"", vec![]),
        ("\"art of du", vec!["The Art of Dune"]),
        ("it", vec!["It"]),
        ("it ", vec!["It"]),
        ("the ", vec!["The Art of Dune"]),
        ("miserables", vec!["Les Misérables"]),
        ("MISÉRABLES", vec!["Les Misérables"]),
        ("mise\u{301}rables", vec!["Les Misérables"]),
        ("froken hoeg", vec!["Frøken Smillas fornemmelse for sne"]),
        ("frøken", vec!["Frøken Smillas fornemmelse for sne"]),
        ("ВОЙНА толс", vec!["Война и мир"]),
        ("роман", vec!["Война и мир"]),
        ("λόγος", vec!["ἈΡΧΉ ΛΌΓΟΣ"]),
        ("ΛΌΓΟΣ ἀρχ", vec!["ἈΡΧΉ ΛΌΓΟΣ"]),
        ("\u{301}", vec![]),
        ("dune \u{301} messiah", vec!["Dune Messiah"]),
        ("𠮷", vec![]),
        ("dune 𠮷", vec![]),
        ("Ꭰ", vec![]),
        ("\u{20dd}", vec![]),
        ("0-441-01359-7", vec!["Dune"]),
        ("978-0441013593", vec!["Dune"]),
        ("ace", vec!["Dune"]),
        ("100%", vec!["Sand"]),
        ("%", vec![]),
        ("_", vec![]),
        ("d%e", vec![]),
        ("*", vec![]),
        ("📚", vec![]),
        ("o'reilly", vec!["C++"]),
        ("c++", vec!["C++"]),
        ("b.j.", vec!["C++"]),
        ("quotes' OR 1=1 --", vec![]),
        ("dune NOT messiah", vec![]),
        ("dune | sand & ( ! : * < > ~ \\", vec!["Sand"]),
        ("title:dune", vec![]),
        ("^dune", vec!["Dune", "Dune Messiah", "The Art of Dune", "Sand"]),
        ("\"", vec![]),
        ("\"\"\"", vec![]),
        ("zzdune", vec![]),
    ] {
        let found = titles(&reader, &[("q", q)]).await;
        if ["dune", "DUN", "^dune"].contains(&q) {
            // Databases agree on matches in the title, and rank the others by their own scores.
            assert_eq!(found[..2], expected[..2], "{q}");
        }
        let sorted = |mut titles: Vec<String>| {
            titles.sort();
            titles
        };
        let expected = expected.iter().map(|&title| title.to_owned()).collect();
        assert_eq!(sorted(found), sorted(expected), "{q}");
    }
}

#[actix_web::test]
async fn marks_on_greek_letters_matter_on_sqlite_alone() {
    let app = TestApp::start().await;
    shelf(&app.user("alice").await).await;
    let marked = app.database.backend() == sea_orm::DbBackend::Sqlite;
    for q in ["λογος", "ΑΡΧΗ", "λογοσ αρχ"] {
        let expected = if marked { vec![] } else { vec!["ἈΡΧΉ ΛΌΓΟΣ".to_owned()] };
        assert_eq!(titles(&app.anonymous(), &[("q", q)]).await, expected, "{q}");
    }
}

#[actix_web::test]
async fn a_search_is_a_list_like_any_other() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    shelf(&alice).await;
    let reader = app.anonymous();
    assert_eq!(
        titles(&reader, &[("q", "dune"), ("sort", "-title")]).await,
        ["The Art of Dune", "Sand", "Dune Messiah", "Dune"]
    );
    assert_eq!(titles(&reader, &[("q", "dune"), ("published_from", "1966")]).await, ["Dune Messiah"]);
    assert_eq!(titles(&reader, &[("q", "dune"), ("sort", "title"), ("language", "en")]).await.len(), 3);
    assert_eq!(titles(&reader, &[("q", "dune"), ("offset", "1"), ("limit", "1")]).await, ["Dune Messiah"]);
    assert_eq!(
        titles(&reader, &[("q", "dune"), ("author", "Frank Herbert")]).await,
        ["Dune", "Dune Messiah"]
    );
    for sort in ["relevance", "title"] {
        let mut path = format!("/books?q=dune&limit=1&total=true&sort={sort}");
        let mut seen = Vec::new();
        loop {
            let page = reader.get(&path).await.ok();
            assert_eq!(page["total"], 4);
            seen.extend(page["items"].as_array().unwrap().iter().map(path_of));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/books?q=dune&limit=1&total=true&sort={sort}&cursor={cursor}");
            let other = path.replace("q=dune", "q=sand");
            reader.get(&other).await.problem("invalid_cursor");
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 4, "{sort}");
    }
    let nothing = reader.get("/books?q=%25&total=true").await.ok();
    assert_eq!(nothing, json!({ "items": [], "next_cursor": null, "total": 0 }));
    assert_eq!(reader.get("/books?sort=relevance").await.invalid()[0].0, "/sort");
    for q in ["", &"a".repeat(201), "a%00b"] {
        assert_eq!(reader.get(&format!("/books?q={q}")).await.invalid()[0].0, "/q", "{q}");
    }
}

#[actix_web::test]
async fn the_named_book_is_first_among_thousands_and_the_order_is_stable() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let stories = (0..11_000).map(|n| format!("Zebra {n:05} story,A\n")).collect::<Vec<_>>().concat();
    alice.import("?mode=partial", "text/csv", format!("title,author\n{stories}Zebra,A\n")).await.ok();
    for q in ["zebra", "ZEBRA ", "\"zebra\""] {
        assert_eq!(titles(&alice, &[("q", q), ("limit", "1")]).await, ["Zebra"], "{q}");
    }
    assert_eq!(titles(&alice, &[("q", "zebra 04711 st")]).await, ["Zebra 04711 story"]);
    let mut walks = Vec::new();
    for _ in 0..2 {
        let (mut walk, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = alice.get(&format!("/books?q=story&limit=100{cursor}")).await.ok();
            walk.extend(page["items"].as_array().unwrap().iter().map(path_of));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        walks.push(walk);
    }
    assert_eq!(walks[0].len(), 1000);
    assert!(walks[0] == walks[1], "two walks through the same books");
    walks[0].sort();
    walks[0].dedup();
    assert_eq!(walks[0].len(), 1000);
}

#[actix_web::test]
async fn the_index_follows_every_change() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let book = alice.book("Dune").await;
    let found = async |q: &str| titles(&app.anonymous(), &[("q", q)]).await;
    assert_eq!(found("dune").await, ["Dune"]);
    alice
        .patch(&path_of(&book), json!({ "title": "Emma", "subtitle": "A novel", "description": "About her" }))
        .await
        .ok();
    assert_eq!(found("dune").await, [""; 0]);
    assert_eq!(found("novel").await, ["Emma"]);
    alice.patch(&path_of(&book), json!({ "subtitle": null })).await.ok();
    assert_eq!(found("novel").await, [""; 0]);
    assert_eq!(found("about").await, ["Emma"]);
    alice.delete(&path_of(&book)).await.no_content();
    assert_eq!(found("emma").await, [""; 0]);
    alice.import("", "text/csv", "title,author\nPersuasion,Jane Austen\nEmma,Jane Austen\n").await.ok();
    assert_eq!(found("aust").await.len(), 2);
}

#[actix_web::test]
async fn facets_count_what_the_list_has() {
    let app = TestApp::start().await;
    shelf(&app.user("alice").await).await;
    let facets = async |query: &str| app.anonymous().get(&format!("/books/facets{query}")).await.ok();
    let all = facets("").await;
    assert_eq!(all["language"][0], json!({ "value": "en", "count": 3 }));
    assert_eq!(all["author"][0], json!({ "value": "Frank Herbert", "count": 2 }));
    assert_eq!(all["publisher"], json!([{ "value": "Ace", "count": 1 }]));
    assert_eq!(
        all["decade"],
        json!([{ "value": 1960, "count": 2 }, { "value": 1860, "count": 1 }, { "value": 1980, "count": 1 }])
    );
    let dune = facets("?q=dune&language=en").await;
    assert_eq!(dune["author"].as_array().unwrap().len(), 2);
    assert_eq!(facets("?q=dune&published_from=1966").await["decade"], json!([{ "value": 1960, "count": 1 }]));
    let nothing = json!({ "language": [], "author": [], "publisher": [], "decade": [] });
    assert_eq!(facets("?q=%25").await, nothing);
    for query in ["limit=1", "cursor=x", "offset=0", "total=true", "sort=title"] {
        let name = query.split('=').next().unwrap();
        let refused: Vec<(String, String)> =
            app.anonymous().get(&format!("/books/facets?{query}")).await.invalid();
        assert_eq!(refused[0].0, format!("/{name}"), "{query}");
    }
    let long: Value = app.anonymous().get(&format!("/books/facets?q={}", "x".repeat(200))).await.ok();
    assert_eq!(long, nothing);
}
