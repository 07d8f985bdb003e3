//! The adapter for `postgres`: blocking, on PostgreSQL, by the simple protocol.

use std::future::{Future, ready};
use std::time::Duration;

use migrate_plan::{Dialect, split_statements};
use postgres::{Client, SimpleQueryMessage};

use super::{BlockingConnection, Connection, DriverError, DriverErrorKind, Row};

impl Connection for Client {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn batch_execute(&mut self, sql: &str) -> impl Future<Output = Result<(), DriverError>> + Send {
        ready(refuse_runtime().and_then(|()| execute_all(self, sql)))
    }

    fn query(&mut self, sql: &str) -> impl Future<Output = Result<Vec<Row>, DriverError>> + Send {
        ready(refuse_runtime().and_then(|()| query_all(self, sql)))
    }

    fn sleep(&mut self, duration: Duration) -> impl Future<Output = ()> + Send {
        std::thread::sleep(duration);
        ready(())
    }
}

impl BlockingConnection for Client {}

/// The client waits in a runtime of its own, and panics inside another.
fn refuse_runtime() -> Result<(), DriverError> {
    if tokio::runtime::Handle::try_current().is_err() {
        return Ok(());
    }
    let problem =
        "the blocking `postgres` client cannot wait inside an asynchronous runtime; use `tokio-postgres` there";
    Err(DriverError::new(DriverErrorKind::MayNotBlock, problem))
}

/// Statement by statement: this client does not tell how many of a message had completed, and without that a failure
/// could not be placed. A message that does not split, and one of a single statement, is sent whole, comments included.
fn execute_all(client: &mut Client, sql: &str) -> Result<(), DriverError> {
    let Ok(statements) = split_statements(sql, Dialect::Postgres) else {
        return client.batch_execute(sql).map_err(DriverError::from);
    };
    let statements: Vec<_> = statements.iter().filter(|statement| !statement.is_empty()).collect();
    if statements.len() <= 1 {
        return client
            .batch_execute(sql)
            .map_err(|error| DriverError { completed: Some(0), ..DriverError::from(error) });
    }
    for (completed, statement) in statements.into_iter().enumerate() {
        client.batch_execute(statement.sql()).map_err(|error| {
            let error = DriverError::from(error);
            let before = sql[..statement.sql_offset()].chars().count() as u32;
            let position = error.position.map(|position| before + position);
            DriverError { completed: Some(completed), position, ..error }
        })?;
    }
    Ok(())
}

fn query_all(client: &mut Client, sql: &str) -> Result<Vec<Row>, DriverError> {
    let row = |message: SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            Some(Row((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect()))
        }
        _ => None,
    };
    Ok(client.simple_query(sql)?.into_iter().filter_map(row).collect())
}
