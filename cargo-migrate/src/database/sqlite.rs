//! SQLite files: looking at one creates nothing, and what is only looked at is opened read-only.

pub(super) mod backup;

use std::path::Path;

use migrate_plan::{Code, Diagnostic};
use migrate_runtime::cli::{Failure, Need};
use migrate_runtime::{DriverError, Error};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, OpenFlags};

use super::Done;
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

/// An empty database from which no file can be reached: what runs in it is to leave no trace.
pub(super) fn scratch() -> Result<Connection, Failure> {
    let connection = in_memory()?;
    let reaches_no_file = |context: AuthContext<'_>| match context.action {
        AuthAction::Attach { filename } if !filename.is_empty() && filename != ":memory:" => Authorization::Deny,
        _ => Authorization::Allow,
    };
    connection.authorizer(Some(reaches_no_file)).map_err(failure)?;
    Ok(connection)
}

/// Writes a database to a new file.
pub(super) fn write_to(connection: &Connection, path: &Path) -> Result<(), Failure> {
    connection.backup("main", path, None).map_err(failure)
}

/// Removes a file with what SQLite keeps beside it. What is no database, or is used by others, stays.
pub(super) fn remove(path: &Path) -> Result<Done, Failure> {
    if is_missing(path) {
        return Ok(Done::Before);
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failure)?;
    let alone = || -> rusqlite::Result<()> {
        connection.busy_timeout(std::time::Duration::ZERO)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        // Leaving the write-ahead log needs the file for oneself, even when the others only have it open.
        connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
        connection.execute_batch("BEGIN EXCLUSIVE; ROLLBACK")
    };
    alone().map_err(in_use)?;
    drop(connection);
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let problem = format!("`{}` cannot be removed: {error}", file.display());
                return Err(Diagnostic::new(Code::WriteFailed, problem, "make its folder writable").into());
            }
            _ => {}
        }
    }
    Ok(Done::Now)
}

fn in_use(error: rusqlite::Error) -> Failure {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Diagnostic::new(Code::InUse, "another process uses the file, so that it stays", "end that process").into()
        }
        _ => failure(error),
    }
}

fn failure(error: rusqlite::Error) -> Failure {
    Error::Driver { doing: "the database cannot be opened", driver: DriverError::from(error) }.into()
}
