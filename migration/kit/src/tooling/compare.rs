//! Compares what the entities ask for with what the migrations make, with no database at hand.

use std::marker::PhantomData;

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{DbBackend, DbErr, EntityRegistry, Schema, Statement},
};
use sqlparser::ast;

use super::{
    diff::{Change, diff},
    merge::{Unspecified, merge},
    pattern::matches,
    write::Rename,
};
use crate::{
    run::recorder,
    snapshot::{
        Snapshot,
        fold::{fold, last, parse},
    },
};

/// The project whose migrations these are.
#[derive(Debug, Clone)]
pub struct Project<M> {
    /// The modules of the entities, such as `entity::*`. Their crates must be linked: `use entity as _`.
    pub entities: &'static [&'static str],
    /// The folder of the migrations' crate.
    pub folder: &'static str,
    /// Tables of other programs in the same database; a `*` stands for anything.
    pub ignored_tables: &'static [&'static str],
    /// What entities have no words for: composite and partial indexes, checks over several columns; or, as a DROP, what
    /// is to go although an entity that is silent would keep it.
    pub hints: fn(DbBackend) -> Vec<Statement>,
    /// The databases that the migrations are for.
    pub databases: &'static [DbBackend],
    /// The migrations.
    pub migrator: PhantomData<M>,
}

/// What may be said of a comparison from outside.
#[derive(Debug, Clone)]
pub struct CompareOptions {
    /// What has another name now, beside what entities say by `renamed_from`.
    pub renames: Vec<Rename>,
    /// Tables that are left alone, beside those of the project; a `*` stands for anything.
    pub excluded: Vec<String>,
    /// How to read what entities do not say.
    pub unspecified: Unspecified,
}

/// What the entities ask for and the migrations do not make.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The schema that the migrations make, with the renames done.
    pub from: Snapshot,
    /// The schema that the entities ask for.
    pub to: Snapshot,
    /// What has another name now.
    pub renames: Vec<Rename>,
    /// What leads from one to the other.
    pub changes: Vec<Change>,
    /// Statements of migrations that could not be read, whose outcome is not part of the comparison.
    pub unread: Vec<String>,
}

impl Comparison {
    /// Whether entities and migrations agree.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.changes.is_empty() && self.renames.is_empty()
    }
}

/// Compares the entities of a project with its migrations.
///
/// # Errors
/// What a migration itself fails with; [`DbErr::Custom`] where no entity is found, a name that is to be renamed is not
/// there, or the new name is.
pub async fn compare<M: MigratorTrait>(
    project: &Project<M>,
    options: &CompareOptions,
) -> Result<Comparison, DbErr> {
    let migrations = recorder::ups::<M>(DbBackend::Postgres).await?;
    let mut from = fold(DbBackend::Postgres, migrations.iter().flat_map(|migration| &migration.statements));
    from.drop_null_defaults();
    let hints = (project.hints)(DbBackend::Postgres);
    let (gone, asked): (Vec<Statement>, Vec<Statement>) = hints.into_iter().partition(is_drop);
    let mut statements = entities(project, DbBackend::Postgres).await?;
    if statements.is_empty() {
        let entities = project.entities.join(", ");
        return Err(DbErr::Custom(format!(
            "no entity is found in {entities}: are their crates linked (`use … as _`)?"
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
    Ok(Comparison { from, to, renames, changes, unread })
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

/// The renames that were asked for, and those that entities speak of and that are still to be done.
async fn renames<M>(
    project: &Project<M>,
    options: &CompareOptions,
    from: &Snapshot,
) -> Result<Vec<Rename>, DbErr> {
    let mut schema = from.clone();
    let mut renames = Vec::new();
    for rename in &options.renames {
        let there = match rename {
            Rename::Table { from, .. } => schema.table(from).is_some(),
            Rename::Column { table, from, .. } => {
                schema.table(table).is_some_and(|table| table.column(from).is_some())
            }
        };
        if !there {
            return Err(DbErr::Custom(format!("there is no {} to be renamed", rename.old())));
        }
        let taken = match rename {
            Rename::Table { to, .. } => schema.table(to).is_some(),
            Rename::Column { table, to, .. } => {
                schema.table(table).is_some_and(|table| table.column(to).is_some())
            }
        };
        if taken {
            return Err(DbErr::Custom(format!("there is a {} already", rename.new_name())));
        }
        rename.apply(&mut schema);
        renames.push(rename.clone());
    }
    // Only the dialect of MariaDB has words for the comment in which SeaORM keeps `renamed_from`.
    for statement in entities(project, DbBackend::MySql).await? {
        for rename in renamed_from(&statement.sql) {
            let Rename::Column { table, from, to } = &rename else { continue };
            let due =
                schema.table(table).is_some_and(|of| of.column(from).is_some() && of.column(to).is_none());
            if due {
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
