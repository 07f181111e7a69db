//! Text search of PostgreSQL, without a language: the catalogue has books in all of them.

use super::{COLUMNS, plain};

/// What stands between words, beside spaces: the parser would take dots for hosts, slashes for paths, and hyphens for
/// signs.
const BETWEEN: &str = "!\"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~¡«·»¿‐‑–—‘’‚“”„…、。「」『』";

/// The weight of each column.
const WEIGHTS: [char; 6] = ['A', 'B', 'B', 'B', 'C', 'D'];

pub(super) fn up() -> Vec<String> {
    let marks = "regexp_replace(normalize($1, NFKD), '[\\u0300-\\u036F]', '', 'g')";
    let words = format!("translate(lower({}), '{BETWEEN}', repeat(' ', length('{BETWEEN}')))", plain(marks));
    let document = |row: &str| {
        let weighted = COLUMNS.iter().zip(WEIGHTS).map(|(column, weight)| {
            format!(
                "setweight(to_tsvector('simple', _books_words(coalesce({row}.{column}, ''))), '{weight}')"
            )
        });
        weighted.collect::<Vec<_>>().join(" || ")
    };
    let row = |row: &str| format!("{row}.id, left(_books_words({row}.title), 100), {}", document(row));
    vec![
        format!(
            "CREATE FUNCTION _books_words(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE \
             RETURN btrim(regexp_replace({words}, '\\s+', ' ', 'g'))"
        ),
        "CREATE TABLE _books_search (id uuid PRIMARY KEY REFERENCES books ON DELETE CASCADE, \
         title varchar(100) COLLATE \"C\" NOT NULL, document tsvector NOT NULL)"
            .to_owned(),
        format!("INSERT INTO _books_search SELECT {} FROM books", row("books")),
        "CREATE INDEX \"idx-_books_search-document\" ON _books_search USING gin (document)".to_owned(),
        "CREATE INDEX \"idx-_books_search-title\" ON _books_search (title)".to_owned(),
        format!(
            "CREATE FUNCTION _books_search_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO _books_search SELECT {} ON CONFLICT (id) DO UPDATE \
             SET title = excluded.title, document = excluded.document; RETURN NULL; END $$",
            row("NEW")
        ),
        "CREATE TRIGGER _books_search_insert AFTER INSERT ON books \
         FOR EACH ROW EXECUTE FUNCTION _books_search_write()"
            .to_owned(),
        format!(
            "CREATE TRIGGER _books_search_update AFTER UPDATE OF {} ON books \
             FOR EACH ROW EXECUTE FUNCTION _books_search_write()",
            COLUMNS.join(", ")
        ),
    ]
}

pub(super) fn down() -> Vec<String> {
    [
        "DROP TRIGGER _books_search_update ON books",
        "DROP TRIGGER _books_search_insert ON books",
        "DROP FUNCTION _books_search_write()",
        "DROP TABLE _books_search",
        "DROP FUNCTION _books_words(text)",
    ]
    .map(str::to_owned)
    .to_vec()
}
