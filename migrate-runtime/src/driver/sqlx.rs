//! The adapters for `sqlx`: asynchronous, on SQLite, PostgreSQL and MySQL or MariaDB, for a connection and for one that a
//! pool has lent.
//!
//! Raw SQL goes by the protocols that send text, so that one message holds any number of statements.

use sqlx::Error;

use super::{DriverError, DriverErrorKind};

/// An adapter for one database of sqlx. Its three types of rows, values and results share no bounds that would let one
/// function serve them all.
macro_rules! adapter {
    ($database:ty, $connection:ty, $dialect:expr) => {
        impl $crate::driver::Connection for $connection {
            fn dialect(&self) -> migrate_plan::Dialect {
                $dialect
            }

            async fn batch_execute(&mut self, sql: &str) -> Result<(), DriverError> {
                use futures_util::TryStreamExt;
                let mut completed = 0;
                let mut answers = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_many(&mut *self);
                loop {
                    match answers.try_next().await {
                        Ok(None) => return Ok(()),
                        Ok(Some(answer)) => completed += usize::from(answer.is_left()),
                        Err(error) => return Err(DriverError { completed: Some(completed), ..driver_error(error) }),
                    }
                }
            }

            async fn query(&mut self, sql: &str) -> Result<Vec<$crate::driver::Row>, DriverError> {
                use sqlx::{Column, Row};
                let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *self).await.map_err(driver_error)?;
                let text = |row: &<$database as sqlx::Database>::Row, column: usize| {
                    row.try_get_unchecked::<Option<String>, _>(column).map_err(driver_error)
                };
                let texts = |row: &<$database as sqlx::Database>::Row| {
                    let texts = row.columns().iter().map(|column| text(row, column.ordinal()));
                    texts.collect::<Result<Vec<_>, _>>().map($crate::driver::Row)
                };
                rows.iter().map(texts).collect()
            }

            async fn sleep(&mut self, duration: std::time::Duration) {
                tokio::time::sleep(duration).await;
            }
        }

        impl $crate::driver::Connection for sqlx::pool::PoolConnection<$database> {
            fn dialect(&self) -> migrate_plan::Dialect {
                $dialect
            }

            async fn batch_execute(&mut self, sql: &str) -> Result<(), DriverError> {
                $crate::driver::Connection::batch_execute(&mut **self, sql).await
            }

            async fn query(&mut self, sql: &str) -> Result<Vec<$crate::driver::Row>, DriverError> {
                $crate::driver::Connection::query(&mut **self, sql).await
            }

            async fn sleep(&mut self, duration: std::time::Duration) {
                tokio::time::sleep(duration).await;
            }
        }
    };
}

#[cfg(feature = "sqlx-sqlite")]
adapter!(sqlx::Sqlite, sqlx::SqliteConnection, migrate_plan::Dialect::Sqlite);
#[cfg(feature = "sqlx-postgres")]
adapter!(sqlx::Postgres, sqlx::PgConnection, migrate_plan::Dialect::Postgres);
// Which of the two the server is, it is asked once.
#[cfg(feature = "sqlx-mysql")]
adapter!(sqlx::MySql, sqlx::MySqlConnection, migrate_plan::Dialect::MySql);

impl From<Error> for DriverError {
    fn from(error: Error) -> Self {
        driver_error(error)
    }
}

fn driver_error(error: Error) -> DriverError {
    let (kind, message) = match &error {
        Error::Database(server) => (DriverErrorKind::Refused, server.message().to_owned()),
        Error::Io(io) => (DriverErrorKind::ConnectionLost, io.to_string()),
        Error::PoolTimedOut | Error::PoolClosed | Error::Tls(_) => (DriverErrorKind::Unreachable, error.to_string()),
        Error::Protocol(_) | Error::WorkerCrashed => (DriverErrorKind::ConnectionLost, error.to_string()),
        other => (DriverErrorKind::Refused, other.to_string()),
    };
    let mut found = DriverError::new(kind, message);
    if let Some(server) = error.as_database_error() {
        found.code = server.code().map(|code| code.into_owned());
        #[cfg(feature = "sqlx-postgres")]
        if let Some(server) = server.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
            use sqlx::postgres::PgErrorPosition;
            found.kind = super::postgres_codes::kind_of(server.code());
            found.detail = server.detail().map(str::to_owned);
            found.hint = server.hint().map(str::to_owned);
            match server.position() {
                Some(PgErrorPosition::Original(position)) => found.position = u32::try_from(position).ok(),
                Some(PgErrorPosition::Internal { query, .. }) => found.internal_query = Some(query.to_owned()),
                None => {}
            }
        }
        #[cfg(feature = "sqlx-mysql")]
        if let Some(server) = server.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
            found.kind = super::mysql_codes::kind_of(server.number());
            found.code = Some(server.number().to_string());
        }
        #[cfg(feature = "sqlx-sqlite")]
        if server.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
            found.kind = sqlite_kind(found.code.as_deref(), &found.message);
        }
    }
    DriverError { source: Some(Box::new(error)), ..found }
}

/// SQLite's extended codes, whose lowest byte is the primary one.
#[cfg(feature = "sqlx-sqlite")]
fn sqlite_kind(code: Option<&str>, message: &str) -> DriverErrorKind {
    match code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
        Some(5 | 6) => DriverErrorKind::Busy,
        Some(8) => DriverErrorKind::ReadOnly,
        Some(14 | 26) => DriverErrorKind::Unreachable,
        _ => super::sqlite_messages::kind_of(message),
    }
}
