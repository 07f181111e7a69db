//! Writer of an import: the transactions in which its rows are written, and the sum of their results.

use std::{sync::Arc, time::Duration};

use sea_orm::DatabaseTransaction;

use super::{
    BATCH, ImportMode, ImportOptions, OnConflict,
    batch::{Batch, Import, Written},
    file::File,
    format::{ImportRow, RowContent},
    known::Known,
    matcher::MatchOptions,
    source::{Batches, FileSize},
};
use crate::{
    Actor, Context, Db, Error, Result,
    admission::Admission,
    books::room,
    db::{Priority, Repetition, TransactionOutcome},
    error::Failure,
    limit::RateLimit,
    report::{ImportFormat, ImportReport},
    throttle::Subject,
};

/// Repetition of a transaction that the locks of others prevent, each time after a longer pause.
static LOCKS: Repetition = Repetition {
    failures: &[Failure::Conflict, Failure::Limit],
    most: 9,
    pause: |number| (Duration::from_millis(50) * (number + 1)).mul_f64(0.5 + fastrand::f64()),
};

/// Rows of the first step.
const FIRST_STEP: usize = 200;

/// Rows of the smallest step.
const SMALLEST_STEP: usize = 20;

/// Target time of a step, for which other writers of SQLite wait.
const STEP_TIME: Duration = Duration::from_millis(250);

/// Writer of batches.
#[derive(Clone)]
pub(super) struct Writer {
    import: Arc<Import>,
    db: Db,
    known: Arc<Known>,
    /// Books that the account may still have.
    room: u64,
    report: ImportReport,
}

impl Writer {
    pub(super) async fn open<R: std::io::Read>(
        cx: &Context,
        actor: &Actor,
        admission: Admission,
        options: &ImportOptions,
        (file, size): (&File<R>, FileSize),
    ) -> Result<Self> {
        let priority = if size == FileSize::Small { Priority::Normal } else { Priority::Last };
        let room = match admission.account() {
            Some(account) => room::left(cx, account).await?,
            None => u64::MAX,
        };
        let import = Import {
            options: MatchOptions {
                owner: actor.id(),
                started_at: cx.clock().now(),
                update: options.on_conflict == OnConflict::Update,
                own_format: matches!(
                    file.format(),
                    ImportFormat::Csv | ImportFormat::Ndjson | ImportFormat::Json
                ),
            },
            cx: cx.clone(),
            actor: actor.clone(),
            admission,
            size,
            is_atomic: options.mode == ImportMode::Atomic,
            dry_run: options.dry_run,
        };
        let mut report = ImportReport::new(file.format(), file.charset(), options.dry_run);
        report.leave_unread(file.unread_columns());
        Ok(Self {
            import: Arc::new(import),
            db: cx.db.with_priority(priority),
            known: Arc::default(),
            room,
            report,
        })
    }

    /// Writes all rows in one transaction. Nobody waits for a file with an invalid row: it is rejected before.
    pub(super) async fn at_once(mut self, mut batches: Batches) -> Result<ImportReport> {
        let mut rows = Vec::new();
        while let Some(batch) = batches.recv().await {
            rows.extend(batch?);
        }
        self.step(rows).await?;
        self.into_report()
    }

    /// Writes the rows in steps, each in a transaction of its own that takes a moment.
    pub(super) async fn in_steps(mut self, mut batches: Batches) -> Result<ImportReport> {
        let mut size = FIRST_STEP;
        while let Some(batch) = batches.recv().await {
            let mut rows = batch?;
            while !rows.is_empty() {
                let rest = rows.split_off(Ord::min(size, rows.len()));
                let count = rows.len();
                let time = self.step(rows).await?;
                size = next_step(size, count, time);
                rows = rest;
            }
        }
        self.into_report()
    }

    /// Writes the rows in one transaction that may be of any length. `batches` reads the file from its start, for each
    /// attempt.
    pub(super) async fn in_one_transaction(
        self,
        batches: impl AsyncFn() -> Result<Batches>,
    ) -> Result<ImportReport> {
        let writer = LOCKS.run(|| async {
            let (writer, batches) = (self.clone(), batches().await?);
            self.db.transaction(move |txn| Box::pin(writer.write_all(txn, batches))).await
        });
        writer.await?.into_report()
    }

    /// Writes batches, and rolls them back after an invalid row.
    async fn write_all(
        mut self,
        txn: &DatabaseTransaction,
        mut batches: Batches,
    ) -> Result<TransactionOutcome<Self>> {
        while let Some(rows) = batches.recv().await {
            let rows = rows?;
            if !self.rejects(&rows) {
                let written = self.batch(rows).write(txn).await?;
                self.add(written);
            }
        }
        Ok(match self.report.failed {
            0 => TransactionOutcome::Commit(self),
            _ => TransactionOutcome::Rollback(self),
        })
    }

    /// Writes rows in a transaction; returns the time that the database worked.
    async fn step(&mut self, rows: Vec<ImportRow>) -> Result<Duration> {
        if self.rejects(&rows) {
            return Ok(Duration::ZERO);
        }
        let batch = Arc::new(self.batch(rows));
        let written = match self.import.size {
            FileSize::Small => self.write(batch).await?,
            FileSize::Large | FileSize::Unknown => self.import.admission.in_turn(self.write(batch)).await?,
        };
        let time = written.time;
        if let Some(account) = self.import.admission.account() {
            self.import.cx.throttle().spend(RateLimit::ImportTime, Subject::User(account), time).await?;
        }
        self.add(written);
        Ok(time)
    }

    async fn write(&self, batch: Arc<Batch>) -> Result<Written> {
        if self.import.size == FileSize::Small && !self.import.dry_run {
            return self.db.write(batch, |txn, batch| Box::pin(async move { batch.write(txn).await })).await;
        }
        let end = if self.import.dry_run { TransactionOutcome::Rollback } else { TransactionOutcome::Commit };
        LOCKS
            .run(|| {
                let batch = Arc::clone(&batch);
                self.db.transaction(move |txn| Box::pin(async move { batch.write(txn).await.map(end) }))
            })
            .await
    }

    fn batch(&self, rows: Vec<ImportRow>) -> Batch {
        let (import, known) = (Arc::clone(&self.import), Arc::clone(&self.known));
        Batch { import, known, rows, room: self.room, report: self.report.part() }
    }

    fn add(&mut self, written: Written) {
        let Written { report, known, time: _ } = written;
        self.room = self.room.saturating_sub(report.created);
        self.report.add(report);
        Arc::make_mut(&mut self.known).add(known);
    }

    /// Counts the rows of an atomic import that is not written any more, since a row is invalid.
    fn rejects(&mut self, rows: &[ImportRow]) -> bool {
        let is_invalid = |row: &ImportRow| matches!(row.content, RowContent::Invalid(_));
        let rejects = self.import.is_atomic && (self.report.failed > 0 || rows.iter().any(is_invalid));
        if rejects {
            for row in rows {
                self.report.list_row(row);
                self.report.skipped += u64::from(row.book().is_some());
            }
        }
        rejects
    }

    fn into_report(self) -> Result<ImportReport> {
        if self.import.is_atomic && self.report.failed > 0 {
            return Err(Error::ImportFailed(Box::new(self.report.nothing_written())));
        }
        Ok(self.report)
    }
}

/// Rows of the next step, from the number and the time of the rows of the latest.
fn next_step(size: usize, rows: usize, time: Duration) -> usize {
    let fitting = rows as u128 * STEP_TIME.as_micros() / time.as_micros().max(1);
    let fitting = usize::try_from(fitting).unwrap_or(BATCH);
    // Rows differ in length, so the size grows slowly.
    fitting.clamp(SMALLEST_STEP, Ord::min(size * 2, BATCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_while_they_are_fast_and_shrink_at_once() {
        let fast = STEP_TIME / 100;
        let mut sizes = vec![FIRST_STEP];
        while sizes.last() != Some(&BATCH) {
            let size = sizes[sizes.len() - 1];
            sizes.push(next_step(size, size, fast));
        }
        assert_eq!(sizes, [200, 400, 800, BATCH]);
        assert_eq!(next_step(BATCH, BATCH, STEP_TIME * 4), BATCH / 4);
        assert_eq!(next_step(BATCH, BATCH, STEP_TIME * 1000), SMALLEST_STEP);
        // The last rows of a file are few.
        assert_eq!(next_step(400, 1, STEP_TIME), SMALLEST_STEP);
        assert_eq!(next_step(400, 0, Duration::ZERO), SMALLEST_STEP);
    }
}
