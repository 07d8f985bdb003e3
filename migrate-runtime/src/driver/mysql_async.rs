//! The adapter for `mysql_async`: asynchronous, on MySQL and MariaDB, by the text protocol.

use std::time::Duration;

use migrate_plan::Dialect;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Value};

use super::mysql_codes::kind_of;
use super::{Connection, DriverError, DriverErrorKind, Row};

impl Connection for Conn {
    fn dialect(&self) -> Dialect {
        // MariaDB left MySQL's version numbers behind with 10.
        if self.server_version().0 >= 10 { Dialect::MariaDb } else { Dialect::MySql }
    }

    async fn batch_execute(&mut self, sql: &str) -> Result<(), DriverError> {
        let mut completed = 0;
        let outcome = drain(self, sql, &mut completed).await;
        outcome.map_err(|error| DriverError { completed: Some(completed), ..driver_error(error) })
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        let rows: Vec<mysql_async::Row> = Queryable::query(self, sql).await.map_err(driver_error)?;
        Ok(rows.into_iter().map(|row| Row(row.unwrap().into_iter().map(text).collect())).collect())
    }

    async fn sleep(&mut self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// One message; the server answers each statement with a result, so that the failing one is counted out.
async fn drain(connection: &mut Conn, sql: &str, completed: &mut usize) -> Result<(), Error> {
    let mut results = connection.query_iter(sql).await?;
    loop {
        // Takes the rows of one result, and then waits for the answer to the next statement.
        while results.next().await?.is_some() {}
        *completed += 1;
        if results.is_empty() && results.columns().is_none() {
            // A statement that failed left its error where the next result would be.
            return results.next().await.map(drop);
        }
    }
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
        Error::Server(server) => (kind_of(server.code), server.message.clone(), Some(server.code.to_string())),
        Error::Io(io) => (DriverErrorKind::ConnectionLost, io.to_string(), None),
        Error::Driver(driver) => (DriverErrorKind::ConnectionLost, driver.to_string(), None),
        other => (DriverErrorKind::Refused, other.to_string(), None),
    };
    DriverError { code, source: Some(Box::new(error)), ..DriverError::new(kind, message) }
}
