//! What is said while a run goes on.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::Output;
use super::escape;
use super::output::at;
use crate::event::Event;

/// Work that takes less is over before a bar can be read.
const PATIENCE: Duration = Duration::from_secs(1);

/// Listens to a run and tells it on standard error.
pub(super) struct Progress {
    output: Output,
    bar: Bar,
    planned: bool,
}

/// A bar that appears when the work takes long, and goes with it.
struct Bar {
    output: Output,
    started: Instant,
    bar: Option<ProgressBar>,
}

/// Draws on standard error how far something is: how much is done, of how much, and what it is at.
pub fn bar(output: Output) -> impl FnMut(usize, usize, &str) + Send {
    let mut bar = Bar::new(output);
    move |done, of, title| bar.draw(title, done, of)
}

/// Tells on standard error what happens during a run.
pub fn listener(output: Output) -> impl FnMut(&Event<'_>) + Send {
    let mut progress = Progress::new(output);
    move |event| progress.hear(event)
}

impl Progress {
    fn new(output: Output) -> Self {
        Self { output, bar: Bar::new(output), planned: false }
    }

    pub(super) fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::Stale { folder } => {
                self.output.warn(&format!("the files in {folder} are newer than this binary; build it anew"));
            }
            Event::Planned { plan } if !plan.is_empty() && !self.planned => {
                self.planned = true;
                self.output.note(&super::run::plan_text(plan));
            }
            Event::DatabaseAhead { unknown } => self.output.warn(&format!(
                "the database has revisions that are not here: {}; it is ahead of these files",
                escape::line(&unknown.join(", "))
            )),
            Event::Edited { drift } => {
                for drift in *drift {
                    self.output.warn(&format!(
                        "the `{}` of `{}` was edited after it was applied ({}:{})",
                        drift.direction, drift.id, drift.file, drift.line
                    ));
                }
            }
            Event::Adopting { table, revisions, notes } => {
                let revisions = super::counted(*revisions, "revision");
                self.output.note(&format!("all rows of {table} fit: {revisions}"));
                notes.iter().for_each(|note| self.output.note(note));
            }
            Event::Waiting { waited, holder } => {
                let holder = holder.map_or_else(String::new, |holder| format!(": {holder}"));
                self.output.note(&format!("waiting for another process since {}s{holder}", waited.as_secs()));
            }
            Event::Blocked { step, attempts, of, blockers, .. } => {
                self.output.note(&format!("`{}` met a lock in attempt {attempts} of {of} and is tried again", step.id));
                for blocker in *blockers {
                    self.output.note(&format!("  in the way: {blocker}"));
                }
            }
            Event::StepStarted { step, number, of } => self.bar.draw(&step.title, number.saturating_sub(1), *of),
            Event::StepFinished { .. } => {
                if let Some(bar) = &self.bar.bar {
                    bar.inc(1);
                }
            }
            _ => {}
        }
    }
}

impl Bar {
    fn new(output: Output) -> Self {
        Self { output, started: Instant::now(), bar: None }
    }

    fn draw(&mut self, title: &str, done: usize, of: usize) {
        if self.bar.is_none() && of > 1 && self.output.draws() && self.started.elapsed() > PATIENCE {
            let bar = ProgressBar::new(of as u64);
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
                bar.set_style(style);
            }
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done as u64);
            bar.set_message(escape::line(title).into_owned());
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// From where to where a plan goes.
pub(super) fn route(before: &[String], after: &[String]) -> String {
    format!("{} -> {}", at(before), at(after))
}
