//! Repetition of transactions that others prevent.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    Result,
    error::{Failure, failure},
};

/// Rule by which a transaction is repeated.
pub(crate) struct Repetition {
    /// Failures after which it is repeated.
    pub(crate) failures: &'static [Failure],
    /// Maximum number of repetitions.
    pub(crate) most: u32,
    /// Pause before each repetition. The first one has the number 0. A random part keeps two transactions from meeting
    /// again.
    pub(crate) pause: fn(u32) -> Duration,
}

impl Repetition {
    /// Result of the first attempt that is not to be repeated, or of the last one.
    pub(crate) async fn run<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        for number in 0..self.most {
            match attempt().await {
                Err(error) if failure(&error).is_some_and(|failure| self.failures.contains(&failure)) => {}
                done => return done,
            }
            sleep((self.pause)(number)).await;
        }
        attempt().await
    }
}
