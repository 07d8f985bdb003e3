//! The twin of `trace.rs` for builds without the feature `tracing`: nobody is told anything.

use std::future::Future;

use migrate_plan::{Action, Dialect, Step};

use crate::error::Error;
use crate::event::Event;

/// No span.
pub(crate) struct Span;

impl Span {
    pub(crate) async fn around<F: Future>(self, future: F) -> F::Output {
        future.await
    }
}

pub(crate) fn run(_: Action, _: &str, _: Dialect) -> Span {
    Span
}

pub(crate) fn revision(_: &Step, _: usize, _: usize) -> Span {
    Span
}

pub(crate) fn statements(_: usize, _: impl Fn() -> usize) -> Span {
    Span
}

pub(crate) fn sql(_: &str) {}

pub(crate) fn failed(_: &Error) {}

pub(crate) fn event(_: &Event<'_>) {}
