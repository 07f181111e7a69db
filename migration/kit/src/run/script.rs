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
        Direction::Up => recorder::ups::<M>(backend).await.into_iter().find(|up| up.name == name),
        Direction::Down => recorder::down::<M>(backend, name).await.ok(),
    };
    let recorded = recorded.ok_or_else(|| format!("there is no migration {name}"))?;
    match recorded.doubt() {
        None => Ok(recorded.statements),
        Some(reason) => Err(format!("its SQL is unknown: {reason}")),
    }
}
