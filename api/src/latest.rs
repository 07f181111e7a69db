//! Latest answer to a question, which is repeated for a moment instead of asking again.

use std::time::Duration;

use tokio::{sync::Mutex, time::Instant};

/// Time for which an answer is repeated.
const LIFETIME: Duration = Duration::from_secs(1);

/// Latest answer, which all workers share. Those that ask at the same time wait for one answer.
#[derive(Debug)]
pub struct Latest<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Latest<T> {
    /// The answer, for which `ask` is called at most once a second.
    pub async fn get(&self, ask: impl Future<Output = T>) -> T {
        let mut latest = self.0.lock().await;
        match &*latest {
            Some((asked, answer)) if asked.elapsed() < LIFETIME => answer.clone(),
            _ => {
                let answer = ask.await;
                *latest = Some((Instant::now(), answer.clone()));
                answer
            }
        }
    }
}
