//! Batch of rows: matched with the catalogue and written in one transaction, which may run several times.

use std::{collections::HashMap, sync::Arc, time::Duration};

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    PaginatorTrait, QueryFilter, TryInsertResult,
};
use uuid::Uuid;

use super::{
    STATEMENT_SIZES,
    format::{ImportRow, RowContent, RowPosition},
    known::Known,
    matcher::{self, Match, MatchOptions, Matcher},
    merge,
    source::FileSize,
};
use crate::{
    Actor, Context, Error, FieldCode, FieldError, Result,
    access::Action,
    admission::Admission,
    books::{NewBook, work_key},
    error::{OrViolated, Reference},
    report::ImportReport,
    sessions,
};
use entity::books::{ActiveModel, Column, Entity, Model};

/// Parts of an import that all batches share.
pub(super) struct Import {
    pub(super) cx: Context,
    pub(super) actor: Actor,
    pub(super) admission: Admission,
    pub(super) options: MatchOptions,
    pub(super) size: FileSize,
    pub(super) is_atomic: bool,
    pub(super) dry_run: bool,
}

/// Rows of one transaction.
pub(super) struct Batch {
    pub(super) import: Arc<Import>,
    pub(super) known: Arc<Known>,
    pub(super) rows: Vec<ImportRow>,
    /// Books that the account may still have.
    pub(super) room: u64,
    /// Report without rows.
    pub(super) report: ImportReport,
}

/// Result of a batch, which counts once its transaction is committed.
pub(super) struct Written {
    pub(super) report: ImportReport,
    pub(super) known: Known,
    /// Time that the database worked.
    pub(super) time: Duration,
}

impl Batch {
    /// Writes the batch, or only matches it in a trial.
    ///
    /// # Errors
    /// [`Error::ImportFailed`] if a row of an atomic import fails, [`Error::InvalidToken`] if the actor lost its
    /// permission meanwhile.
    pub(super) async fn write(&self, txn: &DatabaseTransaction) -> Result<Written> {
        let (began, import) = (self.import.cx.clock().monotonic(), &*self.import);
        matcher::prefer_indexes(txn).await?;
        if import.size != FileSize::Small {
            merge::limit_waits(txn).await?;
        }
        let mut matcher = Matcher::of(txn, import.options, &self.rows, &self.known).await?;
        let ids = if import.options.update { matcher.ids() } else { Vec::new() };
        let stored = merge::read(txn, ids, !import.dry_run).await?;
        let (report, known) = (self.report.clone(), Known::default());
        let mut writer = RowWriter { batch: self, stored, new: Vec::new(), report, known };
        for row in &self.rows {
            writer.report.list_row(row);
            if let Some(book) = row.book() {
                writer.write(txn, &mut matcher, row.position, book.clone()).await?;
            }
        }
        writer.insert(txn).await?;
        sessions::confirm(txn, &import.actor, import.cx.clock().now()).await?;
        let RowWriter { report, known, .. } = writer;
        if import.is_atomic && report.failed > 0 {
            return Err(Error::ImportFailed(Box::new(report.nothing_written())));
        }
        let time = Duration::from_nanos(import.cx.clock().monotonic() - began);
        Ok(Written { report, known, time })
    }
}

/// Writer of the rows of a batch.
struct RowWriter<'b> {
    batch: &'b Batch,
    /// Books that rows may change.
    stored: HashMap<Uuid, Model>,
    /// Books that are created at the end of the batch.
    new: Vec<ActiveModel>,
    report: ImportReport,
    known: Known,
}

impl RowWriter<'_> {
    async fn write(
        &mut self,
        txn: &DatabaseTransaction,
        matcher: &mut Matcher,
        position: RowPosition,
        book: NewBook,
    ) -> Result<()> {
        match matcher.find(book.isbn.as_deref(), work_key::of(&book.title, &book.author)) {
            Match::New => self.create(position, book),
            Match::Existing(id) => return self.update(txn, position, id, book).await,
            Match::Duplicate => self.duplicate(position, book),
            Match::Exhausted => self.skip_repeated(position),
        }
        Ok(())
    }

    /// Adds a new book, if there is room for it.
    fn create(&mut self, position: RowPosition, book: NewBook) {
        if self.new.len() as u64 >= self.batch.room {
            self.report.failed += 1;
            let most = self.batch.import.cx.policy().books;
            let detail = format!("the account has its maximum of {most} books");
            self.report.list(position.problem(FieldError::new("", FieldCode::TooManyBooks, detail)));
            return;
        }
        let options = self.batch.import.options;
        let mut row = book.into_row(options.owner);
        row.created_at = Set(options.started_at);
        row.updated_at = Set(options.started_at);
        self.new.push(row);
    }

    /// Adds a book that looks like that of an earlier row: it is the same book, except in Bookly's own formats, which
    /// list each book once.
    fn duplicate(&mut self, position: RowPosition, book: NewBook) {
        if !self.batch.import.options.own_format || book.isbn.is_some() {
            return self.skip_repeated(position);
        }
        let detail = "has the title and author of an earlier row, and was imported as another book";
        self.report.warn(position.problem(FieldError::new("", FieldCode::Repeated, detail)));
        self.create(position, book);
    }

    /// Skips a row whose book another row has described.
    fn skip_repeated(&mut self, position: RowPosition) {
        self.report.unchanged += 1;
        let detail = "is the same book as another row";
        self.report.warn(position.problem(FieldError::new("", FieldCode::Repeated, detail)));
    }

    /// Counts a stored book; updates it if requested and permitted.
    async fn update(
        &mut self,
        txn: &DatabaseTransaction,
        position: RowPosition,
        id: Uuid,
        new: NewBook,
    ) -> Result<()> {
        // Books are read only if they may change.
        let Some(book) = self.stored.get(&id) else {
            self.report.unchanged += 1;
            return Ok(());
        };
        if !self.batch.import.actor.can(Action::UpdateBook, book.owner_id) {
            self.report.skipped += 1;
            let error = FieldError::new("", FieldCode::Forbidden, "the book belongs to another account");
            self.report.list(position.problem(error));
            return Ok(());
        }
        if self.batch.known.matched.contains(&id) || !self.known.matched.insert(id) {
            self.skip_repeated(position);
            return Ok(());
        }
        let Some(change) = merge::change(book.clone(), new) else {
            self.report.unchanged += 1;
            return Ok(());
        };
        self.report.updated += 1;
        if self.batch.import.dry_run {
            self.known.update(id, &change);
            return Ok(());
        }
        merge::update(txn, change).await
    }

    /// Creates the new books. They keep the ids of their order in the file, but are written in the order of their ISBNs:
    /// two imports that wait for each other's ISBNs would be a deadlock.
    async fn insert(&mut self, txn: &DatabaseTransaction) -> Result<()> {
        let mut rows = std::mem::take(&mut self.new);
        if self.batch.import.dry_run {
            self.report.created += rows.len() as u64;
            for row in &rows {
                self.known.create(row);
            }
            return Ok(());
        }
        rows.sort_by(|a, b| a.isbn.try_as_ref().cmp(&b.isbn.try_as_ref()));
        for size in STATEMENT_SIZES {
            while rows.len() >= size {
                let part: Vec<ActiveModel> = rows.drain(..size).collect();
                let ids: Vec<Uuid> = part.iter().filter_map(|row| row.id.try_as_ref().copied()).collect();
                // Another writer may have added one of the books since this batch was matched.
                let insert = Entity::insert_many(part).on_conflict_do_nothing_on([Column::Isbn]);
                let created = match insert.exec_without_returning(txn).await.or_missing(Reference::Account)? {
                    // MariaDB counts the rows that it found, too.
                    TryInsertResult::Inserted(_) if txn.get_database_backend() == DbBackend::MySql => {
                        Entity::find().filter(Column::Id.is_in(ids)).count(txn).await?
                    }
                    TryInsertResult::Inserted(created) => created,
                    TryInsertResult::Conflicted | TryInsertResult::Empty => 0,
                };
                self.report.created += created;
                self.report.unchanged += size as u64 - created;
            }
        }
        Ok(())
    }
}

impl ImportReport {
    /// Counts a row, and lists its problems. Its warnings count only if it has a book.
    pub(super) fn list_row(&mut self, row: &ImportRow) {
        self.rows += 1;
        let ImportRow { position, content, warnings, unread, bytes: _ } = row;
        self.leave_unread(unread);
        let has_book = matches!(content, RowContent::Book(_));
        for warning in warnings {
            if has_book {
                self.warn(position.problem(warning.clone()));
            } else {
                self.list(position.problem(warning.clone()));
            }
        }
        match content {
            RowContent::Book(_) => {}
            RowContent::Invalid(errors) => {
                self.failed += 1;
                for error in errors {
                    self.list(position.problem(error.clone()));
                }
            }
            RowContent::Other(error) => {
                self.skipped += 1;
                self.list(position.problem(error.clone()));
            }
        }
    }
}
