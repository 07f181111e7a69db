//! What the database knows of the books of a batch: by their ISBNs, and by their works among the actor's own.
//! It also knows what rows before them brought, for all that an import adds has the same `created_at`.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    FromQueryResult, QueryFilter, QuerySelect, Select, prelude::DateTimeWithTimeZone,
    sea_query::IntoCondition,
};
use uuid::Uuid;

use super::{format::Row, padded};
use crate::{Result, books::work};
use entity::books::{ActiveModel, Column, Entity};

/// More books of the same works than these are asked for work by work.
const FEW: u64 = 4096;

/// What a row is to the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    New,
    Known(Uuid),
    /// A row before it in this file brought the same book.
    Repeated,
}

/// Which books an import brings: whose they become, and when it began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Import {
    pub(super) owner: Option<Uuid>,
    pub(super) began: DateTimeWithTimeZone,
}

/// The books of a batch, as far as there are any.
pub(super) struct Known {
    by_isbn: HashMap<String, Match>,
    by_work: HashMap<i64, Match>,
}

impl Known {
    /// Asks the database.
    pub(super) async fn of(txn: &DatabaseTransaction, import: Import, batch: &[Row]) -> Result<Self> {
        let books = || batch.iter().filter_map(Row::book);
        let isbns: Vec<&str> = books().filter_map(|book| book.isbn.as_deref()).collect();
        let without = books().filter(|book| book.isbn.is_none());
        let mut works: Vec<i64> = without.map(|book| work::key(&book.title, &book.author)).collect();
        works.sort_unstable();
        works.dedup();
        Ok(Self { by_isbn: by_isbn(txn, import, isbns).await?, by_work: by_work(txn, import, works).await? })
    }

    /// The books that are in the catalogue already.
    pub(super) fn ids(&self) -> Vec<Uuid> {
        let matches = self.by_isbn.values().chain(self.by_work.values());
        let ids = matches.filter_map(|found| match found {
            Match::Known(id) => Some(*id),
            Match::New | Match::Repeated => None,
        });
        ids.collect()
    }

    /// Tells which book a row is, and remembers it for the rest of the batch. A row without an ISBN is another
    /// edition of what this file brought with one.
    pub(super) fn find(&mut self, isbn: Option<&str>, work: i64) -> Match {
        let entry = match isbn {
            Some(isbn) => self.by_isbn.entry(isbn.to_owned()).or_insert(Match::New),
            None => self.by_work.entry(work).or_insert(Match::New),
        };
        let found = *entry;
        if found == Match::New {
            *entry = Match::Repeated;
        }
        found
    }
}

/// What is read of a book to tell which it is.
#[derive(FromQueryResult)]
struct Found {
    id: Uuid,
    work: Option<i64>,
    isbn: Option<String>,
    owner_id: Option<Uuid>,
    created_at: DateTimeWithTimeZone,
}

fn found() -> Select<Entity> {
    Entity::find().select_only().columns([
        Column::Id,
        Column::Work,
        Column::Isbn,
        Column::OwnerId,
        Column::CreatedAt,
    ])
}

async fn by_isbn(
    txn: &DatabaseTransaction,
    import: Import,
    isbns: Vec<&str>,
) -> Result<HashMap<String, Match>> {
    if isbns.is_empty() {
        return Ok(HashMap::new());
    }
    let found = found().filter(Column::Isbn.is_in(padded(isbns))).into_model::<Found>().all(txn).await?;
    let matched = found.into_iter().filter_map(|Found { id, work: _, isbn, owner_id, created_at }| {
        let brought = created_at == import.began && owner_id == import.owner;
        Some((isbn?, if brought { Match::Repeated } else { Match::Known(id) }))
    });
    Ok(matched.collect())
}

async fn by_work(txn: &DatabaseTransaction, import: Import, works: Vec<i64>) -> Result<HashMap<i64, Match>> {
    if works.is_empty() {
        return Ok(HashMap::new());
    }
    // The owner is none of the conditions: one who has all books would have the database walk through all of them.
    let found = found().filter(Column::Work.is_in(padded(works.clone()))).limit(FEW);
    let found = found.into_model::<Found>().all(txn).await?;
    if found.len() as u64 == FEW {
        return one_by_one(txn, import, works).await;
    }
    let mut matches = HashMap::new();
    for Found { id, work, isbn, owner_id, created_at } in found {
        let Some(work) = work.filter(|_| owner_id == import.owner) else { continue };
        if created_at != import.began {
            matches.insert(work, Match::Known(id));
        } else if isbn.is_none() {
            matches.entry(work).or_insert(Match::Repeated);
        }
    }
    Ok(matches)
}

/// As [`by_work`], where there are so many books of the same works that no answer has room for all.
async fn one_by_one(
    txn: &DatabaseTransaction,
    import: Import,
    works: Vec<i64>,
) -> Result<HashMap<i64, Match>> {
    let mut matches = HashMap::new();
    for work in works {
        let books = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(owned(import))
            .filter(Column::Work.eq(work));
        let (before, after) = (Column::CreatedAt.lt(import.began), Column::CreatedAt.gt(import.began));
        // Each is one range of the index, and ends with its first row.
        for other in [before, after] {
            let book = books.clone().filter(other).limit(1);
            if let Some(id) = book.into_tuple::<Uuid>().one(txn).await? {
                matches.insert(work, Match::Known(id));
            }
        }
        let brought =
            books.filter(Column::CreatedAt.eq(import.began)).filter(Column::Isbn.is_null()).limit(1);
        if brought.into_tuple::<Uuid>().one(txn).await?.is_some() {
            matches.entry(work).or_insert(Match::Repeated);
        }
    }
    Ok(matches)
}

/// Has PostgreSQL use its indexes. It plans a statement that comes again and again once for all, and the table may
/// have been empty then.
pub(super) async fn prefer_indexes(txn: &DatabaseTransaction) -> Result<()> {
    if txn.get_database_backend() == DbBackend::Postgres {
        txn.execute_unprepared("SET LOCAL enable_seqscan = off").await?;
    }
    Ok(())
}

/// Names the works of the actor's books that were written without.
pub(super) async fn name_works(txn: &DatabaseTransaction, import: Import) -> Result<()> {
    loop {
        let nameless: Vec<(Uuid, String, String)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::Title, Column::Author])
            .filter(owned(import))
            .filter(Column::Work.is_null())
            .limit(FEW)
            .into_tuple()
            .all(txn)
            .await?;
        if nameless.is_empty() {
            return Ok(());
        }
        for (id, title, author) in nameless {
            let row = ActiveModel { work: Set(Some(work::key(&title, &author))), ..no_change() };
            Entity::update_many().set(row).filter(Column::Id.eq(id)).exec(txn).await?;
        }
    }
}

/// A row of which nothing is set: neither a new id nor a new version.
fn no_change() -> ActiveModel {
    <ActiveModel as sea_orm::ActiveModelTrait>::default()
}

fn owned(import: Import) -> impl IntoCondition {
    import.owner.map_or_else(|| Column::OwnerId.is_null(), |owner| Column::OwnerId.eq(owner))
}
