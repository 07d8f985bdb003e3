//! What SQLite has no code for and says in words only, sorted as far as the engine acts on it.

use super::DriverErrorKind;

/// What kind of failure a message is.
pub(super) fn kind_of(message: &str) -> DriverErrorKind {
    match message {
        _ if message.starts_with("no such table") => DriverErrorKind::UndefinedTable,
        _ if message.starts_with("no such column") => DriverErrorKind::UndefinedColumn,
        _ if message.contains("within a transaction") => DriverErrorKind::InTransaction,
        _ => DriverErrorKind::Refused,
    }
}
