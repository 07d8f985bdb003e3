//! Whose fault a failure is.

use crate::driver::DriverError;
use crate::error::Error;

/// Whether the revision is to blame, and not the connection or whoever stopped the run.
pub(super) fn is_of_the_revision(error: &Error) -> bool {
    matches!(
        error,
        Error::Statement(_)
            | Error::Blocked(_)
            | Error::TransactionEnded { .. }
            | Error::ForeignKeys { .. }
            | Error::NotOneTransaction { .. }
            | Error::Interrupted(_)
            | Error::Plan(_)
    )
}

/// What servers say of a value that breaks a rule: unique, check, foreign key, exclusion, or what a type takes.
const OF_VALUES: [&str; 15] = [
    "23503", "23505", "23514", "23P01", "22001", "22003", "22007", "22P02", // PostgreSQL
    "1062", "1264", "1292", "1366", "1406", "1452", "4025", // MySQL and MariaDB
];

/// The same in SQLite's words.
const OF_VALUES_IN_WORDS: [&str; 3] =
    ["UNIQUE constraint failed", "CHECK constraint failed", "FOREIGN KEY constraint failed"];

/// Whether a revision failed on values that were made up, where an application's own might well fit. A missing value where
/// one must be is no such case: nothing is left empty where there is a value to be had.
pub(super) fn is_about_made_values(error: &Error) -> bool {
    let driver: &DriverError = match error {
        Error::Statement(failure) => &failure.driver,
        Error::ForeignKeys { .. } => return true,
        _ => return false,
    };
    driver.code.as_deref().is_some_and(|code| OF_VALUES.contains(&code))
        || OF_VALUES_IN_WORDS.iter().any(|words| driver.message.contains(words))
}
