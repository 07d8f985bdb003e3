//! What only SQLite has: foreign keys that a rebuild would break, one writer, journals.

mod busy;
mod foreign_keys;
mod journal;
mod messages;
mod refusal;
