//! What a database has had applied, and what it lacks. Reads only: creates no table, and needs no more than the
//! right to read the bookkeeping.

use std::collections::HashMap;

use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    prelude::{Alias, Query},
    sea_orm::{
        ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, RuntimeErr,
        prelude::{ChronoDate, DateTimeUtc},
    },
};
use serde::Serialize;

use super::{checksum, record, script};
use crate::run;

mod print;

/// The migrations of a database and of this binary, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct History {
    /// One for each migration.
    pub entries: Vec<Entry>,
    /// Pending migrations that are older than an applied one: they will run after what was written later.
    pub out_of_order: Vec<String>,
    /// Why it is not known whether migrations were edited, if it is not.
    pub unchecked: Option<String>,
}

/// A migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The words of its name.
    pub description: String,
    /// The day in its name.
    pub created: Option<ChronoDate>,
    /// When it was applied, to the second.
    pub applied_at: Option<DateTimeUtc>,
    /// How it stands.
    pub state: State,
}

/// How a migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is applied.
    Applied,
    /// It is not applied.
    Pending,
    /// It is applied, and this binary does not know it.
    Missing,
    /// It is applied, and is no longer what was applied.
    Edited,
}

/// A migration with all that it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// The words of its name.
    pub description: String,
    /// The day in its name.
    pub created: Option<ChronoDate>,
    /// What applies it.
    pub up: Vec<String>,
    /// What takes it back.
    pub down: Vec<String>,
    /// Why it cannot be taken back, if it cannot.
    pub irreversible: Option<String>,
    /// What it asks of rows, by whose answers it may go.
    pub reads: Vec<String>,
    /// Lint rules that it breaks with reason, each as `rule: reason`.
    pub allowed: Vec<String>,
    /// The checksum of what applies it.
    pub checksum: String,
}

impl History {
    /// Where the database stands: the newest of its migrations, after those that this binary does not know.
    #[must_use]
    pub fn current(&self) -> Vec<&Entry> {
        let newest = self.entries.iter().rfind(|entry| matches!(entry.state, State::Applied | State::Edited));
        self.entries.iter().filter(|entry| entry.state == State::Missing).chain(newest).collect()
    }
}

/// The newest migration of `M`. There is one, or none: migrations of SeaORM are a list and have no branches.
#[must_use]
pub fn heads<M: MigratorTrait>() -> Vec<String> {
    names::<M>().into_iter().next_back().into_iter().collect()
}

/// Compares `db` with the migrations of `M`.
///
/// # Errors
/// What the database says: also that its user may not read the bookkeeping.
pub async fn read<M: MigratorTrait>(db: &DatabaseConnection) -> Result<History, DbErr> {
    let table = M::migration_table_name().to_string();
    let mut applied = applied(db, &table).await?;
    let (edited, unchecked) = match edited::<M>(db, &table).await {
        Ok(edited) => (edited, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let known = names::<M>();
    let mut entries: Vec<Entry> = known
        .iter()
        .map(|name| {
            let state = if edited.contains(name) { State::Edited } else { State::Applied };
            match applied.remove(name) {
                Some(at) => entry(name, DateTimeUtc::from_timestamp(at, 0), state),
                None => entry(name, None, State::Pending),
            }
        })
        .collect();
    for (name, at) in applied {
        let place = entries.iter().position(|entry| entry.name > name).unwrap_or(entries.len());
        entries.insert(place, entry(&name, DateTimeUtc::from_timestamp(at, 0), State::Missing));
    }
    let newest = entries.iter().rposition(|entry| entry.state != State::Pending).unwrap_or(0);
    let pending = entries[..newest.min(entries.len())].iter().filter(|entry| entry.state == State::Pending);
    let out_of_order = pending.map(|entry| entry.name.clone()).collect();
    Ok(History { entries, out_of_order, unchecked })
}

/// The migration of `M` that has that name, or the only one whose name contains it, as `backend` would be told it.
///
/// # Errors
/// [`DbErr::Custom`] where there is none or more than one; what the migration's `up` fails with.
pub async fn show<M: MigratorTrait>(backend: DbBackend, name: &str) -> Result<Shown, DbErr> {
    let name = run::resolve(&names::<M>(), name).map_err(|error| DbErr::Custom(error.to_string()))?;
    let ups = record::ups::<M>(backend).await?;
    let up = ups.into_iter().find(|up| up.name == name);
    let up = up.ok_or_else(|| DbErr::Custom(format!("there is no migration {name}")))?;
    let (down, irreversible) = match record::down::<M>(backend, &name).await {
        Ok(down) => (script::printed(&down.statements), None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let (created, description) = words(&name);
    Ok(Shown {
        description,
        created,
        up: script::printed(&up.statements),
        down,
        irreversible,
        reads: script::printed(&up.reads),
        checksum: checksum::of(&up),
        allowed: up.allowed,
        name,
    })
}

fn names<M: MigratorTrait>() -> Vec<String> {
    M::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

fn entry(name: &str, applied_at: Option<DateTimeUtc>, state: State) -> Entry {
    let (created, description) = words(name);
    Entry { name: name.to_owned(), description, created, applied_at, state }
}

/// `m20261121_000001_create_users`: the day, and what follows. The number is no time of day where migrations are
/// counted.
fn words(name: &str) -> (Option<ChronoDate>, String) {
    let split = || {
        let (day, rest) = name.strip_prefix('m')?.split_once('_')?;
        let (number, rest) = rest.split_once('_')?;
        let day = ChronoDate::parse_from_str(day, "%Y%m%d").ok().filter(|_| number.parse::<u32>().is_ok())?;
        Some((day, rest))
    };
    match split() {
        Some((day, rest)) => (Some(day), rest.replace('_', " ")),
        None => (None, name.replace('_', " ")),
    }
}

/// When each migration was applied, in seconds; nothing, where there is no bookkeeping. It asks instead of
/// looking for the table first, since a catalogue does not show a user what he may not read.
async fn applied(db: &DatabaseConnection, table: &str) -> Result<HashMap<String, i64>, DbErr> {
    let query = Query::select().columns(["version", "applied_at"]).from(Alias::new(table)).take();
    match db.query_all(&query).await {
        Ok(rows) => {
            let pairs =
                rows.iter().map(|row| Ok((row.try_get("", "version")?, row.try_get("", "applied_at")?)));
            pairs.collect()
        }
        Err(error) if is_missing(&error) => Ok(HashMap::new()),
        Err(error) => Err(error),
    }
}

fn is_missing(error: &DbErr) -> bool {
    let (DbErr::Query(RuntimeErr::SqlxError(error)) | DbErr::Exec(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    error.as_database_error().is_some_and(|error| {
        matches!(error.code().as_deref(), Some("42P01" | "42S02"))
            || error.message().starts_with("no such table")
    })
}

async fn edited<M: MigratorTrait>(db: &DatabaseConnection, table: &str) -> Result<Vec<String>, DbErr> {
    let manager = SchemaManager::new(db);
    if !manager.has_table(checksum::table_name(table)).await? {
        return Ok(Vec::new());
    }
    let sums = checksum::all::<M>(db.get_database_backend()).await?;
    let edited = checksum::edited(&manager, table, &sums).await?;
    Ok(edited.into_iter().map(|edited| edited.name).collect())
}
