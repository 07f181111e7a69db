//! Matching of the rows of a batch with stored books: by ISBN, and by work key among the actor's own books. Books that
//! this import created are recognized by their common `created_at`.

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

/// Limit of a query for several works. If it is reached, each work is queried separately.
const FEW: u64 = 4096;

/// Match of a row in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    New,
    Existing(Uuid),
    /// An earlier row of this file created the same book.
    Duplicate,
    /// Earlier rows of this file matched all candidates.
    Met,
}

/// Parameters of matching: owner of the books, start of the import, and treatment of duplicates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Import {
    pub(super) owner: Option<Uuid>,
    pub(super) began: DateTimeWithTimeZone,
    /// True to update existing books: each then matches one row of the file only.
    pub(super) update: bool,
    /// True for Bookly's own formats, in which two rows are two books even if they look the same.
    pub(super) own: bool,
}

/// Candidates for the rows of a batch.
pub(super) struct Matcher {
    by_isbn: HashMap<String, Match>,
    by_work: HashMap<i64, Editions>,
    update: bool,
}

/// Editions of a work.
#[derive(Default)]
struct Editions {
    /// Books from before this import that are not matched yet, in order.
    known: VecDeque<Uuid>,
    /// Whether any book is from before this import.
    was_known: bool,
    /// Whether this import created one.
    brought: bool,
}

impl Matcher {
    /// Reads the candidates of a batch. `matched` are the books that earlier batches matched.
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
                // A row with the ISBN describes a book more reliably than one with its title.
                editions.known.retain(|id| !met.contains(id) && !named.contains(id));
                editions.known.truncate(works.get(work).copied().unwrap_or_default());
            }
        }
        Ok(Self { by_isbn, by_work, update: import.update })
    }

    /// Ids of the candidates.
    pub(super) fn ids(&self) -> Vec<Uuid> {
        let editions = self.by_work.values().flat_map(|editions| editions.known.iter().copied());
        self.by_isbn.values().filter_map(Match::id).chain(editions).collect()
    }

    /// Match of a row, which is recorded for the rest of the batch. A row without an ISBN is another edition of a work
    /// that this file created with one.
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
    /// Match of the next row. Without updates, all rows may match the same book.
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

    /// Adds books from before this import, in the order in which rows match them.
    fn add(&mut self, books: impl IntoIterator<Item = Uuid>) {
        self.known.extend(books);
        self.was_known |= !self.known.is_empty();
    }
}

/// Columns of a book that are needed for matching.
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
        Some((isbn?, if brought { Match::Duplicate } else { Match::Existing(id) }))
    });
    Ok(matched.collect())
}

/// Editions by work key, the oldest first, those without an ISBN before the others.
async fn by_work(
    txn: &DatabaseTransaction,
    import: Import,
    works: Vec<i64>,
) -> Result<HashMap<i64, Editions>> {
    if works.is_empty() {
        return Ok(HashMap::new());
    }
    // Without a condition on the owner: for an owner of very many books, the database would scan all of them.
    let found = found().filter(Column::Work.is_in(padded(works.clone()))).limit(FEW);
    let mut found = found.into_model::<Found>().all(txn).await?;
    if found.len() as u64 == FEW {
        return one_by_one(txn, import, works).await;
    }
    found.sort_unstable_by_key(|book| (book.isbn.is_some(), book.created_at, book.id));
    let mut by_work: HashMap<i64, Editions> = HashMap::new();
    for Found { id, work, isbn, owner_id, created_at } in found {
        let Some(work) = work.filter(|_| owner_id == import.owner) else { continue };
        if created_at != import.began {
            by_work.entry(work).or_default().add([id]);
        } else if isbn.is_none() {
            by_work.entry(work).or_default().brought = true;
        }
    }
    Ok(by_work)
}

/// Same as [`by_work`], with one query per work, for works with too many books for a single one.
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
            .filter(Column::Work.eq(work));
        let (before, after) = (Column::CreatedAt.lt(import.began), Column::CreatedAt.gt(import.began));
        let editions = by_work.entry(work).or_default();
        // Each condition is one index range. If one book suffices, the scan ends with its first row.
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

/// Makes PostgreSQL use its indexes. It caches the plan of a repeated statement, which it may have made while the
/// table was empty.
pub(super) async fn prefer_indexes(txn: &DatabaseTransaction) -> Result<()> {
    if txn.get_database_backend() == DbBackend::Postgres {
        txn.execute_unprepared("SET LOCAL enable_seqscan = off").await?;
    }
    Ok(())
}

/// Sets missing work keys of the actor's books.
pub(super) async fn set_work_keys(txn: &DatabaseTransaction, import: Import) -> Result<()> {
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
            let row = ActiveModel { work: Set(Some(work_key::of(&title, &author))), ..no_change() };
            Entity::update_many().set(row).filter(Column::Id.eq(id)).exec(txn).await?;
        }
    }
}

/// Update that sets nothing, neither a new id nor a new version.
fn no_change() -> ActiveModel {
    <ActiveModel as sea_orm::ActiveModelTrait>::default()
}

fn owned(import: Import) -> impl IntoCondition {
    import.owner.map_or_else(|| Column::OwnerId.is_null(), |owner| Column::OwnerId.eq(owner))
}
