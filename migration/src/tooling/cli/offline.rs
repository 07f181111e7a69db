//! Scripts: what `up` and `down` would run, with no database at hand.

use sea_orm_migration::{MigratorTrait, sea_orm::DbBackend};

use super::{
    Error, Outcome, Settings,
    args::{Down, Sql, Up},
    backend, print,
};
use crate::{
    run::{self, Direction},
    tooling::{
        record::{self, Recorded},
        script,
    },
};

pub(super) async fn sql<M: MigratorTrait>(settings: &Settings, sql: &Sql) -> Outcome {
    let (from, to) = (place::<M>(&sql.from)?, place::<M>(&sql.to)?);
    applying::<M>(backend::of(settings, sql.backend)?, from, to, sql.strict).await
}

pub(super) async fn up<M: MigratorTrait>(settings: &Settings, up: &Up) -> Outcome {
    let offline = &up.offline;
    let from = place::<M>(offline.from.as_deref().unwrap_or("base"))?;
    let to = match (up.num, &up.to) {
        (Some(steps), _) => {
            from.saturating_add(usize::try_from(steps).unwrap_or(usize::MAX)).min(M::migrations().len())
        }
        (None, Some(name)) => place::<M>(name)?,
        (None, None) => M::migrations().len(),
    };
    applying::<M>(backend::of(settings, offline.backend)?, from, to, offline.strict).await
}

pub(super) async fn down<M: MigratorTrait>(settings: &Settings, down: &Down) -> Outcome {
    let offline = &down.offline;
    let from = place::<M>(offline.from.as_deref().unwrap_or("head"))?;
    let to = match &down.to {
        Some(name) => place::<M>(name)?,
        None => from.saturating_sub(usize::try_from(down.num).unwrap_or(usize::MAX)),
    };
    if to > from {
        return Err(Error::Settings("the way down would lead up".to_owned()));
    }
    let backend = backend::of(settings, offline.backend)?;
    let names = names::<M>();
    let mut recorded = Vec::new();
    for name in names[to..from].iter().rev() {
        recorded.push(record::down::<M>(backend, name).await?);
    }
    script::<M>(backend, &recorded, Direction::Down, offline.strict)
}

async fn applying<M: MigratorTrait>(backend: DbBackend, from: usize, to: usize, strict: bool) -> Outcome {
    if from > to {
        return Err(Error::Settings("the way up would lead down".to_owned()));
    }
    let recorded = record::ups::<M>(backend).await?;
    script::<M>(backend, &recorded[from..to], Direction::Up, strict)
}

fn script<M: MigratorTrait>(
    backend: DbBackend,
    recorded: &[Recorded],
    direction: Direction,
    strict: bool,
) -> Outcome {
    let table = M::migration_table_name().to_string();
    print(script::render(backend, recorded, direction, &table, strict)?)?;
    Ok(true)
}

/// How many migrations are applied where the newest of them is `name`.
pub(super) fn place<M: MigratorTrait>(name: &str) -> Result<usize, Error> {
    let names = names::<M>();
    match name {
        "base" => Ok(0),
        "head" => Ok(names.len()),
        name => {
            let name = run::resolve(&names, name)?;
            Ok(names.iter().position(|known| *known == name).map_or(0, |at| at + 1))
        }
    }
}

pub(super) fn names<M: MigratorTrait>() -> Vec<String> {
    M::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}
