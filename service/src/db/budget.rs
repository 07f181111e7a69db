//! Budget of a request: the time that its statements may take together. It does not include the time to receive the
//! request or to hash a password.

use std::{cell::Cell, time::Duration};

tokio::task_local! {
    /// Time that is left.
    static LEFT: Cell<Duration>;
}

/// Runs `work`, whose statements share `budget`.
pub(super) async fn within<F: Future>(budget: Duration, work: F) -> F::Output {
    LEFT.scope(Cell::new(budget), work).await
}

/// Time that a statement may take which may take at most `limit`.
pub(super) fn available(limit: Duration) -> Duration {
    LEFT.try_with(Cell::get).map_or(limit, |left| left.min(limit))
}

/// Subtracts time that a statement took.
pub(super) fn spend(time: Duration) {
    // Outside of a request there is no budget.
    LEFT.try_with(|left| left.set(left.get().saturating_sub(time))).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn statements_of_a_request_share_its_budget() {
        let (budget, limit) = (Duration::from_secs(4), Duration::from_secs(10));
        assert_eq!(available(limit), limit);
        within(budget, async {
            assert_eq!(available(limit), budget);
            spend(Duration::from_secs(3));
            assert_eq!(available(limit), Duration::from_secs(1));
            assert_eq!(available(Duration::from_millis(1)), Duration::from_millis(1));
            spend(Duration::from_secs(3));
            assert_eq!(available(limit), Duration::ZERO);
        })
        .await;
        assert_eq!(available(limit), limit);
    }
}
