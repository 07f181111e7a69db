//! Compares the schema of the entities with the schema of the migrations, without a database.

use std::{collections::BTreeMap, marker::PhantomData};

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{DbBackend, DbErr, EntityRegistry, Schema, Statement},
};
use sqlparser::ast;

use super::{
    diff::{Change, diff},
    merge::{Unspecified, merge},
    write::Rename,
};
use crate::{
    pattern::matches,
    run::recorder,
    snapshot::{
        Snapshot,
        fold::{fold, last, parse},
    },
};

/// A project, as its command line declares it.
#[derive(Debug, Clone)]
pub struct Project<M> {
    /// The modules of the entities, such as `entity::*`. Their crates must be linked: `use entity as _`.
    pub entities: &'static [&'static str],
    /// The folder of the migration crate.
    pub folder: &'static str,
    /// Tables of other programs in the same database; `*` matches any characters.
    pub ignored_tables: &'static [&'static str],
    /// Statements for the parts of a schema that entities cannot express: composite and partial indexes, checks over
    /// several columns; or a DROP of an object that an unspecified entity would keep.
    pub hints: fn(DbBackend) -> Vec<Statement>,
    /// The databases that the migrations support.
    pub databases: &'static [DbBackend],
    /// The migrations.
    pub migrator: PhantomData<M>,
}

/// Options of a comparison.
#[derive(Debug, Clone)]
pub struct CompareOptions {
    /// Renames, in addition to those that entities declare by `renamed_from`.
    pub renames: Vec<Rename>,
    /// Tables to leave out, in addition to those of the project; `*` matches any characters.
    pub excluded: Vec<String>,
    /// Meaning of the parts that entities leave unspecified.
    pub unspecified: Unspecified,
}

/// Differences between entities and migrations.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The schema that the migrations make, with the renames done.
    pub from: Snapshot,
    /// The schema of the entities.
    pub to: Snapshot,
    /// Renamed tables and columns.
    pub renames: Vec<Rename>,
    /// Changes from one to the other.
    pub changes: Vec<Change>,
    /// Statements of migrations outside the parser's grammar, whose effects are not part of the comparison.
    pub unread: Vec<String>,
    /// Migrations whose statements are not known, or depend on rows, each with the reason.
    pub unknown: BTreeMap<String, String>,
}

impl Comparison {
    /// The differences, one line for each.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let renames = self.renames.iter().map(Rename::difference);
        renames.chain(self.changes.iter().flat_map(Change::differences)).collect()
    }

    /// Whether entities and migrations agree.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.changes.is_empty() && self.renames.is_empty()
    }
}

/// Compares the entities of a project with its migrations.
///
/// # Errors
/// [`DbErr::Custom`] if no entity is found, or a rename has no source or its target exists.
pub async fn compare<M: MigratorTrait>(
    project: &Project<M>,
    options: &CompareOptions,
) -> Result<Comparison, DbErr> {
    let migrations = recorder::ups::<M>(DbBackend::Postgres).await;
    let mut from = fold(DbBackend::Postgres, migrations.iter().flat_map(|migration| &migration.statements));
    from.drop_null_defaults();
    let hints = (project.hints)(DbBackend::Postgres);
    let (gone, asked): (Vec<Statement>, Vec<Statement>) = hints.into_iter().partition(is_drop);
    let mut statements = entities(project, DbBackend::Postgres).await?;
    if statements.is_empty() {
        let entities = project.entities.join(", ");
        return Err(DbErr::Custom(format!(
            "no entity is registered in {entities}: link their crates by `use … as _`"
        )));
    }
    statements.extend(asked);
    let entities = fold(DbBackend::Postgres, &statements);

    let renames = renames(project, options, &from).await?;
    for rename in &renames {
        rename.apply(&mut from);
    }
    let bookkeeping = M::migration_table_name().to_string();
    let is_ignored = |table: &str| {
        let mut patterns =
            project.ignored_tables.iter().copied().chain(options.excluded.iter().map(String::as_str));
        // Tables whose names begin with an underscore have no entities: `generate entity` skips them.
        let hidden = table == bookkeeping || table.starts_with('_');
        (hidden && entities.table(table).is_none()) || patterns.any(|pattern| matches(pattern, table))
    };
    let mut to = merge(&from, &entities, options.unspecified, &is_ignored);
    for statement in gone {
        to.apply(DbBackend::Postgres, &statement.sql);
    }
    let changes = diff(&from, &to);
    let unread = from.unread.iter().chain(&entities.unread).cloned().collect();
    Ok(Comparison { from, to, renames, changes, unread, unknown: recorder::doubts(&migrations) })
}

async fn entities<M>(project: &Project<M>, backend: DbBackend) -> Result<Vec<Statement>, DbErr> {
    let mut statements = Vec::new();
    for module in project.entities {
        let entities = EntityRegistry::build_schema(Schema::new(backend), module);
        statements.extend(recorder::entities(entities, backend).await?);
    }
    Ok(statements)
}

fn is_drop(hint: &Statement) -> bool {
    hint.sql.to_uppercase().split_whitespace().any(|word| word == "DROP")
}

/// The requested renames, and those that entities declare and the migrations lack.
async fn renames<M>(
    project: &Project<M>,
    options: &CompareOptions,
    from: &Snapshot,
) -> Result<Vec<Rename>, DbErr> {
    let mut schema = from.clone();
    let mut renames = Vec::new();
    for rename in &options.renames {
        if !rename.has_source(&schema) {
            return Err(DbErr::Custom(format!("there is no {} to rename", rename.old())));
        }
        if rename.inverted().has_source(&schema) {
            return Err(DbErr::Custom(format!("there is a {} already", rename.new_name())));
        }
        rename.apply(&mut schema);
        renames.push(rename.clone());
    }
    // SeaORM keeps `renamed_from` in a comment, which only the dialect of MariaDB includes.
    for statement in entities(project, DbBackend::MySql).await? {
        for rename in renamed_from(&statement.sql) {
            if rename.has_source(&schema) && !rename.inverted().has_source(&schema) {
                rename.apply(&mut schema);
                renames.push(rename);
            }
        }
    }
    Ok(renames)
}

fn renamed_from(sql: &str) -> Vec<Rename> {
    let mut renames = Vec::new();
    for statement in parse(DbBackend::MySql, sql).unwrap_or_default() {
        let ast::Statement::CreateTable(create) = statement else { continue };
        for column in create.columns {
            let comments = column.options.iter().filter_map(|option| match &option.option {
                ast::ColumnOption::Comment(comment) => Some(comment),
                _ => None,
            });
            for comment in comments {
                let old = comment.rsplit_once("renamed_from \"").and_then(|(_, rest)| rest.split_once('"'));
                if let Some((old, _)) = old {
                    let (table, to) = (last(&create.name), column.name.value.clone());
                    renames.push(Rename::Column { table, from: old.to_owned(), to });
                }
            }
        }
    }
    renames
}
