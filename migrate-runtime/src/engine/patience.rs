//! Waiting for another process: in pauses that grow, with a notice now and then, and no longer than the lock timeout.

use std::time::{Duration, Instant};

use super::Run;
use crate::error::Error;
use crate::event::Event;

/// How often a waiter says who it waits for.
pub(super) const NOTICE: Duration = Duration::from_secs(10);

/// How long another process has been waited for, and how long until the next attempt.
pub(super) struct Patience {
    started: Instant,
    next_notice: Duration,
    pause: Duration,
    longest: Duration,
}

impl Patience {
    /// The first pause and the longest one.
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self { started: Instant::now(), next_notice: Duration::ZERO, pause: first, longest }
    }

    /// Whether the next wait says something, so that it is worth asking who is in the way.
    pub(super) fn speaks(&self, limit: Option<Duration>) -> bool {
        let waited = self.started.elapsed();
        waited >= self.next_notice || limit.is_some_and(|limit| waited >= limit)
    }
}

/// What a session runs, in a few words: of a run of ours its revision, which its message begins with.
pub(super) fn running(sql: &str) -> String {
    let ours = sql.strip_prefix("/* migrate: ").and_then(|rest| rest.split_once(" */"));
    ours.map_or_else(|| sql.split_whitespace().collect::<Vec<_>>().join(" "), |(revision, _)| revision.to_owned())
}

/// A pause of half to all of `pause`, so that waiters do not come in step.
pub(super) fn jittered(pause: Duration) -> Duration {
    let mut byte = [0];
    // Without randomness the pauses are merely equal.
    let _ = getrandom::fill(&mut byte);
    pause / 2 + pause * u32::from(byte[0]) / 512
}

impl Run<'_, '_> {
    /// One pause.
    pub(super) async fn wait(&mut self, patience: &mut Patience, holder: Option<String>) -> Result<(), Error> {
        self.refuse_stopped()?;
        let waited = patience.started.elapsed();
        if waited >= patience.next_notice {
            self.emit(&Event::Waiting { waited, holder: holder.as_deref() });
            patience.next_notice = waited + NOTICE;
        }
        let limit = self.request.lock_timeout;
        if limit.is_some_and(|limit| waited >= limit) {
            return Err(Error::LockTimeout { waited, holder });
        }
        let left = limit.map_or(patience.pause, |limit| limit - waited);
        self.db.sleep(jittered(patience.pause).min(left)).await;
        patience.pause = (patience.pause * 2).min(patience.longest);
        Ok(())
    }
}
