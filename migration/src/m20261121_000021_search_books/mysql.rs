//! FULLTEXT index of MariaDB and MySQL. InnoDB skips words of less than three letters and English stop words, so each
//! indexed word has the prefix `zz`.

use super::{COLUMNS, plain};

pub(super) fn up() -> Vec<String> {
    let words = |text: &str| {
        format!(
            "TRIM(REGEXP_REPLACE(CONCAT(' ', {}), '[^\\\\p{{L}}\\\\p{{M}}\\\\p{{N}}]+', ' zz'))",
            plain(text)
        )
    };
    let row = |row: &str| {
        let all = COLUMNS.map(|column| format!("{row}.{column}")).join(", ");
        format!(
            "{row}.id, LEFT({}, 100), {}",
            words(&format!("{row}.title")),
            words(&format!("CONCAT_WS(' ', {all})"))
        )
    };
    let write = format!(
        "FOR EACH ROW INSERT INTO _books_search (id, title, words) SELECT {} \
         ON DUPLICATE KEY UPDATE title = VALUES(title), words = VALUES(words)",
        row("NEW")
    );
    vec![
        "CREATE TABLE _books_search (id binary(16) NOT NULL PRIMARY KEY, title varchar(100) NOT NULL, \
         words mediumtext NOT NULL, INDEX `idx-_books_search-title` (title), \
         FULLTEXT INDEX `idx-_books_search-words` (words), \
         CONSTRAINT `fk-_books_search-id` FOREIGN KEY (id) REFERENCES books (id) ON DELETE CASCADE) \
         ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci"
            .to_owned(),
        format!("INSERT INTO _books_search (id, title, words) SELECT {} FROM books", row("books")),
        format!("CREATE TRIGGER _books_search_insert AFTER INSERT ON books {write}"),
        format!("CREATE TRIGGER _books_search_update AFTER UPDATE ON books {write}"),
    ]
}

pub(super) fn down() -> Vec<String> {
    ["DROP TRIGGER _books_search_update", "DROP TRIGGER _books_search_insert", "DROP TABLE _books_search"]
        .map(str::to_owned)
        .to_vec()
}
