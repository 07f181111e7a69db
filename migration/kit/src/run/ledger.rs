//! The records of one run: SeaORM's, and the checksum beside each.

use std::marker::PhantomData;

use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    sea_orm::{DbBackend, DbErr},
};

use super::{
    Direction, Error,
    checksums::{self, Checksum},
    names,
    order::Applied,
    records,
    renames::{self, Renamed},
};

/// The records of one run.
#[derive(Debug)]
pub(super) struct Ledger<M> {
    backend: DbBackend,
    /// Computed once they are needed.
    checksums: Option<Vec<Checksum>>,
    migrator: PhantomData<fn() -> M>,
}

impl<M: MigratorTrait> Ledger<M> {
    pub(super) fn new(backend: DbBackend) -> Self {
        Self { backend, checksums: None, migrator: PhantomData }
    }

    /// Creates both tables unless they exist.
    pub(super) async fn install(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        M::install(manager.get_connection()).await?;
        checksums::create(manager, &Self::table()).await
    }

    /// Drops the table of checksums; SeaORM drops its own.
    pub(super) async fn uninstall(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        checksums::remove(manager, &Self::table()).await
    }

    /// The applied migrations.
    pub(super) async fn applied(&self, manager: &SchemaManager<'_>) -> Result<Applied, DbErr> {
        let connection = manager.get_connection();
        let names = records::names_in(connection, M::migration_table_name()).await?;
        Ok(Applied { names, compatible: checksums::compatible(connection, &Self::table()).await? })
    }

    /// Records that a migration was run in this direction.
    pub(super) async fn record(
        &mut self,
        manager: &SchemaManager<'_>,
        name: &str,
        direction: Direction,
    ) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        records::record(connection, M::migration_table_name(), name, direction).await?;
        checksums::forget(manager, &Self::table(), &[name.to_owned()]).await?;
        match direction {
            Direction::Up => {
                let sum = self.checksums().await.iter().find(|sum| sum.name == name).cloned();
                match sum {
                    Some(sum) => checksums::insert(manager, &Self::table(), &sum).await,
                    None => Ok(()),
                }
            }
            Direction::Down => Ok(()),
        }
    }

    /// Writes the checksums of migrations that another program applied.
    pub(super) async fn complete(&mut self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let (applied, known) =
            (self.applied(manager).await?, checksums::read(manager, &Self::table()).await?);
        let is_complete =
            applied.names.len() == known.len() && applied.names.iter().all(|name| known.contains_key(name));
        if is_complete {
            return Ok(());
        }
        let sums = self.checksums().await.to_vec();
        checksums::record(manager, &Self::table(), &sums).await
    }

    /// Records exactly these migrations as applied, each in the form that this program has.
    pub(super) async fn stamp(
        &mut self,
        manager: &SchemaManager<'_>,
        migrations: &[String],
    ) -> Result<(), Error> {
        records::stamp::<M>(manager.get_connection(), migrations).await?;
        checksums::forget(manager, &Self::table(), &names::of::<M>()).await?;
        Ok(self.complete(manager).await?)
    }

    /// Gives applied migrations the names that this program has. Returns the full names.
    pub(super) async fn rename(
        &self,
        manager: &SchemaManager<'_>,
        renames: &[Renamed],
    ) -> Result<Vec<Renamed>, Error> {
        let known = names::of::<M>();
        let mut done = Vec::new();
        for Renamed { from, to } in renames {
            let applied = self.applied(manager).await?.names;
            let foreign: Vec<String> = applied.iter().filter(|name| !known.contains(name)).cloned().collect();
            let (from, to) = (names::resolve(&foreign, from)?, names::resolve(&known, to)?);
            if applied.contains(&to) {
                return Err(Error::AlreadyApplied(to));
            }
            records::rename(manager.get_connection(), M::migration_table_name(), &from, &to).await?;
            checksums::rename(manager, &Self::table(), &from, &to).await?;
            done.push(Renamed { from, to });
        }
        Ok(done)
    }

    /// Fails if a migration is applied under a former name: under its new one, it would run a second time.
    pub(super) async fn refuse_renamed(
        &mut self,
        manager: &SchemaManager<'_>,
        applied: &[String],
    ) -> Result<(), Error> {
        let known = names::of::<M>();
        let lacks = |these: &[String], those: &[String]| these.iter().any(|name| !those.contains(name));
        if !lacks(applied, &known) || !lacks(&known, applied) {
            return Ok(());
        }
        let recorded = checksums::read(manager, &Self::table()).await?;
        let renamed = renames::find(applied, &recorded, self.checksums().await);
        if renamed.is_empty() { Ok(()) } else { Err(Error::Renamed(renamed)) }
    }

    /// Computes the checksums of this program before they are needed.
    pub(super) async fn compute_checksums(&mut self) {
        self.checksums().await;
    }

    /// The checksums of this program.
    async fn checksums(&mut self) -> &[Checksum] {
        if self.checksums.is_none() {
            self.checksums = Some(checksums::all::<M>(self.backend).await);
        }
        self.checksums.as_deref().unwrap_or_default()
    }

    fn table() -> String {
        M::migration_table_name().to_string()
    }
}
