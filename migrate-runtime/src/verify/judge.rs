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

/// What MySQL and MariaDB say of a value that breaks a rule: unique, check, foreign key, or what a type or a partition takes.
const OF_VALUES: [&str; 14] =
    ["1062", "1264", "1265", "1292", "1366", "1406", "1411", "1452", "1526", "1644", "3819", "4025", "4038", "4079"];

/// The same in SQLite's words. What a trigger raises it reports as a constraint.
const OF_VALUES_IN_WORDS: [&str; 3] = ["datatype mismatch", "cannot store", "malformed JSON"];

/// Whether PostgreSQL says so: an integrity constraint, data that a type does not take, or an exception that somebody raises.
fn is_of_values_on_postgres(code: &str) -> bool {
    const NOT_NULL: &str = "23502";
    code.len() == 5 && (code.starts_with("22") || code.starts_with("23") || code == "P0001") && code != NOT_NULL
}

/// Whether a revision failed on values that were made up, where an application's own might well fit. A missing value where
/// one must be is no such case: nothing is left empty where there is a value to be had.
pub(super) fn is_about_made_values(error: &Error) -> bool {
    let driver: &DriverError = match error {
        Error::Statement(failure) => &failure.driver,
        Error::ForeignKeys { .. } => return true,
        _ => return false,
    };
    let code = driver.code.as_deref().unwrap_or_default();
    let is_sqlite_constraint = code == "ConstraintViolation" && !driver.message.contains("NOT NULL");
    OF_VALUES.contains(&code)
        || is_of_values_on_postgres(code)
        || is_sqlite_constraint
        || OF_VALUES_IN_WORDS.iter().any(|words| driver.message.contains(words))
}
