//! Writer of an import: matches rows with the catalogue, writes them and counts the results.

use std::collections::HashSet;

use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait, TryInsertResult};
use uuid::Uuid;

use super::{
    ImportOptions, OnConflict, STATEMENT_SIZES,
    format::{ImportRow, RowContent, RowPosition},
    matcher::{self, Match, MatchOptions, Matcher},
    merge::Stored,
};
use crate::{
    Actor, Context, FieldCode, FieldError, Result,
    access::Action,
    books::{NewBook, work_key},
    error::{OrViolated, Reference},
    report::{ImportFormat, ImportReport},
    sessions,
};
use entity::books::{ActiveModel, Column, Entity};

/// Writer of batches.
pub(super) struct Writer {
    cx: Context,
    actor: Actor,
    options: MatchOptions,
    /// Books that rows matched, if they may change.
    matched: HashSet<Uuid>,
    /// Whether all of the actor's books have their work keys.
    has_work_keys: bool,
    report: ImportReport,
}

impl Writer {
    pub(super) fn new(
        cx: Context,
        actor: Actor,
        options: &ImportOptions,
        format: ImportFormat,
        charset: &str,
    ) -> Self {
        Self {
            options: MatchOptions {
                owner: actor.id(),
                started_at: cx.clock().now(),
                update: options.on_conflict == OnConflict::Update,
                own_format: matches!(format, ImportFormat::Csv | ImportFormat::Ndjson),
            },
            cx,
            actor,
            matched: HashSet::new(),
            has_work_keys: false,
            report: ImportReport::new(format, charset, options.dry_run),
        }
    }

    pub(super) fn into_report(self) -> ImportReport {
        self.report
    }

    /// Rejects the import if the actor lost its permission meanwhile.
    pub(super) async fn confirm(&self, txn: &DatabaseTransaction) -> Result<()> {
        sessions::confirm(txn, &self.actor, self.cx.clock().now()).await
    }

    /// Writes a batch.
    pub(super) async fn write(&mut self, txn: &DatabaseTransaction, batch: Vec<ImportRow>) -> Result<()> {
        self.report.rows += batch.len() as u64;
        matcher::prefer_indexes(txn).await?;
        self.complete_work_keys(txn, &batch).await?;
        let mut matcher = Matcher::of(txn, self.options, &batch, &self.matched).await?;
        let ids = if self.options.update { matcher.ids() } else { Vec::new() };
        let mut stored = Stored::read(txn, ids).await?;
        let mut new = Vec::new();
        for ImportRow { position, content, warnings, .. } in batch {
            self.list_warnings(position, &content, warnings);
            let Some(book) = self.valid_book(position, content) else { continue };
            match matcher.find(book.isbn.as_deref(), work_key::of(&book.title, &book.author)) {
                Match::New => new.push(self.row(book)),
                Match::Existing(id) => self.update(txn, &mut stored, position, id, book).await?,
                Match::Duplicate => new.extend(self.duplicate(position, book)),
                Match::Exhausted => self.skip_repeated(position),
            }
        }
        self.insert(txn, new).await
    }

    /// Sets missing work keys of the actor's books before the first row without an ISBN is matched.
    async fn complete_work_keys(&mut self, txn: &DatabaseTransaction, batch: &[ImportRow]) -> Result<()> {
        if !self.has_work_keys && batch.iter().any(|row| row.book().is_some_and(|book| book.isbn.is_none())) {
            matcher::set_work_keys(txn, self.options).await?;
            self.has_work_keys = true;
        }
        Ok(())
    }

    /// Lists the warnings of a row. They count only if the row has a book.
    fn list_warnings(&mut self, position: RowPosition, content: &RowContent, warnings: Vec<FieldError>) {
        let has_book = matches!(content, RowContent::Book(_));
        for warning in warnings {
            if has_book {
                self.report.warn(position.problem(warning));
            } else {
                self.report.list(position.problem(warning));
            }
        }
    }

    /// Book of a row. A row without one is counted as failed or skipped, and its errors are listed.
    fn valid_book(&mut self, position: RowPosition, content: RowContent) -> Option<NewBook> {
        match content {
            RowContent::Book(book) => return Some(*book),
            RowContent::Invalid(errors) => {
                self.report.failed += 1;
                for error in errors {
                    self.report.list(position.problem(error));
                }
            }
            RowContent::Other(error) => {
                self.report.skipped += 1;
                self.report.list(position.problem(error));
            }
        }
        None
    }

    /// Database row of a new book.
    fn row(&self, book: NewBook) -> ActiveModel {
        let mut row = book.into_row(self.options.owner);
        row.created_at = Set(self.options.started_at);
        row.updated_at = Set(self.options.started_at);
        row
    }

    /// Row that looks like an earlier one: the same book, except in Bookly's own formats, which list each book once.
    fn duplicate(&mut self, position: RowPosition, book: NewBook) -> Option<ActiveModel> {
        if !self.options.own_format || book.isbn.is_some() {
            self.skip_repeated(position);
            return None;
        }
        let detail = "has the title and author of an earlier row, and was imported as another book";
        self.report.warn(position.problem(FieldError::new("", FieldCode::Repeated, detail)));
        Some(self.row(book))
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
        stored: &mut Stored,
        position: RowPosition,
        id: Uuid,
        new: NewBook,
    ) -> Result<()> {
        // Books are read only if they may change.
        let Some(book) = stored.get(id).cloned() else {
            self.report.unchanged += 1;
            return Ok(());
        };
        if !self.actor.can(Action::UpdateBook, book.owner_id) {
            self.report.skipped += 1;
            let error = FieldError::new("", FieldCode::Forbidden, "the book belongs to another account");
            self.report.list(position.problem(error));
            return Ok(());
        }
        if !self.matched.insert(id) {
            self.skip_repeated(position);
        } else if stored.update(txn, book, new).await? {
            self.report.updated += 1;
        } else {
            self.report.unchanged += 1;
        }
        Ok(())
    }

    async fn insert(&mut self, txn: &DatabaseTransaction, mut rows: Vec<ActiveModel>) -> Result<()> {
        for size in STATEMENT_SIZES {
            while rows.len() >= size {
                let part: Vec<ActiveModel> = rows.drain(..size).collect();
                // Another writer may have added one of the books since this batch was matched.
                let insert = Entity::insert_many(part).on_conflict_do_nothing_on([Column::Isbn]);
                let created = match insert.exec_without_returning(txn).await.or_missing(Reference::Account)? {
                    TryInsertResult::Inserted(created) => Ord::min(created, size as u64),
                    TryInsertResult::Conflicted | TryInsertResult::Empty => 0,
                };
                self.report.created += created;
                self.report.unchanged += size as u64 - created;
            }
        }
        Ok(())
    }
}
