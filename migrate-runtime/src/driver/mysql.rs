//! The adapter for `mysql`: blocking, on MySQL and MariaDB, by the text protocol.

use std::future::{Future, ready};
use std::time::Duration;

use migrate_plan::Dialect;
use mysql::prelude::Queryable;
use mysql::{Conn, Error, Value};

use super::mysql_codes::kind_of;
use super::{BlockingConnection, Connection, DriverError, DriverErrorKind, Row};

impl Connection for Conn {
    fn dialect(&self) -> Dialect {
        // MariaDB left MySQL's version numbers behind with 10.
        if self.server_version().0 >= 10 { Dialect::MariaDb } else { Dialect::MySql }
    }

    fn batch_execute(&mut self, sql: &str) -> impl Future<Output = Result<(), DriverError>> + Send {
        let mut completed = 0;
        let outcome = drain(self, sql, &mut completed);
        ready(outcome.map_err(|error| DriverError { completed: Some(completed), ..driver_error(error) }))
    }

    fn query(&mut self, sql: &str) -> impl Future<Output = Result<Vec<Row>, DriverError>> + Send {
        let rows: Result<Vec<mysql::Row>, Error> = Queryable::query(self, sql);
        let texts = |row: mysql::Row| Row(row.unwrap().into_iter().map(text).collect());
        ready(rows.map(|rows| rows.into_iter().map(texts).collect()).map_err(driver_error))
    }

    fn sleep(&mut self, duration: Duration) -> impl Future<Output = ()> + Send {
        std::thread::sleep(duration);
        ready(())
    }
}

impl BlockingConnection for Conn {}

/// One message; the server answers each statement with a result, so that the failing one is counted out.
fn drain(connection: &mut Conn, sql: &str, completed: &mut usize) -> Result<(), Error> {
    let mut results = connection.query_iter(sql)?;
    while let Some(rows) = results.iter() {
        for row in rows {
            row?;
        }
        *completed += 1;
    }
    Ok(())
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        // The text protocol knows no other values.
        other => Some(other.as_sql(true)),
    }
}

impl From<Error> for DriverError {
    fn from(error: Error) -> Self {
        driver_error(error)
    }
}

fn driver_error(error: Error) -> DriverError {
    let (kind, message, code) = match &error {
        Error::MySqlError(server) => (kind_of(server.code), server.message.clone(), Some(server.code.to_string())),
        Error::IoError(_) | Error::CodecError(_) => (DriverErrorKind::ConnectionLost, error.to_string(), None),
        Error::DriverError(_) => (DriverErrorKind::Unreachable, error.to_string(), None),
        _ => (DriverErrorKind::Refused, error.to_string(), None),
    };
    DriverError { code, source: Some(Box::new(error)), ..DriverError::new(kind, message) }
}
