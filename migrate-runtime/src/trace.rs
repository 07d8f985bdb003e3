//! What a run tells `tracing`: a span for the run, one for each revision in it, one for what goes to the database at once.
//!
//! At the level `info` and above stand ids, titles and counts. SQL, and words of a server, which may repeat values, stand at
//! `debug` and below. Without the feature `tracing` the twin of this module stands here, which tells nobody.

use std::future::Future;

use migrate_plan::{Action, Dialect, Step};
use tracing::{Instrument, debug, debug_span, error, info, info_span, trace, warn};

use crate::error::Error;
use crate::event::Event;

/// A span that is not entered yet.
pub(crate) struct Span(tracing::Span);

impl Span {
    /// Everything that the future does is inside the span.
    pub(crate) async fn around<F: Future>(self, future: F) -> F::Output {
        future.instrument(self.0).await
    }
}

pub(crate) fn run(action: Action, run_id: &str, dialect: Dialect) -> Span {
    Span(info_span!("migrate", action = action.as_str(), run_id, dialect = dialect.name()))
}

pub(crate) fn revision(step: &Step, number: usize, of: usize) -> Span {
    let (id, title, direction) = (&*step.id, &*step.title, step.direction.as_str());
    Span(info_span!("revision", id, direction, title, number, of))
}

/// The statements of a revision from the number `first` on that are sent at once: one message, or one statement alone. They are
/// counted when somebody listens.
pub(crate) fn statements(first: usize, count: impl Fn() -> usize) -> Span {
    Span(debug_span!("statements", first, count = count()))
}

pub(crate) fn sql(text: &str) {
    trace!(sql = text, "sends");
}

pub(crate) fn failed(failure: &Error) {
    let diagnostics = failure.diagnostics();
    let Some(first) = diagnostics.first() else { return };
    error!(code = first.code.as_str(), "the run failed");
    debug!(message = %first.message, notes = ?first.notes, help = %first.help);
}

pub(crate) fn event(event: &Event<'_>) {
    match event {
        Event::Stale { folder } => warn!(folder, "the files are newer than this binary"),
        Event::Planned { plan } if plan.is_empty() => debug!(at = ?plan.heads_before, "there is nothing to do"),
        Event::Planned { plan } => {
            let steps = plan.all_steps().count();
            info!(steps, heads_before = ?plan.heads_before, heads_after = ?plan.heads_after, "planned");
        }
        Event::DatabaseAhead { unknown } => warn!(?unknown, "the database has revisions that are not here"),
        Event::Edited { drift } => {
            drift.iter().for_each(|drift| {
                warn!(id = drift.id, direction = drift.direction.as_str(), "was edited after it ran")
            });
        }
        Event::Adopting { table, revisions, notes } => {
            info!(table, revisions, "taking over");
            debug!(?notes, "of what was taken over");
        }
        Event::Waiting { waited, holder } => {
            info!(waited_s = waited.as_secs(), "another process is migrating");
            debug!(holder, "holds the lock");
        }
        Event::Locked => debug!("the lock is taken"),
        Event::StepStarted { .. } => debug!("begins"),
        Event::Blocked { attempts, of, blockers, .. } => {
            warn!(attempts, of, "other sessions lock what the revision needs");
            debug!(?blockers, "are in the way");
        }
        Event::StepFinished { duration, .. } => info!(duration_ms = duration.as_millis() as u64, "is committed"),
    }
}
