//! The adapter for `rusqlite`: blocking, on SQLite.

use std::future::{Future, ready};
use std::time::Duration;

use migrate_plan::{Dialect, split_statements};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection as Sqlite, Error, ffi::ErrorCode};

use super::{BlockingConnection, Connection, DriverError, DriverErrorKind, Row};

impl Connection for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn batch_execute(&mut self, sql: &str) -> impl Future<Output = Result<(), DriverError>> + Send {
        ready(execute_all(self, sql))
    }

    fn query(&mut self, sql: &str) -> impl Future<Output = Result<Vec<Row>, DriverError>> + Send {
        ready(query_all(self, sql).map_err(|error| driver_error(error, sql, 0)))
    }

    fn sleep(&mut self, duration: Duration) -> impl Future<Output = ()> + Send {
        std::thread::sleep(duration);
        ready(())
    }
}

impl BlockingConnection for Sqlite {}

/// Statement by statement, so that a failure is counted and placed. What our splitter takes for one statement is handed
/// to SQLite as a batch: SQLite has the last word on where statements end.
fn execute_all(connection: &Sqlite, sql: &str) -> Result<(), DriverError> {
    let statements = split_statements(sql, Dialect::Sqlite)
        .map_err(|error| DriverError::new(DriverErrorKind::Refused, error.to_string()))?;
    let statements = statements.iter().filter(|statement| !statement.is_empty());
    for (completed, statement) in statements.enumerate() {
        execute_batch(connection, statement.sql()).map_err(|error| DriverError {
            completed: Some(completed),
            ..driver_error(error, sql, statement.sql_offset())
        })?;
    }
    Ok(())
}

fn execute_batch(connection: &Sqlite, sql: &str) -> Result<(), Error> {
    let mut batch = Batch::new(connection, sql);
    while let Some(mut statement) = batch.next()? {
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
    }
    Ok(())
}

fn query_all(connection: &Sqlite, sql: &str) -> Result<Vec<Row>, Error> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let texts = (0..columns).map(|column| row.get_ref(column).map(text)).collect::<Result<_, _>>()?;
        found.push(Row(texts));
    }
    Ok(found)
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

impl From<Error> for DriverError {
    fn from(error: Error) -> Self {
        driver_error(error, "", 0)
    }
}

/// `offset` is where in `sql`, in bytes, the text that SQLite saw begins.
fn driver_error(error: Error, sql: &str, offset: usize) -> DriverError {
    let code = error.sqlite_error_code();
    let message = match &error {
        Error::SqliteFailure(_, Some(message)) => message.clone(),
        Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    let kind = match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => DriverErrorKind::Busy,
        Some(ErrorCode::ReadOnly) => DriverErrorKind::ReadOnly,
        Some(ErrorCode::CannotOpen | ErrorCode::NotADatabase) => DriverErrorKind::Unreachable,
        _ => super::sqlite_messages::kind_of(&message),
    };
    let position = match &error {
        Error::SqlInputError { offset: inside, .. } => usize::try_from(*inside)
            .ok()
            .and_then(|inside| sql.get(..offset + inside))
            .map(|before| before.chars().count() as u32 + 1),
        _ => None,
    };
    DriverError {
        // What SQLite has no name for is its general error, which says nothing.
        code: code.filter(|code| *code != ErrorCode::Unknown).map(|code| format!("{code:?}")),
        position,
        source: Some(Box::new(error)),
        ..DriverError::new(kind, message)
    }
}
