//! Changes of a single row whose version the caller may have named.

use sea_orm::{
    ActiveModelBehavior, ActiveValue, DatabaseTransaction, DbErr, DeleteMany, EntityTrait, IntoActiveModel,
    QueryTrait, Value,
};

use crate::{Error, Result, Versions};

/// Writes a changed row and returns it.
///
/// # Errors
/// [`Error::Stale`] if `versions` rejects the version of the row.
pub(crate) async fn update<A>(
    txn: &DatabaseTransaction,
    row: A,
    version: <A::Entity as EntityTrait>::Column,
    versions: Option<Versions>,
) -> Result<<A::Entity as EntityTrait>::Model>
where
    A: ActiveModelBehavior + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    let row = A::before_save(row, txn, false).await?;
    let update = A::Entity::update(row).validate()?;
    let update = update.apply_if(versions, |update, versions| versions.restrict(update, version));
    match update.exec(txn).await {
        Err(DbErr::RecordNotUpdated) => Err(Error::Stale),
        written => Ok(written?),
    }
}

/// Deletes the single row of `delete`.
///
/// # Errors
/// [`Error::Stale`] if `versions` rejects the version of the row.
pub(crate) async fn delete<E: EntityTrait>(
    txn: &DatabaseTransaction,
    delete: DeleteMany<E>,
    version: E::Column,
    versions: Option<Versions>,
) -> Result<()> {
    let delete = delete.apply_if(versions, |delete, versions| versions.restrict(delete, version));
    match delete.exec(txn).await?.rows_affected {
        0 => Err(Error::Stale),
        _ => Ok(()),
    }
}

/// Sets a field from a patch; an absent one stays.
pub(crate) fn set<T: Into<Value>>(field: &mut ActiveValue<T>, new: Option<T>) {
    if let Some(value) = new {
        *field = ActiveValue::Set(value);
    }
}
