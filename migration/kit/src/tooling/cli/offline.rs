//! Scripts: the SQL of `up` and `down`, without a database.

use sea_orm_migration::{MigratorTrait, sea_orm::DbBackend};

use super::{
    CliError, Outcome, Settings,
    args::{Down, Sql, Up},
    backend, print, unknown,
};
use crate::{
    run::{
        self, Direction, names,
        recorder::{self, Recorded},
    },
    tooling::script,
};

pub(super) async fn sql<M: MigratorTrait>(settings: &Settings, sql: &Sql) -> Outcome {
    let (from, to) = (position::<M>(&sql.from)?, position::<M>(&sql.to)?);
    applying::<M>(backend::of(settings, sql.backend)?, from, to, sql.strict).await
}

pub(super) async fn up<M: MigratorTrait>(settings: &Settings, up: &Up) -> Outcome {
    let offline = &up.offline;
    let from = position::<M>(offline.from.as_deref().unwrap_or("base"))?;
    let to = match (up.num, &up.to) {
        (Some(steps), _) => {
            from.saturating_add(usize::try_from(steps).unwrap_or(usize::MAX)).min(M::migrations().len())
        }
        (None, Some(name)) => position::<M>(name)?,
        (None, None) => M::migrations().len(),
    };
    applying::<M>(backend::of(settings, offline.backend)?, from, to, offline.strict).await
}

pub(super) async fn down<M: MigratorTrait>(settings: &Settings, down: &Down) -> Outcome {
    let offline = &down.offline;
    let from = position::<M>(offline.from.as_deref().unwrap_or("head"))?;
    let to = match &down.to {
        Some(name) => position::<M>(name)?,
        None => from.saturating_sub(usize::try_from(down.num).unwrap_or(usize::MAX)),
    };
    if to > from {
        return Err(CliError::Settings("--to is newer than --from: that would lead up".to_owned()));
    }
    let backend = backend::of(settings, offline.backend)?;
    let names = names::of::<M>();
    let mut recorded = Vec::new();
    for name in names[to..from].iter().rev() {
        recorded.push(recorder::down::<M>(backend, name).await?);
    }
    script::<M>(backend, &recorded, Direction::Down, offline.strict)
}

async fn applying<M: MigratorTrait>(backend: DbBackend, from: usize, to: usize, strict: bool) -> Outcome {
    if from > to {
        return Err(CliError::Settings("--from is newer than --to: that would lead down".to_owned()));
    }
    let recorded = recorder::ups::<M>(backend).await;
    script::<M>(backend, &recorded[from..to], Direction::Up, strict)
}

fn script<M: MigratorTrait>(
    backend: DbBackend,
    recorded: &[Recorded],
    direction: Direction,
    strict: bool,
) -> Outcome {
    unknown::warn(&recorder::doubts(recorded));
    let table = M::migration_table_name().to_string();
    print(script::render(backend, recorded, direction, &table, strict)?)?;
    Ok(true)
}

/// Number of applied migrations if `name` is the newest of them.
pub(super) fn position<M: MigratorTrait>(name: &str) -> Result<usize, CliError> {
    let names = names::of::<M>();
    match name {
        "base" => Ok(0),
        "head" => Ok(names.len()),
        name => {
            let name = run::resolve(&names, name)?;
            Ok(names.iter().position(|known| *known == name).map_or(0, |at| at + 1))
        }
    }
}
