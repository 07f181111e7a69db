//! What the database knows of the books of a batch: by their ISBNs, and by their works among the actor's own.
//! It also knows what rows before them brought, for all that an import adds has the same `created_at`.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    FromQueryResult, Order, QueryFilter, QueryOrder, QuerySelect, Select, prelude::DateTimeWithTimeZone,
    sea_query::IntoCondition,
};
use uuid::Uuid;

use super::{format::Row, padded};
use crate::{Result, books::work_key};
use entity::books::{ActiveModel, Column, Entity};

/// More books of the same works than these are asked for work by work.
const FEW: u64 = 4096;

/// What a row is to the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    New,
    Existing(Uuid),
    /// A row before it in this file brought the same book.
    Duplicate,
    /// Rows before it in this file met all books that it could be.
    Met,
}

/// Which books an import brings: whose they become, when it began, and how its rows meet books that are there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Import {
    pub(super) owner: Option<Uuid>,
    pub(super) began: DateTimeWithTimeZone,
    /// Whether known books may change: each meets one row of the file, then.
    pub(super) update: bool,
    /// Whether the file is of our own, where two rows are two books even if they look the same.
    pub(super) own: bool,
}

/// The books of a batch, as far as there are any.
pub(super) struct Matcher {
    by_isbn: HashMap<String, Match>,
    by_work: HashMap<i64, Editions>,
    update: bool,
}

/// What there is of a work.
#[derive(Default)]
struct Editions {
    /// Books that were there before and that rows may still meet, in this order.
    known: VecDeque<Uuid>,
    /// Whether any was there before.
    was_known: bool,
    /// Whether this file brought one.
    brought: bool,
}

impl Matcher {
    /// Asks the database. `met` are the books that rows before this batch met.
    pub(super) async fn of(
        txn: &DatabaseTransaction,
        import: Import,
        batch: &[Row],
        met: &HashSet<Uuid>,
    ) -> Result<Self> {
        let books = || batch.iter().filter_map(Row::book);
        let isbns: Vec<&str> = books().filter_map(|book| book.isbn.as_deref()).collect();
        let mut works: BTreeMap<i64, usize> = BTreeMap::new();
        for book in books().filter(|book| book.isbn.is_none()) {
            *works.entry(work_key::of(&book.title, &book.author)).or_default() += 1;
        }
        let by_isbn = by_isbn(txn, import, isbns).await?;
        let mut by_work = by_work(txn, import, works.keys().copied().collect()).await?;
        let named: HashSet<Uuid> = by_isbn.values().filter_map(Match::id).collect();
        for (work, editions) in &mut by_work {
            if !(import.own && import.update) {
                editions.known.truncate(1);
            }
            if import.update {
                // A row with the ISBN says more of a book than one with its title.
                editions.known.retain(|id| !met.contains(id) && !named.contains(id));
                editions.known.truncate(works.get(work).copied().unwrap_or_default());
            }
        }
        Ok(Self { by_isbn, by_work, update: import.update })
    }

    /// The books that rows may meet.
    pub(super) fn ids(&self) -> Vec<Uuid> {
        let editions = self.by_work.values().flat_map(|editions| editions.known.iter().copied());
        self.by_isbn.values().filter_map(Match::id).chain(editions).collect()
    }

    /// Tells which book a row is, and remembers it for the rest of the batch. A row without an ISBN is another
    /// edition of what this file brought with one.
    pub(super) fn find(&mut self, isbn: Option<&str>, work: i64) -> Match {
        let Some(isbn) = isbn else {
            return self.by_work.entry(work).or_default().next(self.update);
        };
        let entry = self.by_isbn.entry(isbn.to_owned()).or_insert(Match::New);
        let found = *entry;
        if found == Match::New {
            *entry = Match::Duplicate;
        }
        found
    }
}

impl Match {
    fn id(&self) -> Option<Uuid> {
        match self {
            Self::Existing(id) => Some(*id),
            Self::New | Self::Duplicate | Self::Met => None,
        }
    }
}

impl Editions {
    /// Which of them the next row is. Where nothing changes, all rows may be the same.
    fn next(&mut self, update: bool) -> Match {
        let known = if update { self.known.pop_front() } else { self.known.front().copied() };
        match known {
            Some(id) => Match::Existing(id),
            None if self.was_known => Match::Met,
            None if self.brought => Match::Duplicate,
            None => {
                self.brought = true;
                Match::New
            }
        }
    }

    /// Notes books that were there before, in the order in which rows meet them.
    fn add(&mut self, books: impl IntoIterator<Item = Uuid>) {
        self.known.extend(books);
        self.was_known |= !self.known.is_empty();
    }
}

/// What is read of a book to tell which it is.
#[derive(FromQueryResult)]
struct Found {
    id: Uuid,
    work_key: Option<i64>,
    isbn: Option<String>,
    owner_id: Option<Uuid>,
    created_at: DateTimeWithTimeZone,
}

fn found() -> Select<Entity> {
    Entity::find().select_only().columns([
        Column::Id,
        Column::WorkKey,
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
    let matched = found.into_iter().filter_map(|Found { id, work_key: _, isbn, owner_id, created_at }| {
        let brought = created_at == import.began && owner_id == import.owner;
        Some((isbn?, if brought { Match::Duplicate } else { Match::Existing(id) }))
    });
    Ok(matched.collect())
}

/// The books of each work come in the order of their age, those without an ISBN first.
async fn by_work(
    txn: &DatabaseTransaction,
    import: Import,
    works: Vec<i64>,
) -> Result<HashMap<i64, Editions>> {
    if works.is_empty() {
        return Ok(HashMap::new());
    }
    // The owner is none of the conditions: one who has all books would have the database walk through all of them.
    let found = found().filter(Column::WorkKey.is_in(padded(works.clone()))).limit(FEW);
    let mut found = found.into_model::<Found>().all(txn).await?;
    if found.len() as u64 == FEW {
        return one_by_one(txn, import, works).await;
    }
    found.sort_unstable_by_key(|book| (book.isbn.is_some(), book.created_at, book.id));
    let mut by_work: HashMap<i64, Editions> = HashMap::new();
    for Found { id, work_key, isbn, owner_id, created_at } in found {
        let Some(work) = work_key.filter(|_| owner_id == import.owner) else { continue };
        if created_at != import.began {
            by_work.entry(work).or_default().add([id]);
        } else if isbn.is_none() {
            by_work.entry(work).or_default().brought = true;
        }
    }
    Ok(by_work)
}

/// As [`by_work`], where there are so many books of the same works that no answer has room for all.
async fn one_by_one(
    txn: &DatabaseTransaction,
    import: Import,
    works: Vec<i64>,
) -> Result<HashMap<i64, Editions>> {
    let mut by_work: HashMap<i64, Editions> = HashMap::new();
    for work in works {
        let books = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(owned(import))
            .filter(Column::WorkKey.eq(work));
        let (before, after) = (Column::CreatedAt.lt(import.began), Column::CreatedAt.gt(import.began));
        let editions = by_work.entry(work).or_default();
        // Each is one range of the index, and where one book will do, it ends with its first row.
        for other in [before, after] {
            let books = books.clone().filter(other);
            let books = if import.own && import.update {
                books
                    .order_by(Column::Isbn.is_not_null(), Order::Asc)
                    .order_by_asc(Column::CreatedAt)
                    .order_by_asc(Column::Id)
            } else {
                books.limit(1)
            };
            editions.add(books.into_tuple::<Uuid>().all(txn).await?);
        }
        let brought =
            books.filter(Column::CreatedAt.eq(import.began)).filter(Column::Isbn.is_null()).limit(1);
        editions.brought = brought.into_tuple::<Uuid>().one(txn).await?.is_some();
    }
    Ok(by_work)
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
pub(super) async fn set_work_keys(txn: &DatabaseTransaction, import: Import) -> Result<()> {
    loop {
        let nameless: Vec<(Uuid, String, String)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::Title, Column::Author])
            .filter(owned(import))
            .filter(Column::WorkKey.is_null())
            .limit(FEW)
            .into_tuple()
            .all(txn)
            .await?;
        if nameless.is_empty() {
            return Ok(());
        }
        for (id, title, author) in nameless {
            let row = ActiveModel { work_key: Set(Some(work_key::of(&title, &author))), ..no_change() };
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
