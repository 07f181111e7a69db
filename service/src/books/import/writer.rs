//! Writer of an import: matches rows with the catalogue, writes them and counts the results.

use std::collections::HashSet;

use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait, TryInsertResult};
use uuid::Uuid;

use super::{
    ImportOptions, OnConflict, STATEMENT_SIZES,
    format::{Content, Row, problem},
    matcher::{self, Import, Match, Matcher},
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
    import: Import,
    /// Books that rows matched, if they may change.
    met: HashSet<Uuid>,
    /// Whether all of the actor's books have their work keys.
    named: bool,
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
            import: Import {
                owner: actor.id(),
                began: cx.clock().now(),
                update: options.on_conflict == OnConflict::Update,
                own: matches!(format, ImportFormat::Csv | ImportFormat::Ndjson),
            },
            cx,
            actor,
            met: HashSet::new(),
            named: false,
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
    pub(super) async fn write(&mut self, txn: &DatabaseTransaction, batch: Vec<Row>) -> Result<()> {
        self.report.rows += batch.len() as u64;
        matcher::prefer_indexes(txn).await?;
        if !self.named && batch.iter().any(|row| row.book().is_some_and(|book| book.isbn.is_none())) {
            matcher::set_work_keys(txn, self.import).await?;
            self.named = true;
        }
        let mut known = Matcher::of(txn, self.import, &batch, &self.met).await?;
        let ids = if self.import.update { known.ids() } else { Vec::new() };
        let mut stored = Stored::read(txn, ids).await?;
        let mut new = Vec::new();
        for Row { number, line, content, warnings, .. } in batch {
            let place = (number, line);
            let taken = matches!(content, Content::Book(_));
            for warning in warnings {
                if taken {
                    self.report.warn(problem(place, warning));
                } else {
                    self.report.list(problem(place, warning));
                }
            }
            match content {
                Content::Book(book) => {
                    let key = work_key::of(&book.title, &book.author);
                    match known.find(book.isbn.as_deref(), key) {
                        Match::New => new.push(self.row(*book)),
                        Match::Existing(id) => self.meet(txn, &mut stored, place, id, *book).await?,
                        Match::Duplicate => new.extend(self.repeat(place, *book)),
                        Match::Met => self.meet_again(place),
                    }
                }
                Content::Bad(errors) => {
                    self.report.failed += 1;
                    for error in errors {
                        self.report.list(problem(place, error));
                    }
                }
                Content::Other(error) => {
                    self.report.skipped += 1;
                    self.report.list(problem(place, error));
                }
            }
        }
        self.insert(txn, new).await
    }

    fn row(&self, book: NewBook) -> ActiveModel {
        let mut row = book.into_row(self.import.owner);
        row.created_at = Set(self.import.began);
        row.updated_at = Set(self.import.began);
        row
    }

    /// Row that looks like an earlier one: the same book, except in Bookly's own formats, which list each book once.
    fn repeat(&mut self, place: (u64, u64), book: NewBook) -> Option<ActiveModel> {
        if !self.import.own || book.isbn.is_some() {
            self.meet_again(place);
            return None;
        }
        let detail = "has the title and the author of a row before it, and was taken as another book";
        self.report.warn(problem(place, FieldError::new("", FieldCode::Repeated, detail)));
        Some(self.row(book))
    }

    /// Skips a row whose book another row has described.
    fn meet_again(&mut self, place: (u64, u64)) {
        self.report.unchanged += 1;
        let detail = "is the same book as another row";
        self.report.warn(problem(place, FieldError::new("", FieldCode::Repeated, detail)));
    }

    /// Counts a stored book; updates it if requested and permitted.
    async fn meet(
        &mut self,
        txn: &DatabaseTransaction,
        stored: &mut Stored,
        place: (u64, u64),
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
            let error = FieldError::new("", FieldCode::Forbidden, "the book is somebody else's");
            self.report.list(problem(place, error));
            return Ok(());
        }
        if !self.met.insert(id) {
            self.meet_again(place);
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
