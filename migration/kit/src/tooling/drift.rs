//! Compares a live database with its applied migrations, which are run in scratch space for this. The database itself is
//! only read.

use std::collections::BTreeSet;

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr},
};

use super::{
    catalog::{Catalog, Difference},
    shadow::{self, Shadow, ShadowError, ShadowTarget},
};
use crate::{
    pattern::matches,
    run::{self, names, recorder},
    snapshot::fold::fold,
};

/// The differences between the database at `url` and the migrations of `M` that it has recorded, ordered by table.
///
/// Scratch space is created beside it, or beside the database at `shadow`, so that the user of `url` needs to read only.
/// Tables that match `exclude`, where `*` matches any characters, are left out, and so are the tables of the kit.
///
/// # Errors
/// [`ShadowError::Read`] also where a migration is recorded that `M` has not; see [`ShadowError`] for the others.
pub async fn find<M: MigratorTrait>(
    url: &str,
    shadow: Option<&str>,
    exclude: &[String],
) -> Result<Vec<Difference>, ShadowError> {
    let keep = |name: &str| !ours::<M>(name) && !exclude.iter().any(|pattern| matches(pattern, name));
    let live = shadow::connect(ConnectOptions::new(url)).await?;
    let applied = applied::<M>(&live).await?;
    let schemas = schemas::<M>().await;
    let found = Catalog::read_with(&live, &schemas, keep).await.map_err(ShadowError::Read)?;
    let collation = shadow::collation_of(&live).await.map_err(ShadowError::Read)?;
    let kind = live.get_database_backend();
    live.close().await.map_err(ShadowError::Connect)?;

    let target = ShadowTarget::beside::<M>(shadow.unwrap_or(url)).collated(collation).with_schemas(schemas);
    let expected = target
        .tried(async |target| {
            let shadow = Shadow::open(target).await?;
            let other = shadow.executor().get_database_backend();
            let expected = if other == kind {
                expected::<M>(&shadow, &applied, keep).await
            } else {
                Err(ShadowError::Kind { live: kind.as_str(), shadow: other.as_str() })
            };
            let closed = shadow.close().await;
            expected.and_then(|expected| closed.map(|()| expected))
        })
        .await?;
    Ok(expected.differences(&found))
}

/// The schemas of PostgreSQL, beside the usual one, in which the migrations create tables. None is known of migrations
/// that cannot be recorded.
pub(super) async fn schemas<M: MigratorTrait>() -> Vec<String> {
    let ups = recorder::ups::<M>(DbBackend::Postgres).await;
    let schema = fold(DbBackend::Postgres, ups.iter().flat_map(|up| &up.statements));
    let schemas: BTreeSet<String> = schema.tables.into_values().filter_map(|table| table.schema).collect();
    schemas.into_iter().collect()
}

/// Names of the applied migrations, each of which `M` must have.
async fn applied<M: MigratorTrait>(live: &DatabaseConnection) -> Result<BTreeSet<String>, ShadowError> {
    let known = names::of::<M>();
    let applied = run::applied_names::<M>(live).await.map_err(ShadowError::Read)?;
    let newer: Vec<&str> = applied.iter().filter(|name| !known.contains(name)).map(String::as_str).collect();
    if newer.is_empty() {
        return Ok(applied.into_iter().collect());
    }
    let message = format!("it has {} applied, unknown to this program: run a newer one", newer.join(", "));
    Err(ShadowError::Read(DbErr::Migration(message)))
}

/// Whether a table is the record of migrations, or one of the kit beside it.
pub(super) fn ours<M: MigratorTrait>(table: &str) -> bool {
    let record = M::migration_table_name().to_string();
    table == record
        || table
            .strip_prefix('_')
            .and_then(|rest| rest.strip_prefix(&record))
            .is_some_and(|rest| rest.starts_with('_'))
}

async fn expected<M: MigratorTrait>(
    shadow: &Shadow,
    applied: &BTreeSet<String>,
    keep: impl Fn(&str) -> bool,
) -> Result<Catalog, ShadowError> {
    for migration in M::migrations().iter().filter(|migration| applied.contains(migration.name())) {
        shadow.up(migration.as_ref()).await?;
    }
    shadow.catalog(keep).await
}
