//! Random pairs of schemas: from one to the other and back by the statements that are written for the database of the run.
//!
//! `MODEL_PAIRS` says how many, `MODEL_SEED` which is the first. A pair that fails is shrunk before it is shown.

use std::collections::BTreeSet;

use sea_orm::DbBackend;
use sea_orm_migration_kit::{snapshot::Snapshot, tooling::diff::diff};

use super::generate::{Dice, Schema, Table, schema, statements};
use super::schemas::{catalog, connected, folded, followed, take, written};
use crate::database::Database;

/// What goes wrong on the way from one schema to the other and back.
async fn fault(from: &Schema, to: &Schema) -> Option<String> {
    let database = Database::empty().await;
    let backend = database.backend();
    let (old, new) = (folded(backend, &statements(from)), folded(backend, &statements(to)));
    let (_, up, down) = written(backend, &old, &new);
    let wanted = Database::empty().await;
    prepare(&database, from).await;
    prepare(&wanted, to).await;
    let (before, after) = (catalog(&database).await, catalog(&wanted).await);
    let db = connected(&database).await;
    let mut found = take(&db, &up).await.err().map(|error| format!("up: {error}"));
    if found.is_none() {
        found = disagrees(backend, "up", &old, &up, &new);
        let differences = after.differences(&catalog(&database).await);
        found = found
            .or_else(|| (!differences.is_empty()).then(|| format!("after up: {differences:#?}\n{up:#?}")));
    }
    if found.is_none() {
        found = take(&db, &down).await.err().map(|error| format!("down: {error}"));
        found = found.or_else(|| disagrees(backend, "down", &new, &down, &old));
        let differences = before.differences(&catalog(&database).await);
        found = found.or_else(|| {
            (!differences.is_empty()).then(|| format!("after down: {differences:#?}\n{down:#?}"))
        });
    }
    db.close().await.unwrap();
    found
}

fn disagrees(
    backend: DbBackend,
    way: &str,
    from: &Snapshot,
    steps: &[sea_orm_migration_kit::tooling::write::sql::Step],
    to: &Snapshot,
) -> Option<String> {
    let changes = diff(&followed(backend, from, steps), to);
    let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    (!changes.is_empty()).then(|| format!("check disagrees after {way}: {lines:#?}\n{steps:#?}"))
}

async fn prepare(database: &Database, schema: &Schema) {
    let db = connected(database).await;
    for sql in statements(schema) {
        sea_orm::ConnectionTrait::execute_unprepared(&db, &sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    db.close().await.unwrap();
}

/// The schemas with one part less each: a table, an index, a constraint or a column that nothing names.
fn smaller(schema: &Schema) -> Vec<Schema> {
    let mut all = Vec::new();
    for (at, table) in schema.iter().enumerate() {
        let referred = |other: &Table| {
            other
                .constraints
                .iter()
                .any(|constraint| constraint.contains(&format!("REFERENCES {} ", table.name)))
        };
        if !schema.iter().any(|other| other != table && referred(other)) {
            let mut less = schema.clone();
            less.remove(at);
            all.push(less);
        }
        let mut with = |change: &dyn Fn(&mut Table)| {
            let mut less = schema.clone();
            change(&mut less[at]);
            all.push(less);
        };
        (0..table.others.len()).for_each(|other| with(&|table| drop(table.others.remove(other))));
        (0..table.constraints.len())
            .for_each(|constraint| with(&|table| drop(table.constraints.remove(constraint))));
        let texts: Vec<&String> = table
            .constraints
            .iter()
            .chain(&table.others)
            .chain(table.columns.iter().map(|(_, text)| text))
            .collect();
        for (column, (name, _)) in table.columns.iter().enumerate().skip(1) {
            let words: BTreeSet<&str> =
                texts.iter().flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric())).collect();
            if !words.contains(name.as_str()) {
                with(&|table| drop(table.columns.remove(column)));
            }
        }
    }
    all
}

async fn shrink(mut from: Schema, mut to: Schema, mut said: String) -> (Schema, Schema, String) {
    loop {
        let mut found = None;
        let pairs = smaller(&from)
            .into_iter()
            .map(|less| (less, to.clone()))
            .chain(smaller(&to).into_iter().map(|less| (from.clone(), less)));
        for (less, other) in pairs {
            if let Some(fault) = fault(&less, &other).await {
                found = Some((less, other, fault));
                break;
            }
        }
        match found {
            Some((less, other, fault)) => (from, to, said) = (less, other, fault),
            None => return (from, to, said),
        }
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
async fn random_schemas_become_each_other() {
    let number =
        |name: &str, usual: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (pairs, seed) = (number("MODEL_PAIRS", 12), number("MODEL_SEED", 1));
    let backend = Database::empty().await.backend();
    for seed in seed..seed + pairs {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (from, to) = (schema(backend, &mut dice), schema(backend, &mut dice));
        if let Some(said) = fault(&from, &to).await {
            let (from, to, said) = shrink(from, to, said).await;
            panic!("seed {seed}: from {:#?} to {:#?}: {said}", statements(&from), statements(&to));
        }
    }
}
