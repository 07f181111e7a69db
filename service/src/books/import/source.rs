//! File of an import, which may be read several times, and the thread that reads its rows.

use std::{
    io::{Read, Result as IoResult, Seek, SeekFrom},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::mpsc;

use super::{
    ATOMIC_MIB, ATOMIC_ROWS, BATCH, ImportMode, ImportOptions, MAX_ROWS,
    file::{self, File},
    format::ImportRow,
};
use crate::{Error, Result, report::ImportFormat};

/// Maximum text of a batch in bytes, except for its last row.
const BATCH_BYTES: usize = 1024 * 1024;

/// Batches that may wait for the database.
const BATCHES_AHEAD: usize = 2;

/// Lines of a small file.
const FEW_LINES: usize = 100;

/// Batches of rows, until the end of the file or an error.
pub(super) type Batches = mpsc::Receiver<Result<Vec<ImportRow>>>;

/// Size of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileSize {
    /// Written in a moment, like a single book.
    Small,
    /// Within the limits of an account.
    Large,
    /// Not measured.
    Unknown,
}

/// File with the options by which it is read.
pub(super) struct Source<R> {
    file: Handle<R>,
    format: Option<ImportFormat>,
    charset: Option<String>,
    mode: ImportMode,
}

/// Handle of a file. All handles share its position: one reads after the other, from the start.
pub(super) struct Handle<R>(Arc<Mutex<R>>);

impl<R> Handle<R> {
    fn lock(&self) -> MutexGuard<'_, R> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R> Clone for Source<R> {
    fn clone(&self) -> Self {
        let (file, charset) = (self.file.clone(), self.charset.clone());
        Self { file, charset, format: self.format, mode: self.mode }
    }
}

impl<R: Read> Read for Handle<R> {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        self.lock().read(buffer)
    }
}

impl<R: Seek> Seek for Handle<R> {
    fn seek(&mut self, to: SeekFrom) -> IoResult<u64> {
        self.lock().seek(to)
    }
}

impl<R: Read + Seek + Send + 'static> Source<R> {
    pub(super) fn new(file: R, options: &ImportOptions) -> Self {
        let ImportOptions { format, charset, mode, dry_run: _, on_conflict: _ } = options;
        let file = Handle(Arc::new(Mutex::new(file)));
        Self { file, format: *format, charset: charset.clone(), mode: *mode }
    }

    /// Measures the file, and rejects one that is too large for an account.
    pub(super) async fn size(&self) -> Result<FileSize> {
        let source = self.clone();
        tokio::task::spawn_blocking(move || source.measure()).await.map_err(Error::internal)?
    }

    fn measure(&self) -> Result<FileSize> {
        let is_end = self.read()?.end_of_rows();
        let lines = file::count_ends(&mut self.file.clone(), is_end)?;
        if self.exceeds(MAX_ROWS, lines)? {
            return Err(Error::TooManyRows(MAX_ROWS));
        }
        let bytes = self.file.lock().seek(SeekFrom::End(0)).map_err(Error::internal)?;
        if self.mode == ImportMode::Atomic
            && (bytes > ATOMIC_MIB << 20 || self.exceeds(ATOMIC_ROWS, lines)?)
        {
            return Err(Error::AtomicTooLarge { rows: ATOMIC_ROWS, mib: ATOMIC_MIB });
        }
        Ok(if lines < FEW_LINES { FileSize::Small } else { FileSize::Large })
    }

    /// Whether the file has more than `most` rows.
    fn exceeds(&self, most: usize, lines: usize) -> Result<bool> {
        // Counting rows requires parsing. A file has at most one row more than line ends.
        Ok(lines >= most && self.read()?.rows().nth(most).is_some())
    }

    fn read(&self) -> Result<File<Handle<R>>> {
        File::open(self.file.clone(), self.format, self.charset.as_deref())
    }

    /// Opens the file at its first row.
    pub(super) async fn open(&self) -> Result<File<Handle<R>>> {
        let source = self.clone();
        tokio::task::spawn_blocking(move || source.read()).await.map_err(Error::internal)?
    }

    /// Reads an open file on a thread of its own, a few batches ahead. In partial mode, rows before an unreadable place
    /// are kept.
    pub(super) fn rows(&self, file: File<Handle<R>>) -> Batches {
        let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
        let mode = self.mode;
        tokio::task::spawn_blocking(move || send(file, mode, &sender));
        receiver
    }
}

/// Sends the rows of a file, until nobody receives them.
fn send<R: Read>(file: File<R>, mode: ImportMode, sender: &mpsc::Sender<Result<Vec<ImportRow>>>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut bytes = 0;
    for row in file.rows() {
        let row = match (row, mode) {
            (Ok(row), _) => row,
            (Err(unreadable), ImportMode::Partial) => unreadable.into_row(),
            (Err(unreadable), ImportMode::Atomic) => {
                return drop(sender.blocking_send(Err(unreadable.into())));
            }
        };
        bytes += row.bytes;
        batch.push(row);
        if batch.len() == BATCH || bytes > BATCH_BYTES {
            bytes = 0;
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            if sender.blocking_send(Ok(full)).is_err() {
                return;
            }
        }
    }
    drop(sender.blocking_send(Ok(batch)));
}
