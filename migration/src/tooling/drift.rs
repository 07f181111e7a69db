//! Compares a live database with what its applied migrations say. It writes nothing there; what they say is found out
//! by running them in scratch space.

use std::collections::BTreeSet;

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{ConnectOptions, ConnectionTrait},
};

use super::{
    catalog::{Difference, Facts},
    pattern::matches,
    shadow::{self, Error, Shadow, Site},
};

/// Where the database at `url` is otherwise than the migrations of `M` that it has recorded, ordered by table.
///
/// Scratch space is made beside it, or beside the database at `shadow`, so that the user of `url` needs to read only.
/// What `exclude` names, with `*` for any characters, is left out of the comparison, like the record of migrations
/// and what the workflow keeps beside it.
///
/// # Errors
/// [`Error::Read`] also where a migration is recorded that `M` has not; see [`Error`] for the others.
pub async fn find<M: MigratorTrait>(
    url: &str,
    shadow: Option<&str>,
    exclude: &[String],
) -> Result<Vec<Difference>, Error> {
    let keep = |name: &str| !ours::<M>(name) && !exclude.iter().any(|pattern| matches(pattern, name));
    let live = shadow::connect(ConnectOptions::new(url)).await?;
    let applied = M::get_applied_migrations_read_only(&live).await.map_err(Error::Read)?;
    let applied: BTreeSet<String> = applied.iter().map(|migration| migration.name().to_owned()).collect();
    let found = Facts::read(&live, keep).await.map_err(Error::Read)?;
    let collation = shadow::collation_of(&live).await.map_err(Error::Read)?;
    let kind = live.get_database_backend();
    live.close().await.map_err(Error::Connect)?;

    let site = Site::beside::<M>(shadow.unwrap_or(url)).collated(collation);
    let expected = site
        .tried(async |site| {
            let shadow = Shadow::open(site).await?;
            let other = shadow.executor().get_database_backend();
            let expected = if other == kind {
                expected::<M>(&shadow, &applied, keep).await
            } else {
                Err(Error::Kind { live: kind.as_str(), shadow: other.as_str() })
            };
            let closed = shadow.close().await;
            expected.and_then(|expected| closed.map(|()| expected))
        })
        .await?;
    Ok(expected.differences(&found))
}

/// Whether a table is the record of migrations, or stands beside it.
fn ours<M: MigratorTrait>(table: &str) -> bool {
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
) -> Result<Facts, Error> {
    for migration in M::migrations().iter().filter(|migration| applied.contains(migration.name())) {
        shadow.up(migration.as_ref()).await?;
    }
    shadow.facts(keep).await
}
