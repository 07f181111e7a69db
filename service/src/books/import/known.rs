//! Memory of an import between its batches: the books that rows matched and, in a trial, its writes, which the database
//! does not have.

use std::collections::{HashMap, HashSet};

use sea_orm::ActiveValue;
use uuid::Uuid;

use entity::books::ActiveModel;

/// Books of earlier batches.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Books that rows matched, if they may change.
    pub(super) matched: HashSet<Uuid>,
    /// ISBNs of books that a trial would have created.
    isbns: HashSet<u64>,
    /// Work keys of books without an ISBN that a trial would have created.
    works: HashSet<i64>,
    /// Books whose work key a trial would have changed, with the new one.
    moved: HashMap<Uuid, i64>,
    /// The new work keys.
    moved_to: HashSet<i64>,
}

impl Known {
    /// Adds what a batch found.
    pub(super) fn add(&mut self, other: Self) {
        let Self { matched, isbns, works, moved, moved_to } = other;
        self.matched.extend(matched);
        self.isbns.extend(isbns);
        self.works.extend(works);
        self.moved.extend(moved);
        self.moved_to.extend(moved_to);
    }

    /// Notes a book that a trial would have created.
    pub(super) fn create(&mut self, book: &ActiveModel) {
        match (book.isbn.try_as_ref(), book.work_key.try_as_ref()) {
            (Some(Some(isbn)), _) => self.isbns.extend(isbn.parse::<u64>()),
            (_, Some(Some(work))) => self.works.extend([*work]),
            _ => {}
        }
    }

    /// Notes a book that a trial would have updated.
    pub(super) fn update(&mut self, id: Uuid, change: &ActiveModel) {
        if let ActiveValue::Set(Some(work)) = change.work_key {
            self.moved.insert(id, work);
            self.moved_to.insert(work);
        }
    }

    /// Whether a trial would have created the book with this ISBN.
    pub(super) fn has_isbn(&self, isbn: &str) -> bool {
        isbn.parse().is_ok_and(|isbn| self.isbns.contains(&isbn))
    }

    /// Whether a trial would have created a book of this work without an ISBN.
    pub(super) fn has_work(&self, work: i64) -> bool {
        self.works.contains(&work)
    }

    /// Whether a trial would have made a book one of another work.
    pub(super) fn is_moved(&self, book: &Uuid) -> bool {
        self.moved.contains_key(book)
    }

    /// Whether a trial would have made another book one of this work.
    pub(super) fn is_moved_to(&self, work: i64) -> bool {
        self.moved_to.contains(&work)
    }
}
