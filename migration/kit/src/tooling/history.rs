//! Applied, pending, missing and edited migrations of a database. Reads only: it creates no table, and needs only the
//! right to read the table of records.

use std::collections::BTreeMap;

use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    sea_orm::{
        DatabaseConnection, DbBackend, DbErr,
        prelude::{ChronoDate, DateTimeUtc},
    },
};
use serde::Serialize;

use super::script;
use crate::{
    Compatibility, Exception,
    run::{
        self, InvalidIndex, Renamed, Stopped, checksums, names,
        recorder::{self, Unknown},
    },
};

mod print;

/// The migrations of a database and of this binary, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct History {
    /// One for each migration.
    pub entries: Vec<Entry>,
    /// Pending migrations that are older than an applied one: they will run after newer ones.
    pub out_of_order: Vec<String>,
    /// Migrations that are applied under a former name.
    pub renamed: Vec<Renamed>,
    /// Indexes of PostgreSQL that a failed statement left INVALID.
    pub invalid_indexes: Vec<InvalidIndex>,
    /// Why it is not known whether migrations were edited or renamed, if it is not.
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
    /// Its state.
    pub state: MigrationState,
    /// How far it ran, if it stopped half way on MariaDB / MySQL.
    pub stopped: Option<Stopped>,
    /// Why its SQL is unknown, if it is.
    pub unknown: Option<String>,
}

/// State of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MigrationState {
    /// It is applied.
    Applied,
    /// It is not applied.
    Pending,
    /// It is applied, and this binary does not know it.
    Missing,
    /// It is applied, and was edited afterwards.
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
    /// Its `up`; the beginning of it if the rest is unknown.
    pub up: Vec<String>,
    /// Why its `up` is not known, or depends on rows.
    pub unknown: Option<String>,
    /// Its `down`; the beginning of it if the rest is unknown.
    pub down: Vec<String>,
    /// Why its `down` is not known, or depends on rows.
    pub unknown_down: Option<String>,
    /// Why it cannot be taken back, if it cannot.
    pub irreversible: Option<String>,
    /// Its queries on rows, on whose results it may depend.
    pub reads: Vec<String>,
    /// Whether programs that do not know it go on after it.
    pub compatibility: Compatibility,
    /// Lint rules that it breaks with reason, each as `rule: reason`.
    pub allowed: Vec<Exception>,
    /// The checksum of its `up`, if that is known.
    pub checksum: Option<String>,
}

impl History {
    /// Whether the records and the database are as this program's migrations say. Pending migrations are in order.
    #[must_use]
    pub fn is_regular(&self) -> bool {
        let irregular = |state| matches!(state, MigrationState::Missing | MigrationState::Edited);
        self.invalid_indexes.is_empty()
            && !self.entries.iter().any(|entry| irregular(entry.state) || entry.stopped.is_some())
    }

    /// The migration that stopped half way, by its name.
    #[must_use]
    pub fn stopped(&self) -> Option<(&str, &Stopped)> {
        self.entries.iter().find_map(|entry| Some((entry.name.as_str(), entry.stopped.as_ref()?)))
    }

    /// The irregularities that do not concern one entry, one line for each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let pending = |name: &String| format!("{name} is pending, and older than an applied migration");
        let unchecked = |reason: &String| format!("edited migrations cannot be found: {reason}");
        let order = self.out_of_order.iter().map(pending);
        let renamed = self.renamed.iter().map(ToString::to_string);
        let indexes = self.invalid_indexes.iter().map(ToString::to_string);
        order.chain(renamed).chain(indexes).chain(self.unchecked.iter().map(unchecked)).collect()
    }

    /// The newest applied migration, after those that this program lacks, and the one that stopped half way.
    #[must_use]
    pub fn current(&self) -> Vec<&Entry> {
        let is_applied =
            |entry: &&Entry| matches!(entry.state, MigrationState::Applied | MigrationState::Edited);
        let missing = self.entries.iter().filter(|entry| entry.state == MigrationState::Missing);
        let mut current: Vec<&Entry> = missing.chain(self.entries.iter().rfind(is_applied)).collect();
        let stopped = self.entries.iter().find(|entry| entry.stopped.is_some());
        current.extend(stopped.filter(|stopped| !current.iter().any(|entry| entry.name == stopped.name)));
        current
    }
}

/// The newest migration of `M`. There is one, or none: migrations of SeaORM are a list and have no branches.
#[must_use]
pub fn heads<M: MigratorTrait>() -> Vec<String> {
    names::of::<M>().into_iter().next_back().into_iter().collect()
}

/// Compares `db` with the migrations of `M`.
///
/// # Errors
/// [`DbErr`] of the database; also if its user may not read the records.
pub async fn read<M: MigratorTrait>(db: &DatabaseConnection) -> Result<History, DbErr> {
    let table = M::migration_table_name().to_string();
    let mut applied: BTreeMap<String, i64> =
        run::applied::<M>(db).await?.into_iter().map(|record| (record.name, record.applied_at)).collect();
    let names: Vec<String> = applied.keys().cloned().collect();
    let sums = checksums::all::<M>(db.get_database_backend()).await;
    let (Checked { edited, renamed }, unchecked) = match checked(db, &table, &names, &sums).await {
        Ok(checked) => (checked, None),
        Err(error) => (Checked::default(), Some(error.to_string())),
    };
    let invalid_indexes = run::invalid_indexes::<M>(db).await?;
    let known = names::of::<M>();
    let mut entries: Vec<Entry> = known
        .iter()
        .map(|name| {
            let state = if edited.contains(name) { MigrationState::Edited } else { MigrationState::Applied };
            match applied.remove(name) {
                Some(at) => entry(name, DateTimeUtc::from_timestamp(at, 0), state),
                None => entry(name, None, MigrationState::Pending),
            }
        })
        .collect();
    for (name, at) in applied {
        let position = entries.iter().position(|entry| entry.name > name).unwrap_or(entries.len());
        entries.insert(position, entry(&name, DateTimeUtc::from_timestamp(at, 0), MigrationState::Missing));
    }
    for entry in &mut entries {
        let own = sums.iter().find(|sum| sum.name == entry.name);
        entry.unknown = own.and_then(|sum| sum.unknown.clone());
    }
    let newest = entries.iter().rposition(|entry| entry.state != MigrationState::Pending).unwrap_or(0);
    let pending =
        entries[..newest.min(entries.len())].iter().filter(|entry| entry.state == MigrationState::Pending);
    let out_of_order = pending.map(|entry| entry.name.clone()).collect();
    show_stopped(&mut entries, run::stopped::<M>(db).await?);
    Ok(History { entries, out_of_order, renamed, invalid_indexes, unchecked })
}

/// The migration of `M` with this name, or the only one with this part of a name, in the SQL of `backend`.
///
/// # Errors
/// [`DbErr::Custom`] for no match or several.
pub async fn show<M: MigratorTrait>(backend: DbBackend, name: &str) -> Result<Shown, DbErr> {
    let name = run::resolve(&names::of::<M>(), name).map_err(|error| DbErr::Custom(error.to_string()))?;
    let ups = recorder::ups::<M>(backend).await;
    let up = ups.into_iter().find(|up| up.name == name);
    let up = up.ok_or_else(|| DbErr::Custom(format!("there is no migration {name}")))?;
    let down = recorder::down::<M>(backend, &name).await?;
    let (unknown_down, irreversible) = match &down.unknown {
        Some(Unknown::Irreversible(reason)) => (None, Some(reason.clone())),
        Some(_) | None => (down.doubt(), None),
    };
    let (created, description) = words(&name);
    Ok(Shown {
        description,
        created,
        up: script::printed(&up.statements),
        unknown: up.doubt(),
        down: script::printed(&down.statements),
        unknown_down,
        irreversible,
        reads: script::printed(&up.reads),
        checksum: up.unknown.is_none().then(|| checksums::of(&up)),
        compatibility: up.compatibility,
        allowed: up.exceptions,
        name,
    })
}

fn entry(name: &str, applied_at: Option<DateTimeUtc>, state: MigrationState) -> Entry {
    let (created, description) = words(name);
    Entry { name: name.to_owned(), description, created, applied_at, state, stopped: None, unknown: None }
}

/// Notes the migration that stopped half way. One that this program lacks is added.
fn show_stopped(entries: &mut Vec<Entry>, stopped: Option<Stopped>) {
    let Some(stopped) = stopped else { return };
    let known = entries.iter().position(|entry| entry.name == stopped.name);
    let position = known.unwrap_or_else(|| {
        let position = entries.iter().position(|entry| entry.name > stopped.name).unwrap_or(entries.len());
        entries.insert(position, entry(&stopped.name, None, MigrationState::Pending));
        position
    });
    entries[position].stopped = Some(stopped);
}

/// Date and description in `m20261121_000001_create_parcels`. The second number is not a time of day in projects that
/// count their migrations.
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

/// Migrations whose SQL differs from what was applied, and those whose name does.
#[derive(Default)]
struct Checked {
    edited: Vec<String>,
    renamed: Vec<Renamed>,
}

async fn checked(
    db: &DatabaseConnection,
    table: &str,
    applied: &[String],
    sums: &[checksums::Checksum],
) -> Result<Checked, DbErr> {
    let manager = SchemaManager::new(db);
    let recorded = checksums::read(&manager, table).await?;
    if recorded.is_empty() {
        return Ok(Checked::default());
    }
    let edited = checksums::edited(&manager, table, sums).await?;
    Ok(Checked {
        edited: edited.into_iter().map(|edited| edited.name).collect(),
        renamed: run::find_renamed(applied, &recorded, sums),
    })
}
