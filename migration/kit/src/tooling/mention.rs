//! Triggers that name a renamed or dropped column: no database reports them, and they fail at the next write.

use std::collections::BTreeSet;

use sea_orm_migration::MigratorTrait;

use super::{
    compare::{Comparison, Project},
    diff::{Change, TableChange},
    write::Rename,
};
use crate::run::recorder;

/// A trigger or a function.
#[derive(Debug)]
struct Made {
    name: String,
    /// The table of a trigger; functions have none.
    table: Option<String>,
    words: BTreeSet<String>,
}

/// The triggers of the migrations that name a column which a comparison renames or drops, one line for each.
pub async fn find<M: MigratorTrait>(project: &Project<M>, comparison: &Comparison) -> BTreeSet<String> {
    let gone = gone(comparison);
    let mut found = BTreeSet::new();
    for backend in project.databases.iter().filter(|_| !gone.is_empty()) {
        let mut made = Vec::new();
        for statement in recorder::ups::<M>(*backend).await.iter().flat_map(|up| &up.statements) {
            follow(&mut made, &statement.sql);
        }
        for (table, column) in &gone {
            let triggers = naming(&made, table, column);
            found.extend(triggers.map(|name| format!("the trigger {name} on {table} names {column}")));
        }
    }
    found
}

/// The columns that lose their names, with the former names of their tables.
fn gone(comparison: &Comparison) -> Vec<(String, String)> {
    let old = |table: &String| {
        let renamed = comparison.renames.iter().find_map(|rename| match rename {
            Rename::Table { from, to } if to == table => Some(from),
            Rename::Table { .. } | Rename::Column { .. } | Rename::Value { .. } => None,
        });
        renamed.unwrap_or(table).clone()
    };
    let renamed = comparison.renames.iter().filter_map(|rename| match rename {
        Rename::Column { table, from, .. } => Some((old(table), from.clone())),
        Rename::Table { .. } | Rename::Value { .. } => None,
    });
    let steps = comparison.changes.iter().flat_map(|change| match change {
        Change::Alter { from, steps, .. } => steps.iter().map(|step| (&from.name, step)).collect(),
        _ => Vec::new(),
    });
    let dropped = steps.filter_map(|(table, step)| match step {
        TableChange::DropColumn(column) => Some((old(table), column.name.clone())),
        _ => None,
    });
    renamed.chain(dropped).collect()
}

/// The triggers on `table` that name `column`, themselves or in a function that they call.
fn naming<'m>(made: &'m [Made], table: &'m str, column: &'m str) -> impl Iterator<Item = &'m str> {
    made.iter().filter(move |trigger| trigger.table.as_deref() == Some(table)).filter_map(move |trigger| {
        let called = made.iter().filter(|other| other.table.is_none() && trigger.words.contains(&other.name));
        let names = called.chain([trigger]).any(|each| each.words.contains(column));
        names.then_some(trigger.name.as_str())
    })
}

/// Follows triggers and functions that are created and dropped.
fn follow(made: &mut Vec<Made>, sql: &str) {
    let all = sql.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let skipped = ["or", "replace", "constraint", "if", "not", "exists"];
    let mut words = all.clone().filter(|word| !skipped.contains(&word.to_lowercase().as_str()));
    let mut next = || words.next().map(str::to_lowercase).unwrap_or_default();
    let (verb, kind) = (next(), next());
    let Some(name) = words.next() else { return };
    match (verb.as_str(), kind.as_str()) {
        ("create", "trigger" | "function") => {
            let on = words.skip_while(|word| !word.eq_ignore_ascii_case("on")).nth(1);
            let table = on.filter(|_| kind == "trigger").map(str::to_owned);
            let words = all.map(str::to_owned).collect();
            made.push(Made { name: name.to_owned(), table, words });
        }
        ("drop", "trigger") => made.retain(|it| it.table.is_none() || it.name != name),
        ("drop", "function") => made.retain(|it| it.table.is_some() || it.name != name),
        ("drop", "table") => made.retain(|it| it.table.as_deref() != Some(name)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_is_found_by_its_own_words_and_by_those_of_its_function() {
        let mut made = Vec::new();
        for sql in [
            "CREATE OR REPLACE FUNCTION noted() RETURNS trigger AS $$ INSERT INTO notes VALUES (NEW.\"title\") $$",
            "CREATE TRIGGER note AFTER UPDATE OF isbn ON books FOR EACH ROW EXECUTE FUNCTION noted()",
            "CREATE TRIGGER IF NOT EXISTS other AFTER INSERT ON `shelves` BEGIN SELECT NEW.title; END",
        ] {
            follow(&mut made, sql);
        }
        let found = |made: &[Made], column: &str| {
            naming(made, "books", column).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(found(&made, "title"), ["note"]);
        assert_eq!(found(&made, "isbn"), ["note"]);
        assert!(found(&made, "cover_url").is_empty());
        follow(&mut made, "DROP TRIGGER IF EXISTS note ON books");
        assert!(found(&made, "title").is_empty());
    }
}
