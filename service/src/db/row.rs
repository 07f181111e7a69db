//! Changes of a single row whose version the caller may have named.

use sea_orm::{
    ActiveModelBehavior, ActiveValue, ColumnTrait, DatabaseTransaction, DbErr, DeleteMany, EntityTrait,
    IntoActiveModel, QueryFilter, QueryTrait, Value,
};

use crate::{Error, Result};

/// Writes a changed row and returns it. `versions` are its accepted versions.
///
/// # Errors
/// [`Error::Stale`] if the row has none of `versions`.
pub(crate) async fn update<A>(
    txn: &DatabaseTransaction,
    row: A,
    version: <A::Entity as EntityTrait>::Column,
    versions: Option<Vec<i64>>,
) -> Result<<A::Entity as EntityTrait>::Model>
where
    A: ActiveModelBehavior + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    let row = A::before_save(row, txn, false).await?;
    let update = A::Entity::update(row)
        .validate()?
        .apply_if(versions, |update, versions| update.filter(version.is_in(versions)));
    match update.exec(txn).await {
        Err(DbErr::RecordNotUpdated) => Err(Error::Stale),
        written => Ok(written?),
    }
}

/// Deletes the single row of `delete`, if its version is one of `versions`.
///
/// # Errors
/// [`Error::Stale`] otherwise.
pub(crate) async fn delete<E: EntityTrait>(
    txn: &DatabaseTransaction,
    delete: DeleteMany<E>,
    version: E::Column,
    versions: Option<Vec<i64>>,
) -> Result<()> {
    let delete = delete.apply_if(versions, |delete, versions| delete.filter(version.is_in(versions)));
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
