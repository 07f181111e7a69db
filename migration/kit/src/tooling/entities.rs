//! The schema of the entities, in the SQL that SeaORM writes for each database.

use std::{
    any::Any,
    cell::Cell,
    collections::BTreeSet,
    future::{Future, poll_fn},
    panic::{self, AssertUnwindSafe},
    pin::pin,
    sync::Once,
};

use futures_util::FutureExt as _;
use sea_orm_migration::sea_orm::{DbBackend, DbErr, EntityRegistry, Schema, Statement};

use super::compare::Project;
use crate::{
    run::recorder,
    snapshot::{Column, Kind, Snapshot, fold::fold},
};

/// The statements that create the tables of the entities.
///
/// # Errors
/// [`DbErr::Custom`] if the database cannot do what a column asks, with the table and the column.
pub(super) async fn statements<M>(project: &Project<M>, backend: DbBackend) -> Result<Vec<Statement>, DbErr> {
    let mut statements = Vec::new();
    for prefix in project.entities {
        match rendered(prefix, backend).await? {
            Ok(rendered) => statements.extend(rendered),
            Err(message) => return Err(DbErr::Custom(reason(prefix, backend, &message).await)),
        }
    }
    let schema = fold(backend, &statements);
    for table in schema.tables.values() {
        if table.schema.is_some() && backend == DbBackend::Sqlite {
            return Err(DbErr::Custom(format!("table {}: SQLite has no schemas", table.name)));
        }
        // What SeaORM writes for a kind that MariaDB does not have, instead of a panic.
        if let Some(column) =
            table.columns.iter().find(|column| column.kind == Kind::Other("unsupported".to_owned()))
        {
            let (table, column) = (&table.name, &column.name);
            return Err(DbErr::Custom(format!(
                "column {table}.{column}: {} has no intervals",
                name(backend)
            )));
        }
    }
    Ok(statements)
}

/// The statements for those entities that the database can hold.
///
/// # Errors
/// [`DbErr`] if SeaORM cannot build a statement.
pub(super) async fn possible<M>(project: &Project<M>, backend: DbBackend) -> Result<Vec<Statement>, DbErr> {
    let mut statements: Vec<Statement> = Vec::new();
    for prefix in project.entities {
        if let Ok(rendered) = rendered(prefix, backend).await? {
            statements.extend(rendered);
            continue;
        }
        for module in modules(prefix) {
            // The path of one module may begin that of another, so both are rendered with it.
            let rendered = rendered(module, backend).await?.unwrap_or_default();
            statements
                .extend(rendered.into_iter().filter(|new| !statements.contains(new)).collect::<Vec<_>>());
        }
    }
    Ok(statements)
}

/// The name of a database for people.
pub(super) fn name(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::MySql => "MariaDB",
        DbBackend::Sqlite => "SQLite",
        _ => "PostgreSQL",
    }
}

/// The modules of registered entities below a path, as SeaORM selects them.
fn modules(prefix: &str) -> BTreeSet<&'static str> {
    let prefix = prefix.trim_end_matches('*');
    let prefix = if prefix.contains("::") { prefix.to_owned() } else { format!("{prefix}::") };
    let prefix = match prefix.split_once("::") {
        Some((name, rest)) => format!("{}::{rest}", name.replace('-', "_")),
        None => prefix,
    };
    let registered = inventory::iter::<EntityRegistry>().map(|entity| entity.module_path);
    registered.filter(|path| path.starts_with(&prefix)).collect()
}

/// The statements of the entities below a path, or the words of the query builder, which panics if the database lacks a
/// feature.
async fn rendered(prefix: &str, backend: DbBackend) -> Result<Result<Vec<Statement>, String>, DbErr> {
    let rendering = async {
        recorder::entities(EntityRegistry::build_schema(Schema::new(backend), prefix), backend).await
    };
    match quietly(AssertUnwindSafe(rendering).catch_unwind()).await {
        Ok(statements) => statements.map(Ok),
        Err(panic) => Ok(Err(message(panic.as_ref()))),
    }
}

/// Why the entities below a path cannot be tables of a database, with the table and the column.
async fn reason(prefix: &str, backend: DbBackend, message: &str) -> String {
    let mut culprit = None;
    for module in modules(prefix) {
        if matches!(rendered(module, backend).await, Ok(Err(_))) {
            culprit = Some(module);
        }
    }
    let Some(module) = culprit else { return format!("{prefix} on {}: {message}", name(backend)) };
    let others = [DbBackend::Postgres, DbBackend::MySql, DbBackend::Sqlite];
    for other in others.into_iter().filter(|other| *other != backend) {
        let Ok(Ok(statements)) = rendered(module, other).await else { continue };
        let schema = fold(other, &statements);
        if let Some(found) = impossible(&schema, backend) {
            return found;
        }
    }
    format!("entity {module} on {}: {message}", name(backend))
}

/// The first column of a schema that a database cannot hold.
fn impossible(schema: &Snapshot, backend: DbBackend) -> Option<String> {
    let columns =
        schema.tables.values().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    columns.into_iter().find_map(|(table, column)| {
        let lacks = lack(column, backend)?;
        Some(format!("column {}.{}: {} {lacks}", table.name, column.name, name(backend)))
    })
}

/// What a database lacks for a column, if it does.
fn lack(column: &Column, backend: DbBackend) -> Option<String> {
    let kind = &column.kind;
    if backend == DbBackend::Postgres {
        return match kind {
            Kind::Unsigned(_) | Kind::TinyInteger if column.auto_increment => {
                Some(format!("cannot count a key of type {kind}"))
            }
            Kind::Other(other) if other == "year" => Some("has no type year".to_owned()),
            _ => None,
        };
    }
    let Kind::Other(other) = kind else { return None };
    let word = other.split([' ', '(']).next().unwrap_or_default();
    let everywhere = ["inet", "cidr", "macaddr", "ltree", "vector"].contains(&word);
    let in_sqlite = ["interval", "bit", "varbit", "year"].contains(&word) && backend == DbBackend::Sqlite;
    if other.ends_with("[]") {
        Some(format!("has no arrays such as {other}"))
    } else {
        (everywhere || in_sqlite).then(|| format!("has no type {word}"))
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}

thread_local! {
    /// Whether a panic of this thread is caught and told in other words.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Polls a future whose panics are caught, without their report on standard error.
async fn quietly<F: Future>(future: F) -> F::Output {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    let mut future = pin!(future);
    poll_fn(|context| {
        QUIET.set(true);
        let polled = future.as_mut().poll(context);
        QUIET.set(false);
        polled
    })
    .await
}
