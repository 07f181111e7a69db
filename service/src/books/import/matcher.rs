//! Matching of the rows of a batch with stored books: by ISBN, and by work key among the actor's own books. Books that
//! this import created are recognized by their common `created_at`.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, FromQueryResult, Order,
    QueryFilter, QueryOrder, QuerySelect, Select, prelude::DateTimeWithTimeZone, sea_query::IntoCondition,
};
use uuid::Uuid;

use super::{BATCH, format::ImportRow, known::Known, padded};
use crate::{Result, books::work_key};
use entity::books::{Column, Entity};

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
    Exhausted,
}

/// Options of matching: owner of the books, start of the import, and treatment of duplicates.
#[derive(Debug, Clone, Copy)]
pub(super) struct MatchOptions {
    pub(super) owner: Option<Uuid>,
    pub(super) started_at: DateTimeWithTimeZone,
    /// True to update existing books: each then matches one row of the file only.
    pub(super) update: bool,
    /// True for Bookly's own formats, in which two rows are two books even if they look the same.
    pub(super) own_format: bool,
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
    /// Books from before this import that rows can still match, in order.
    candidates: VecDeque<Uuid>,
    /// Whether any book is from before this import.
    had_candidates: bool,
    /// Whether this import created one.
    created: bool,
}

impl Matcher {
    /// Reads the candidates of a batch. `known` are the books of earlier batches.
    pub(super) async fn of(
        txn: &DatabaseTransaction,
        options: MatchOptions,
        batch: &[ImportRow],
        known: &Known,
    ) -> Result<Self> {
        let books = || batch.iter().filter_map(ImportRow::book);
        let isbns: Vec<&str> = books().filter_map(|book| book.isbn.as_deref()).collect();
        let mut works: BTreeMap<i64, usize> = BTreeMap::new();
        for book in books().filter(|book| book.isbn.is_none()) {
            *works.entry(work_key::of(&book.title, &book.author)).or_default() += 1;
        }
        let (mut by_isbn, mut by_work) = (HashMap::new(), HashMap::new());
        for isbns in isbns.chunks(BATCH) {
            by_isbn.extend(self::by_isbn(txn, options, isbns).await?);
        }
        for works in works.keys().copied().collect::<Vec<_>>().chunks(BATCH) {
            by_work.extend(self::by_work(txn, options, works).await?);
        }
        add_known(known, &isbns, &mut by_isbn);
        add_known_works(known, works.keys().copied(), &mut by_work);
        let matched_by_isbn: HashSet<Uuid> = by_isbn.values().filter_map(Match::id).collect();
        for (work, editions) in &mut by_work {
            if !(options.own_format && options.update) {
                editions.candidates.truncate(1);
            }
            if options.update {
                // A row with the ISBN describes a book more reliably than one with its title.
                editions.candidates.retain(|id| !known.matched.contains(id) && !matched_by_isbn.contains(id));
                editions.candidates.truncate(works.get(work).copied().unwrap_or_default());
            }
        }
        Ok(Self { by_isbn, by_work, update: options.update })
    }

    /// Ids of the candidates.
    pub(super) fn ids(&self) -> Vec<Uuid> {
        let editions = self.by_work.values().flat_map(|editions| editions.candidates.iter().copied());
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
            Self::New | Self::Duplicate | Self::Exhausted => None,
        }
    }
}

impl Editions {
    /// Match of the next row. Without updates, all rows may match the same book.
    fn next(&mut self, update: bool) -> Match {
        let candidate = if update { self.candidates.pop_front() } else { self.candidates.front().copied() };
        match candidate {
            Some(id) => Match::Existing(id),
            None if self.had_candidates => Match::Exhausted,
            None if self.created => Match::Duplicate,
            None => {
                self.created = true;
                Match::New
            }
        }
    }

    /// Adds books from before this import, in the order in which rows match them.
    fn add(&mut self, books: impl IntoIterator<Item = Uuid>) {
        self.candidates.extend(books);
        self.had_candidates |= !self.candidates.is_empty();
    }
}

/// Columns of a book that are needed for matching.
#[derive(FromQueryResult)]
struct Candidate {
    id: Uuid,
    work_key: Option<i64>,
    isbn: Option<String>,
    owner_id: Option<Uuid>,
    created_at: DateTimeWithTimeZone,
}

fn select_candidates() -> Select<Entity> {
    Entity::find().select_only().columns([
        Column::Id,
        Column::WorkKey,
        Column::Isbn,
        Column::OwnerId,
        Column::CreatedAt,
    ])
}

/// Adds the books with an ISBN that a trial would have created in earlier batches.
fn add_known(known: &Known, isbns: &[&str], by_isbn: &mut HashMap<String, Match>) {
    for isbn in isbns.iter().filter(|isbn| known.has_isbn(isbn)) {
        by_isbn.entry((*isbn).to_owned()).or_insert(Match::Duplicate);
    }
}

/// Adds the changes of works that a trial would have made in earlier batches.
fn add_known_works(known: &Known, works: impl Iterator<Item = i64>, by_work: &mut HashMap<i64, Editions>) {
    for editions in by_work.values_mut() {
        editions.candidates.retain(|id| !known.is_moved(id));
        editions.had_candidates = !editions.candidates.is_empty();
    }
    for work in works {
        if known.has_work(work) {
            by_work.entry(work).or_default().created = true;
        }
        if known.is_moved_to(work) {
            by_work.entry(work).or_default().had_candidates = true;
        }
    }
}

async fn by_isbn(
    txn: &DatabaseTransaction,
    options: MatchOptions,
    isbns: &[&str],
) -> Result<HashMap<String, Match>> {
    let found = select_candidates()
        .filter(Column::Isbn.is_in(padded(isbns)))
        .into_model::<Candidate>()
        .all(txn)
        .await?;
    let matched =
        found.into_iter().filter_map(|Candidate { id, work_key: _, isbn, owner_id, created_at }| {
            let created = created_at == options.started_at && owner_id == options.owner;
            Some((isbn?, if created { Match::Duplicate } else { Match::Existing(id) }))
        });
    Ok(matched.collect())
}

/// Editions by work key, the oldest first, those without an ISBN before the others.
async fn by_work(
    txn: &DatabaseTransaction,
    options: MatchOptions,
    works: &[i64],
) -> Result<HashMap<i64, Editions>> {
    // Without a condition on the owner: for an owner of very many books, the database would scan all of them.
    let found = select_candidates().filter(Column::WorkKey.is_in(padded(works))).limit(FEW);
    let mut found = found.into_model::<Candidate>().all(txn).await?;
    if found.len() as u64 == FEW {
        return by_single_works(txn, options, works).await;
    }
    found.sort_unstable_by_key(|book| (book.isbn.is_some(), book.created_at, book.id));
    let mut by_work: HashMap<i64, Editions> = HashMap::new();
    for Candidate { id, work_key, isbn, owner_id, created_at } in found {
        let Some(work) = work_key.filter(|_| owner_id == options.owner) else { continue };
        if created_at != options.started_at {
            by_work.entry(work).or_default().add([id]);
        } else if isbn.is_none() {
            by_work.entry(work).or_default().created = true;
        }
    }
    Ok(by_work)
}

/// Same as [`by_work`], with one query per work, for works with too many books for a single one.
async fn by_single_works(
    txn: &DatabaseTransaction,
    options: MatchOptions,
    works: &[i64],
) -> Result<HashMap<i64, Editions>> {
    let mut by_work: HashMap<i64, Editions> = HashMap::new();
    for work in works.iter().copied() {
        let books = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(owned(options.owner))
            .filter(Column::WorkKey.eq(work));
        let (before, after) =
            (Column::CreatedAt.lt(options.started_at), Column::CreatedAt.gt(options.started_at));
        let editions = by_work.entry(work).or_default();
        // Each condition is one index range. If one book suffices, the scan ends with its first row.
        for other in [before, after] {
            let books = books.clone().filter(other);
            let books = if options.own_format && options.update {
                books
                    .order_by(Column::Isbn.is_not_null(), Order::Asc)
                    .order_by_asc(Column::CreatedAt)
                    .order_by_asc(Column::Id)
            } else {
                books.limit(1)
            };
            editions.add(books.into_tuple::<Uuid>().all(txn).await?);
        }
        let created =
            books.filter(Column::CreatedAt.eq(options.started_at)).filter(Column::Isbn.is_null()).limit(1);
        editions.created = created.into_tuple::<Uuid>().one(txn).await?.is_some();
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

/// Condition of an owner's books.
pub(super) fn owned(owner: Option<Uuid>) -> impl IntoCondition {
    owner.map_or_else(|| Column::OwnerId.is_null(), |owner| Column::OwnerId.eq(owner))
}
