//! What a rebuild reads of a table of SQLite: its statement, and the indexes and triggers to create again.

use super::{Row, Snapshot, texts::Texts};
use crate::snapshot::Index;

/// A trigger, in the words it was created with.
#[derive(Debug)]
pub(super) struct Trigger {
    name: String,
    table: String,
    sql: String,
}

/// Follows triggers that are created and dropped.
pub(super) fn follow(triggers: &mut Vec<Trigger>, sql: &str) {
    let words: Vec<&str> = sql.split_whitespace().collect();
    let name_after = |word: &str| {
        let at = words.iter().position(|other| other.eq_ignore_ascii_case(word))?;
        let skipped = ["if", "not", "exists"];
        words[at + 1..]
            .iter()
            .find(|word| !skipped.contains(&word.to_lowercase().as_str()))
            .map(|name| bare(name))
    };
    let is = |at: usize, word: &str| words.get(at).is_some_and(|other| other.eq_ignore_ascii_case(word));
    if is(0, "create") && (is(1, "trigger") || is(2, "trigger")) {
        if let (Some(name), Some(table)) = (name_after("trigger"), name_after("on")) {
            triggers.push(Trigger { name, table, sql: sql.to_owned() });
        }
    } else if is(0, "drop") && is(1, "trigger") {
        let name = name_after("trigger");
        triggers.retain(|trigger| Some(&trigger.name) != name.as_ref());
    } else if is(0, "drop") && is(1, "table") {
        let table = name_after("table");
        triggers.retain(|trigger| Some(&trigger.table) != table.as_ref());
    }
}

/// The rows of `sqlite_master` that a query selects for `table`: its statement, or those of its indexes and triggers.
/// Views are not known.
pub(super) fn objects(
    schema: &Snapshot,
    texts: &Texts,
    triggers: &[Trigger],
    query: &str,
    table: &str,
) -> Vec<Row> {
    let statements = if query.contains("'view'") {
        Vec::new()
    } else if query.contains("'table'") {
        texts.table(table).into_iter().collect()
    } else {
        attached(schema, texts, triggers, table)
    };
    statements.into_iter().map(|sql| Row::from([("sql".to_owned(), sql.into())])).collect()
}

fn attached(schema: &Snapshot, texts: &Texts, triggers: &[Trigger], table: &str) -> Vec<String> {
    let indexes =
        schema.table(table).into_iter().flat_map(|of| &of.indexes).filter(|index| !index.constraint);
    let indexes = indexes.map(|index| {
        let written = texts.index(&index.name_on(table));
        written.map_or_else(|| create(index, table), str::to_owned)
    });
    let triggers = triggers.iter().filter(|trigger| trigger.table == table);
    indexes.chain(triggers.map(|trigger| trigger.sql.clone())).collect()
}

fn create(index: &Index, table: &str) -> String {
    let parts: Vec<String> = index
        .parts
        .iter()
        .map(|part| {
            let key = if part.expression { part.key.clone() } else { format!("\"{}\"", part.key) };
            if part.descending { format!("{key} DESC") } else { key }
        })
        .collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let predicate =
        index.predicate.as_ref().map(|predicate| format!(" WHERE {predicate}")).unwrap_or_default();
    format!(
        "CREATE {unique}INDEX \"{}\" ON \"{table}\" ({}){predicate}",
        index.name_on(table),
        parts.join(", ")
    )
}

/// A name without its quotes, and without the rest of the word.
fn bare(word: &str) -> String {
    let end = word.find('(').unwrap_or(word.len());
    word[..end].trim_matches(['"', '`', ';']).to_owned()
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::{DbBackend, Value};

    use super::*;

    #[test]
    fn what_hangs_on_a_table_is_made_again_as_it_was() {
        let mut schema = Snapshot::default();
        let index = r#"CREATE UNIQUE INDEX "idx-parcels-code" ON "parcels" ("code" DESC) WHERE "code" <> ''"#;
        schema.apply(DbBackend::Sqlite, r#"CREATE TABLE "parcels" ("id" integer, "code" text)"#);
        schema.apply(DbBackend::Sqlite, index);
        let mut triggers = Vec::new();
        let trigger = r#"CREATE TRIGGER IF NOT EXISTS "noted" AFTER INSERT ON "parcels" BEGIN SELECT 1; END"#;
        follow(&mut triggers, trigger);
        let query = "SELECT sql FROM sqlite_master WHERE type IN ('index', 'trigger')";
        let mut texts = Texts::default();
        let rows = objects(&schema, &texts, &triggers, query, "parcels");
        let made: Vec<Value> = rows.into_iter().map(|row| row["sql"].clone()).collect();
        assert_eq!(made, [index.into(), trigger.into()]);
        let collated = r#"CREATE INDEX "idx-parcels-code" ON parcels (code COLLATE NOCASE)"#;
        texts.follow(DbBackend::Sqlite, collated);
        let rows = objects(&schema, &texts, &triggers, query, "parcels");
        assert_eq!(rows[0]["sql"], collated.into());
        follow(&mut triggers, "DROP TRIGGER noted");
        assert!(triggers.is_empty());
    }
}
