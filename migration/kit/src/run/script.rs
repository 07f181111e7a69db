//! The statements of a migration, as they are known without running it.

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{DbBackend, Statement},
};

use super::{Direction, recorder};

/// The statements of the migration `name` that change something, in order.
///
/// # Errors
/// The reason why they are not known.
pub(super) async fn of<M: MigratorTrait>(
    backend: DbBackend,
    name: &str,
    direction: Direction,
) -> Result<Vec<Statement>, String> {
    let recorded = match direction {
        Direction::Up => {
            recorder::ups::<M>(backend).await.map(|ups| ups.into_iter().find(|up| up.name == name))
        }
        Direction::Down => recorder::down::<M>(backend, name).await.map(Some),
    };
    match recorded.map_err(|error| error.to_string())? {
        Some(recorded) if recorded.reads.is_empty() => Ok(recorded.statements),
        Some(_) => Err(format!("{name} depends on rows, so the rest of it is not known")),
        None => Err(format!("there is no migration {name}")),
    }
}
