//! Text search of PostgreSQL without a language, since the catalogue has books in many.

use super::{COLUMNS, plain};

/// Characters that separate words, but that the parser would read as parts of hosts, paths, signs or markup.
const BETWEEN: &str = "-+./@:<&_~\\";

/// Weight of each column.
const WEIGHTS: [char; 6] = ['A', 'B', 'B', 'B', 'C', 'D'];

pub(super) fn up() -> Vec<String> {
    let marks = "regexp_replace(normalize($1, NFKD), '[\\u0300-\\u036F]', '', 'g')";
    // Most texts are ASCII, which has no marks.
    let plain = format!("CASE WHEN octet_length($1) = length($1) THEN $1 ELSE {} END", plain(marks));
    vec![
        format!(
            "CREATE FUNCTION _books_words(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE \
             RETURN translate({plain}, '{BETWEEN}', '{}')",
            " ".repeat(BETWEEN.len())
        ),
        // Without a foreign key, which would look up each book that was just written.
        "CREATE TABLE _books_search (id uuid PRIMARY KEY, title varchar(100) COLLATE \"C\" NOT NULL, \
         document tsvector NOT NULL)"
            .to_owned(),
        format!("INSERT INTO _books_search SELECT {} FROM books", row("books")),
        "CREATE INDEX \"idx-_books_search-document\" ON _books_search USING gin (document)".to_owned(),
        "CREATE INDEX \"idx-_books_search-title\" ON _books_search (title)".to_owned(),
        function("insert", &format!("INSERT INTO _books_search SELECT {} FROM new_books", row("new_books"))),
        function(
            "update",
            &format!(
                "UPDATE _books_search SET (id, title, document) = (SELECT {}) WHERE id = OLD.id",
                row("NEW")
            ),
        ),
        function("delete", "DELETE FROM _books_search WHERE id = OLD.id"),
        function("truncate", "TRUNCATE _books_search"),
        "CREATE TRIGGER _books_search_insert AFTER INSERT ON books REFERENCING NEW TABLE AS new_books \
         FOR EACH STATEMENT EXECUTE FUNCTION _books_search_insert()"
            .to_owned(),
        format!(
            "CREATE TRIGGER _books_search_update AFTER UPDATE OF {} ON books \
             FOR EACH ROW EXECUTE FUNCTION _books_search_update()",
            COLUMNS.join(", ")
        ),
        "CREATE TRIGGER _books_search_delete AFTER DELETE ON books \
         FOR EACH ROW EXECUTE FUNCTION _books_search_delete()"
            .to_owned(),
        "CREATE TRIGGER _books_search_truncate AFTER TRUNCATE ON books \
         FOR EACH STATEMENT EXECUTE FUNCTION _books_search_truncate()"
            .to_owned(),
    ]
}

pub(super) fn down() -> Vec<String> {
    [
        "DROP TRIGGER _books_search_truncate ON books",
        "DROP TRIGGER _books_search_delete ON books",
        "DROP TRIGGER _books_search_update ON books",
        "DROP TRIGGER _books_search_insert ON books",
        "DROP FUNCTION _books_search_truncate()",
        "DROP FUNCTION _books_search_delete()",
        "DROP FUNCTION _books_search_update()",
        "DROP FUNCTION _books_search_insert()",
        "DROP TABLE _books_search",
        "DROP FUNCTION _books_words(text)",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Index entry of a row of books.
fn row(books: &str) -> String {
    let weighted = COLUMNS.iter().zip(WEIGHTS).map(|(column, weight)| {
        format!("coalesce(setweight(to_tsvector('simple', _books_words({books}.{column})), '{weight}'), '')")
    });
    let document = weighted.collect::<Vec<_>>().join(" || ");
    let title = format!(
        "left(btrim(regexp_replace(lower(_books_words({books}.title)), '[^[:alnum:]]+', ' ', 'g')), 100)"
    );
    format!("{books}.id, {title}, {document}")
}

fn function(event: &str, statement: &str) -> String {
    format!(
        "CREATE FUNCTION _books_search_{event}() RETURNS trigger LANGUAGE plpgsql \
         AS $$ BEGIN {statement}; RETURN NULL; END $$"
    )
}
