//! The database's side of an import: which book a row is, and what becomes of it.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, TryInsertResult,
};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use super::{Format, OnConflict, Options, Problem, Report, format::Row};
use crate::{Actor, FieldError, Result, access::Action, books::NewBook, db};
use entity::books::{ActiveModel, Column, Entity, Model};

/// Matches rows with the catalogue and writes them, batch by batch.
pub(super) struct Writer {
    actor: Actor,
    update: bool,
    report: Report,
    /// Books of this file that are new, by ISBN.
    new_isbns: HashSet<String>,
    /// Books of the actor, by title and author; read when the first row without an ISBN comes. A book
    /// that this file brought with an ISBN is not among them: a row without one is another edition.
    shelf: Option<HashMap<u64, Option<Uuid>>>,
}

/// What a row is to the catalogue.
enum Match {
    New,
    Known(Uuid),
    /// A row before it in this file brought the same book.
    Repeated,
}

impl Writer {
    pub(super) fn new(actor: Actor, options: &Options, format: Format, charset: &str) -> Self {
        Self {
            actor,
            update: options.on_conflict == OnConflict::Update,
            report: Report::new(format, charset, options.dry_run),
            new_isbns: HashSet::new(),
            shelf: None,
        }
    }

    pub(super) fn into_report(self) -> Report {
        self.report
    }

    /// Writes a batch.
    pub(super) async fn write(&mut self, txn: &DatabaseTransaction, batch: Vec<Row>) -> Result<()> {
        self.report.rows += batch.len() as u64;
        let known = known_isbns(txn, &batch).await?;
        let mut new = Vec::new();
        for mut row in batch {
            for warning in std::mem::take(&mut row.warnings) {
                self.warn(row.problem(warning));
            }
            match std::mem::replace(&mut row.book, Err(Vec::new())) {
                Err(errors) => {
                    self.report.failed += 1;
                    for error in errors {
                        self.report.list(row.problem(error));
                    }
                }
                Ok(book) => match self.find(txn, &book, &known).await? {
                    Match::New => new.push(book.into_row(self.actor.id)),
                    Match::Known(id) => self.meet(txn, &row, id, *book).await?,
                    Match::Repeated => {
                        self.report.unchanged += 1;
                        let detail = "is the same book as a row before it";
                        self.warn(row.problem(FieldError::new("", "repeated", detail)));
                    }
                },
            }
        }
        self.insert(txn, new).await
    }

    /// Tells which book a row is: by its ISBN, else by title and author among the actor's own.
    async fn find(
        &mut self,
        txn: &DatabaseTransaction,
        book: &NewBook,
        known: &HashMap<String, Uuid>,
    ) -> Result<Match> {
        if let Some(isbn) = &book.isbn {
            return Ok(match known.get(isbn) {
                _ if self.new_isbns.contains(isbn) => Match::Repeated,
                Some(id) => Match::Known(*id),
                None => {
                    self.new_isbns.insert(isbn.clone());
                    Match::New
                }
            });
        }
        if self.shelf.is_none() {
            self.shelf = Some(read_shelf(txn, self.actor.id, &self.new_isbns).await?);
        }
        let shelf = self.shelf.get_or_insert_default();
        let key = work(&book.title, &book.author);
        Ok(match shelf.get(&key) {
            Some(Some(id)) => Match::Known(*id),
            Some(None) => Match::Repeated,
            None => {
                shelf.insert(key, None);
                Match::New
            }
        })
    }

    /// Counts a book that is in the catalogue, and changes it where that was asked for and is allowed.
    async fn meet(&mut self, txn: &DatabaseTransaction, row: &Row, id: Uuid, new: NewBook) -> Result<()> {
        let stored = if self.update { Entity::find_by_id(id).lock_exclusive().one(txn).await? } else { None };
        let Some(stored) = stored else {
            self.report.unchanged += 1;
            return Ok(());
        };
        if self.actor.covers(Action::UpdateBook, stored.owner_id).is_err() {
            self.report.skipped += 1;
            let error = FieldError::new("", "forbidden", "the book is somebody else's");
            self.report.list(row.problem(error));
            return Ok(());
        }
        let changed = merge(stored, new);
        if changed.is_changed() {
            db::update(txn, changed, Column::Version, None, &["isbn"]).await?;
            self.report.updated += 1;
        } else {
            self.report.unchanged += 1;
        }
        Ok(())
    }

    async fn insert(&mut self, txn: &DatabaseTransaction, rows: Vec<ActiveModel>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let wanted = rows.len() as u64;
        // Somebody else may have added one of the books since this batch was matched.
        let insert = Entity::insert_many(rows).on_conflict_do_nothing_on([Column::Isbn]);
        let created = match insert.exec_without_returning(txn).await? {
            TryInsertResult::Inserted(created) => Ord::min(created, wanted),
            TryInsertResult::Conflicted | TryInsertResult::Empty => 0,
        };
        self.report.created += created;
        self.report.unchanged += wanted - created;
        Ok(())
    }

    fn warn(&mut self, problem: Problem) {
        self.report.warnings += 1;
        self.report.list(problem);
    }
}

/// Which of a batch's ISBNs the catalogue has.
async fn known_isbns(txn: &DatabaseTransaction, batch: &[Row]) -> Result<HashMap<String, Uuid>> {
    let isbns: Vec<&str> = batch.iter().filter_map(|row| row.book.as_ref().ok()?.isbn.as_deref()).collect();
    if isbns.is_empty() {
        return Ok(HashMap::new());
    }
    let known: Vec<(String, Uuid)> = Entity::find()
        .select_only()
        .columns([Column::Isbn, Column::Id])
        .filter(Column::Isbn.is_in(isbns))
        .into_tuple()
        .all(txn)
        .await?;
    Ok(known.into_iter().collect())
}

/// The works on the actor's shelf, without the books that this file brought.
async fn read_shelf(
    txn: &DatabaseTransaction,
    owner: Option<Uuid>,
    new_isbns: &HashSet<String>,
) -> Result<HashMap<u64, Option<Uuid>>> {
    let owned = owner.map_or_else(|| Column::OwnerId.is_null(), |owner| Column::OwnerId.eq(owner));
    let books: Vec<(Uuid, String, String, Option<String>)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Title, Column::Author, Column::Isbn])
        .filter(owned)
        .into_tuple()
        .all(txn)
        .await?;
    let before = books
        .into_iter()
        .filter(|(_, _, _, isbn)| isbn.as_ref().is_none_or(|isbn| !new_isbns.contains(isbn)));
    Ok(before.map(|(id, title, author, _)| (work(&title, &author), Some(id))).collect())
}

/// Names a work by its title and author, in whatever letter case and spacing they are written.
fn work(title: &str, author: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for text in [title, author] {
        let folded: String = text.nfkc().collect::<String>().to_lowercase();
        folded.split_whitespace().for_each(|word| word.hash(&mut hasher));
        0xff_u8.hash(&mut hasher);
    }
    hasher.finish()
}

/// The columns that a file has something to say about.
const CONTENT: [Column; 12] = [
    Column::Title,
    Column::Subtitle,
    Column::Author,
    Column::Publisher,
    Column::PublishedDate,
    Column::PageCount,
    Column::Language,
    Column::Isbn,
    Column::Description,
    Column::PriceAmount,
    Column::PriceCurrency,
    Column::CoverUrl,
];

/// Sets what the file says and the stored book does not. What the file leaves out stays.
fn merge(stored: Model, new: NewBook) -> ActiveModel {
    let mut row = stored.into_active_model();
    let new = new.into_row(None);
    for column in CONTENT {
        if let Some(value) = new.get(column).into_value()
            && value != value.as_null()
            && Some(&value) != row.get(column).into_value().as_ref()
        {
            row.set(column, value);
        }
    }
    row
}
