//! Admission of imports: one at a time for each account, a bounded number in a process, few files on disk, and few
//! transactions at once.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::{Error, Result};

/// Maximum number of imports that are uploaded, wait or run in a process.
pub const IMPORTS: usize = 64;

/// Maximum number of imports whose files are on disk.
pub const STORED_FILES: usize = 16;

/// Maximum number of transactions of imports at once: each has a database connection.
const TRANSACTIONS: usize = 2;

/// Imports of a process.
#[derive(Debug)]
pub(crate) struct ImportQueue {
    /// Accounts with an import.
    accounts: Mutex<HashSet<Uuid>>,
    stored: Arc<Semaphore>,
    transactions: Semaphore,
}

impl Default for ImportQueue {
    fn default() -> Self {
        Self {
            accounts: Mutex::default(),
            stored: Arc::new(Semaphore::new(STORED_FILES)),
            transactions: Semaphore::new(TRANSACTIONS),
        }
    }
}

impl ImportQueue {
    /// Admits an import of an account.
    ///
    /// # Errors
    /// [`Error::ImportRunning`] for a second import of the account, [`Error::ImportsBusy`] beyond the maximum.
    pub(crate) fn admit(self: &Arc<Self>, account: Uuid) -> Result<Admission> {
        let mut accounts = self.accounts();
        if accounts.contains(&account) {
            return Err(Error::ImportRunning);
        }
        if accounts.len() >= IMPORTS {
            return Err(Error::ImportsBusy);
        }
        accounts.insert(account);
        Ok(Admission(Some(Arc::new(Place { account, queue: Arc::clone(self), stored: OnceLock::new() }))))
    }

    fn accounts(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Admission of one import. Its last clone returns the place.
#[derive(Debug, Clone)]
pub struct Admission(Option<Arc<Place>>);

/// Place of an admitted import.
#[derive(Debug)]
struct Place {
    account: Uuid,
    queue: Arc<ImportQueue>,
    stored: OnceLock<OwnedSemaphorePermit>,
}

impl Admission {
    /// Admission of an import of the operator, which has no limits.
    #[must_use]
    pub const fn of_operator() -> Self {
        Self(None)
    }

    /// Account whose limits apply; none for the operator.
    pub(crate) fn account(&self) -> Option<Uuid> {
        self.0.as_ref().map(|place| place.account)
    }

    /// Permission to store the file on disk.
    ///
    /// # Errors
    /// [`Error::ImportsBusy`] if too many files are there.
    pub fn store_file(&self) -> Result<()> {
        let Some(place) = &self.0 else { return Ok(()) };
        if place.stored.get().is_none() {
            let stored = Arc::clone(&place.queue.stored).try_acquire_owned();
            // A clone that was faster has a permit already, and this one is returned.
            place.stored.set(stored.map_err(|_| Error::ImportsBusy)?).ok();
        }
        Ok(())
    }

    /// Runs a transaction when it is its turn. The imports that wait get their turns in the order of arrival.
    pub(crate) async fn in_turn<T>(&self, transaction: impl Future<Output = Result<T>>) -> Result<T> {
        let _permit = match &self.0 {
            Some(place) => Some(place.queue.transactions.acquire().await.map_err(Error::internal)?),
            None => None,
        };
        transaction.await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.accounts().remove(&self.account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_one_import_at_a_time() {
        let queue = Arc::new(ImportQueue::default());
        let (alice, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = queue.admit(alice).unwrap();
        assert!(matches!(queue.admit(alice), Err(Error::ImportRunning)));
        queue.admit(bob).unwrap();
        // A transaction that outlives its request keeps the place.
        let transaction = first.clone();
        drop(first);
        assert!(matches!(queue.admit(alice), Err(Error::ImportRunning)));
        drop(transaction);
        queue.admit(alice).unwrap();
    }

    #[test]
    fn imports_and_files_are_bounded_and_places_are_returned() {
        let queue = Arc::new(ImportQueue::default());
        let places: Vec<Admission> =
            (0..IMPORTS).map(|number| queue.admit(Uuid::from_u128(number as u128)).unwrap()).collect();
        assert!(matches!(queue.admit(Uuid::max()), Err(Error::ImportsBusy)));
        for place in &places[..STORED_FILES] {
            place.store_file().unwrap();
            place.store_file().unwrap();
        }
        assert!(matches!(places[STORED_FILES].store_file(), Err(Error::ImportsBusy)));
        drop(places);
        queue.admit(Uuid::max()).unwrap().store_file().unwrap();
        Admission::of_operator().store_file().unwrap();
    }
}
