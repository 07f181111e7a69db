//! Work keys of stored books, which programs that write into `books` by SQL may leave out.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};
use uuid::Uuid;

use super::{BATCH, matcher::owned};
use crate::{
    Db, Result,
    books::work_key,
    db::{Class, Priority, TransactionOutcome},
};
use entity::books::{ActiveModel, Column, Entity};

/// Sets missing work keys of an owner's books, some in each transaction.
pub(super) async fn complete(db: &Db, owner: Option<Uuid>) -> Result<()> {
    let any = incomplete(owner).column(Column::Id).limit(1).into_tuple::<Uuid>();
    if db.read(Class::List, any).all().await?.is_empty() {
        return Ok(());
    }
    let db = db.with_priority(Priority::Last);
    while db
        .transaction(move |txn| {
            Box::pin(async move { complete_some(txn, owner).await.map(TransactionOutcome::Commit) })
        })
        .await?
    {}
    Ok(())
}

/// Sets missing work keys of a number of books; returns whether there were any.
async fn complete_some(txn: &DatabaseTransaction, owner: Option<Uuid>) -> Result<bool> {
    let books = incomplete(owner)
        .columns([Column::Id, Column::Title, Column::Author])
        .order_by_asc(Column::Id)
        .limit(BATCH as u64)
        .lock_exclusive();
    let books: Vec<(Uuid, String, String)> = books.into_tuple().all(txn).await?;
    let any = !books.is_empty();
    for (id, title, author) in books {
        let row = ActiveModel { work_key: Set(Some(work_key::of(&title, &author))), ..no_change() };
        Entity::update_many().set(row).filter(Column::Id.eq(id)).exec(txn).await?;
    }
    Ok(any)
}

/// Books of an owner without a work key.
fn incomplete(owner: Option<Uuid>) -> Select<Entity> {
    Entity::find().select_only().filter(owned(owner)).filter(Column::WorkKey.is_null())
}

/// Update that sets nothing, neither a new id nor a new version.
fn no_change() -> ActiveModel {
    <ActiveModel as sea_orm::ActiveModelTrait>::default()
}
