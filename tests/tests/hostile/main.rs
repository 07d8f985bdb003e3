//! Hostile text, wherever text comes from: names, titles, values, settings, the environment, and the rows of a history.
//!
//! No harm means: a refusal with a code that leaves the database as it was, or a run after which everything reads back as
//! it was given.

mod environment;
mod files;
mod rows;
mod run;
mod words;
