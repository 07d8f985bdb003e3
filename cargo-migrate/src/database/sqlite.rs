//! SQLite files: looking at one creates nothing, and what is only looked at is opened read-only.

use std::path::Path;

use migrate_runtime::cli::{Failure, Need};
use migrate_runtime::{DriverError, Error};
use rusqlite::{Connection, OpenFlags};

use crate::interrupt::Cancel;

/// Whether the file is not there; one that cannot be seen is not missing.
pub(super) fn is_missing(path: &Path) -> bool {
    matches!(path.try_exists(), Ok(false))
}

/// Creates a file, or opens one that another process has created meanwhile.
pub(super) fn create(path: &Path) -> Result<Connection, Failure> {
    Connection::open(path).map_err(failure)
}

/// Opens a file for what a verb needs; one that is not there is an empty database.
pub(super) fn open(path: &Path, need: Need) -> Result<Connection, Failure> {
    let opened = match need {
        _ if is_missing(path) => return in_memory(),
        Need::Change | Need::Create => Connection::open(path),
        Need::Read | Need::Nothing => open_to_look(path),
    };
    opened.map_err(failure)
}

/// A hot journal, or a write-ahead log without its index, forbids reading to those who may not write: SQLite itself
/// has to roll back first. Never creates a file.
fn open_to_look(path: &Path) -> rusqlite::Result<Connection> {
    let open = |flags| {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    open(OpenFlags::SQLITE_OPEN_READ_ONLY)
        .or_else(|first: rusqlite::Error| open(OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|_| first))
}

/// What makes a statement of the connection end with an error.
pub(super) fn cancel(connection: &Connection) -> Cancel {
    let handle = connection.get_interrupt_handle();
    Box::new(move || {
        handle.interrupt();
        Box::pin(std::future::ready(()))
    })
}

/// An empty database.
pub(super) fn in_memory() -> Result<Connection, Failure> {
    Connection::open_in_memory().map_err(failure)
}

fn failure(error: rusqlite::Error) -> Failure {
    Error::Driver { doing: "the database cannot be opened", driver: DriverError::from(error) }.into()
}
