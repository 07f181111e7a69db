//! FTS5 index of SQLite without a copy of the texts. FTS5 identifies rows by number, but the row numbers of `books` do
//! not survive VACUUM, so `_books_search` assigns one to each book.

use super::{COLUMNS, plain};

pub(super) fn up() -> Vec<String> {
    let columns = COLUMNS.join(", ");
    let mut statements = vec![
        "CREATE TABLE _books_search (number integer NOT NULL PRIMARY KEY, id uuid_text NOT NULL UNIQUE)"
            .to_owned(),
        format!(
            "CREATE VIRTUAL TABLE _books_words USING fts5 ({columns}, content='', \
             tokenize='unicode61 remove_diacritics 2', prefix='2 3')"
        ),
        "INSERT INTO _books_search (id) SELECT id FROM books".to_owned(),
        format!(
            "INSERT INTO _books_words (rowid, {columns}) SELECT number, {} FROM books \
             JOIN _books_search ON _books_search.id = books.id",
            values("books")
        ),
    ];
    statements.extend(triggers(&columns));
    statements
}

pub(super) fn down() -> Vec<String> {
    [
        "DROP TRIGGER _books_search_delete",
        "DROP TRIGGER _books_search_update",
        "DROP TRIGGER _books_search_insert",
        "DROP TABLE _books_words",
        "DROP TABLE _books_search",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Triggers that maintain the index.
fn triggers(columns: &str) -> [String; 3] {
    let add = |row: &str| {
        format!(
            "INSERT INTO _books_words (rowid, {columns}) SELECT number, {} FROM _books_search WHERE id = {row}.id;",
            values(row)
        )
    };
    let remove = format!(
        "INSERT INTO _books_words (_books_words, rowid, {columns}) \
         SELECT 'delete', number, {} FROM _books_search WHERE id = OLD.id;",
        values("OLD")
    );
    [
        format!(
            "CREATE TRIGGER _books_search_insert AFTER INSERT ON books BEGIN \
             INSERT INTO _books_search (id) VALUES (NEW.id); {} END",
            add("NEW")
        ),
        format!(
            "CREATE TRIGGER _books_search_update AFTER UPDATE OF {columns} ON books BEGIN {remove} {} END",
            add("NEW")
        ),
        format!(
            "CREATE TRIGGER _books_search_delete AFTER DELETE ON books BEGIN {remove} \
             DELETE FROM _books_search WHERE id = OLD.id; END"
        ),
    ]
}

/// Indexed texts of a row.
fn values(row: &str) -> String {
    COLUMNS.map(|column| plain(&format!("coalesce({row}.{column}, '')"))).join(", ")
}
