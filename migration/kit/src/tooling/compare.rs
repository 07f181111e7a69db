//! Compares the schema of the entities with the schema of the migrations, without a database.

use std::{collections::BTreeMap, marker::PhantomData};

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{DbBackend, DbErr, Statement},
};

use super::{
    diff::{Change, diff},
    entities,
    merge::{Unspecified, merge},
    refine,
    write::Rename,
};
use crate::{
    pattern::matches,
    run::recorder,
    snapshot::{Snapshot, fold::fold},
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
    /// several columns; or a DROP of an object that an unspecified entity would keep. They are asked for in the dialect
    /// in which schemas are compared: that of PostgreSQL if it is among the databases, or else of MariaDB, or SQLite.
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
    /// The databases of the project. The first one is that in whose dialect the schemas are.
    pub databases: Vec<DbBackend>,
    /// The options that most tables of the project have on MariaDB, which new ones get, too.
    pub table_options: Vec<String>,
    /// The schema that the migrations make, with the renames done.
    pub from: Snapshot,
    /// The schema of the entities.
    pub to: Snapshot,
    /// Renamed tables, columns and values of enums.
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

/// The databases of a project, that in whose dialect schemas are compared first.
fn databases<M>(project: &Project<M>) -> Vec<DbBackend> {
    let known = [DbBackend::Postgres, DbBackend::MySql, DbBackend::Sqlite];
    let own: Vec<DbBackend> = known.into_iter().filter(|known| project.databases.contains(known)).collect();
    if own.is_empty() { known.to_vec() } else { own }
}

/// Compares the entities of a project with its migrations.
///
/// # Errors
/// [`DbErr::Custom`] if no entity is found, a database of the project cannot hold a column of one, or a rename has no
/// source or its target exists.
pub async fn compare<M: MigratorTrait>(
    project: &Project<M>,
    options: &CompareOptions,
) -> Result<Comparison, DbErr> {
    let databases = databases(project);
    let lead = databases[0];
    let (mut from, on_mariadb, unknown) = migrations::<M>(&databases).await;
    from.drop_null_defaults();
    let hints = (project.hints)(lead);
    let (gone, asked): (Vec<Statement>, Vec<Statement>) = hints.into_iter().partition(is_drop);
    let (entities, declared) = asked_for(project, &databases, asked).await?;

    let renames = renames(options, &declared, &from)?;
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
    let mut to = merge(lead, &from, &entities, options.unspecified, &is_ignored);
    for statement in gone {
        to.apply(lead, &statement.sql);
    }
    to.settle();
    let table_options = usual_options(on_mariadb.as_ref());
    if lead == DbBackend::MySql {
        let new = to.tables.values_mut().filter(|table| from.table(&table.name).is_none());
        new.filter(|table| table.options.is_empty())
            .for_each(|table| table.options.clone_from(&table_options));
    }
    let changes = diff(&from, &to);
    let unread = from.unread.iter().chain(&entities.unread).chain(&to.unread).cloned().collect();
    Ok(Comparison { databases, table_options, from, to, renames, changes, unread, unknown })
}

/// The schema of the migrations, what MariaDB has of it if it is among the databases, and the doubts about migrations
/// whose statements are not all known.
async fn migrations<M: MigratorTrait>(
    databases: &[DbBackend],
) -> (Snapshot, Option<Snapshot>, BTreeMap<String, String>) {
    let schema = async |backend| {
        let ups = recorder::ups::<M>(backend).await;
        (fold(backend, ups.iter().flat_map(|up| &up.statements)), recorder::doubts(&ups))
    };
    let (mut lead, doubts) = schema(databases[0]).await;
    let mariadb = match databases {
        [DbBackend::MySql, ..] => Some(lead.clone()),
        databases if databases.contains(&DbBackend::MySql) => Some(schema(DbBackend::MySql).await.0),
        _ => None,
    };
    if databases[0] != DbBackend::MySql
        && let Some(mariadb) = &mariadb
    {
        refine::with_mariadb(&mut lead, mariadb, true);
    }
    (lead, mariadb, doubts)
}

/// The schema of the entities and of the hints, and the renames that entities declare.
async fn asked_for<M>(
    project: &Project<M>,
    databases: &[DbBackend],
    hints: Vec<Statement>,
) -> Result<(Snapshot, Vec<Rename>), DbErr> {
    let lead = databases[0];
    let mut statements = entities::statements(project, lead).await?;
    if statements.is_empty() {
        let entities = project.entities.join(", ");
        return Err(DbErr::Custom(format!(
            "no entity is registered in {entities}: link their crates by `use … as _`"
        )));
    }
    for other in databases.iter().filter(|other| **other != lead) {
        entities::statements(project, *other).await?;
    }
    // Comments are in the dialect of MariaDB only, also those by which SeaORM keeps `renamed_from`.
    let on_mariadb = entities::possible(project, DbBackend::MySql).await?;
    let declared = refine::renames(&on_mariadb);
    statements.extend(hints);
    let mut schema = fold(lead, &statements);
    if lead == DbBackend::MySql {
        let on_sqlite = entities::possible(project, DbBackend::Sqlite).await?;
        refine::with_sqlite(&mut schema, &fold(DbBackend::Sqlite, &on_sqlite));
    } else {
        let unsigned = databases.contains(&DbBackend::MySql);
        refine::with_mariadb(&mut schema, &fold(DbBackend::MySql, &on_mariadb), unsigned);
    }
    refine::without_renames(&mut schema);
    if databases == [DbBackend::Sqlite] {
        refine::without_comments(&mut schema);
    }
    Ok((schema, declared))
}

/// The options that most tables of MariaDB have.
fn usual_options(mariadb: Option<&Snapshot>) -> Vec<String> {
    let mut counted: BTreeMap<&Vec<String>, usize> = BTreeMap::new();
    for table in mariadb.iter().flat_map(|schema| schema.tables.values()) {
        *counted.entry(&table.options).or_default() += 1;
    }
    let most = counted.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(options, _)| options.clone()).unwrap_or_default()
}

fn is_drop(hint: &Statement) -> bool {
    hint.sql.to_uppercase().split_whitespace().any(|word| word == "DROP")
}

/// The requested renames, and those that entities declare and the migrations lack.
fn renames(options: &CompareOptions, declared: &[Rename], from: &Snapshot) -> Result<Vec<Rename>, DbErr> {
    let mut schema = from.clone();
    let mut renames = Vec::new();
    for rename in &options.renames {
        let rename = rename.resolved(&schema);
        if !rename.has_source(&schema) {
            return Err(DbErr::Custom(format!("there is no {} to rename", rename.old())));
        }
        if rename.inverted().has_source(&schema) {
            return Err(DbErr::Custom(format!("there is a {} already", rename.new_name())));
        }
        rename.apply(&mut schema);
        renames.push(rename);
    }
    for rename in declared {
        if rename.has_source(&schema) && !rename.inverted().has_source(&schema) {
            rename.apply(&mut schema);
            renames.push(rename.clone());
        }
    }
    Ok(renames)
}
