//! The adapter for `tokio-postgres`: asynchronous, on PostgreSQL, by the simple protocol.

use std::time::Duration;

use futures_util::TryStreamExt;
use migrate_plan::Dialect;
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

use super::postgres_codes::kind_of;
use super::{Connection, DriverError, DriverErrorKind, Row};

impl Connection for Client {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn batch_execute(&mut self, sql: &str) -> Result<(), DriverError> {
        let mut completed = 0;
        let outcome = drain(self, sql, &mut completed).await;
        outcome.map_err(|error| DriverError { completed: Some(completed), ..driver_error(error) })
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        let messages = self.simple_query(sql).await.map_err(driver_error)?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some(Row((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect()))
            }
            _ => None,
        });
        Ok(rows.collect())
    }

    async fn sleep(&mut self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// One message; the server answers each statement with its completion, which finds the failing one when it says no
/// position.
async fn drain(client: &Client, sql: &str, completed: &mut usize) -> Result<(), Error> {
    let mut answers = std::pin::pin!(client.simple_query_raw(sql).await?);
    while let Some(answer) = answers.try_next().await? {
        if matches!(answer, SimpleQueryMessage::CommandComplete(_)) {
            *completed += 1;
        }
    }
    Ok(())
}

impl From<Error> for DriverError {
    fn from(error: Error) -> Self {
        driver_error(error)
    }
}

fn driver_error(error: Error) -> DriverError {
    let Some(server) = error.as_db_error() else {
        let kind = if error.is_closed() { DriverErrorKind::ConnectionLost } else { without_server(&error) };
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        let message = cause.unwrap_or_else(|| error.to_string());
        return DriverError { source: Some(Box::new(error)), ..DriverError::new(kind, message) };
    };
    let (position, internal_query) = match server.position() {
        Some(ErrorPosition::Original(position)) => (Some(*position), None),
        Some(ErrorPosition::Internal { query, .. }) => (None, Some(query.clone())),
        None => (None, None),
    };
    DriverError {
        code: Some(server.code().code().to_owned()),
        detail: server.detail().map(str::to_owned),
        hint: server.hint().map(str::to_owned),
        position,
        internal_query,
        ..DriverError::new(kind_of(server.code().code()), server.message())
    }
    .with_source(error)
}

impl DriverError {
    fn with_source(mut self, error: Error) -> Self {
        self.source = Some(Box::new(error));
        self
    }
}

/// Failures that the driver met before or without an answer of the server.
fn without_server(error: &Error) -> DriverErrorKind {
    let cause = std::error::Error::source(error);
    if cause.is_some_and(|cause| cause.is::<std::io::Error>()) {
        DriverErrorKind::Unreachable
    } else if cause.is_some_and(|cause| cause.to_string() == "password missing") {
        // The driver has no other sign for it.
        DriverErrorKind::WrongCredentials
    } else {
        DriverErrorKind::Refused
    }
}
