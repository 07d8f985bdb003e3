//! The seam between the engine and a database driver: two queries and a sleep.
//!
//! An adapter implements [`Connection`]; the engine sees its boxed twin [`LiveConnection`]. Everything crosses as text:
//! no binds, so that one implementation serves every driver.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use migrate_plan::Dialect;

mod acquire;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "mysql_async")]
mod mysql_async;
#[cfg(any(feature = "mysql", feature = "mysql_async", feature = "sqlx-mysql"))]
mod mysql_codes;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "tokio-postgres", feature = "sqlx-postgres"))]
mod postgres_codes;
#[cfg(feature = "rusqlite")]
mod rusqlite;
#[cfg(any(feature = "rusqlite", feature = "sqlx-sqlite"))]
mod sqlite_messages;
#[cfg(any(feature = "sqlx-sqlite", feature = "sqlx-postgres", feature = "sqlx-mysql"))]
mod sqlx;
#[cfg(feature = "tokio-postgres")]
mod tokio_postgres;

pub use acquire::Acquire;

/// One row of a result, each column as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row(pub Vec<Option<String>>);

impl Row {
    /// The text of a column, counted from 0; `None` for NULL and for a column that is not there.
    pub fn text(&self, column: usize) -> Option<&str> {
        self.0.get(column)?.as_deref()
    }
}

/// What kind of failure a driver reports, as far as the engine acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DriverErrorKind {
    /// The database refused a statement.
    Refused,
    /// The connection is gone; what was sent may have taken effect.
    ConnectionLost,
    /// Another connection holds a lock on the database file, a table or a row, or its transaction was preferred to this
    /// one. What was sent is undone, or can be, and may be tried again.
    Busy,
    /// A table or schema does not exist.
    UndefinedTable,
    /// A column does not exist.
    UndefinedColumn,
    /// The connection is inside a transaction: one that failed, or one where a new one was asked for.
    InTransaction,
    /// The database, connection or role may not write.
    ReadOnly,
    /// The server cannot be reached, or not yet.
    Unreachable,
    /// The credentials were refused.
    WrongCredentials,
    /// The database does not exist.
    MissingDatabase,
    /// The connection blocks, and is used where nothing may block.
    MayNotBlock,
}

/// A failure as a driver reports it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct DriverError {
    /// What kind of failure.
    pub kind: DriverErrorKind,
    /// The server's own words.
    pub message: String,
    /// The server's code, such as an SQLSTATE.
    pub code: Option<String>,
    /// The server's detail.
    pub detail: Option<String>,
    /// The server's hint.
    pub hint: Option<String>,
    /// Where in the text that was sent, in characters from 1.
    pub position: Option<u32>,
    /// The query inside a function or block in which the position would lie.
    pub internal_query: Option<String>,
    /// How many statements of the text had completed.
    pub completed: Option<usize>,
    /// The driver's error.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl DriverError {
    /// A failure with a kind and the server's words.
    pub fn new(kind: DriverErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            code: None,
            detail: None,
            hint: None,
            position: None,
            internal_query: None,
            completed: None,
            source: None,
        }
    }

    /// Whether another connection was in the way, so that trying again may help.
    pub(crate) fn is_contention(&self) -> bool {
        self.kind == DriverErrorKind::Busy
    }
}

/// A database connection that migrations can run on.
///
/// Implemented here for the drivers whose feature is enabled. To bring another driver, implement it: every method sends
/// its text as one message and drains what comes back.
///
/// A run needs the connection for itself, and outside a transaction.
pub trait Connection: Send {
    /// The dialect that the database speaks.
    fn dialect(&self) -> Dialect;

    /// Runs any number of statements, dropping their rows.
    ///
    /// # Errors
    ///
    /// [`DriverError`] of the first statement that fails, with the number of those before it.
    fn batch_execute(&mut self, sql: &str) -> impl Future<Output = Result<(), DriverError>> + Send;

    /// Runs one query.
    ///
    /// # Errors
    ///
    /// [`DriverError`] when the database refuses it.
    fn query(&mut self, sql: &str) -> impl Future<Output = Result<Vec<Row>, DriverError>> + Send;

    /// Waits; blocking connections block.
    fn sleep(&mut self, duration: Duration) -> impl Future<Output = ()> + Send;
}

/// A connection whose futures are ready at the first poll, so that no executor is needed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blocking database connection",
    label = "this connection is asynchronous, or its driver's feature is not enabled",
    note = "use the asynchronous face: `upgrade_async(&mut connection).await`, `run_async`, `plan_async`"
)]
pub trait BlockingConnection: Connection {}

/// A boxed future that can be sent to another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The object-safe twin of [`Connection`], implemented for each of them.
pub trait LiveConnection: Send {
    /// See [`Connection::dialect`].
    fn dialect(&self) -> Dialect;

    /// See [`Connection::batch_execute`].
    fn batch_execute<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<(), DriverError>>;

    /// See [`Connection::query`].
    fn query<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<Vec<Row>, DriverError>>;

    /// See [`Connection::sleep`].
    fn sleep(&mut self, duration: Duration) -> BoxFuture<'_, ()>;
}

impl<C: Connection> LiveConnection for C {
    fn dialect(&self) -> Dialect {
        Connection::dialect(self)
    }

    fn batch_execute<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<(), DriverError>> {
        Box::pin(Connection::batch_execute(self, sql))
    }

    fn query<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<Vec<Row>, DriverError>> {
        Box::pin(Connection::query(self, sql))
    }

    fn sleep(&mut self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(Connection::sleep(self, duration))
    }
}

/// A connection whose server was asked what it is, where its driver cannot tell MySQL and MariaDB apart: the handshake
/// of MariaDB 10 gives itself out as MySQL 5.5.
pub(crate) struct Identified<'c> {
    inner: &'c mut dyn LiveConnection,
    dialect: Dialect,
}

/// The dialect of the server behind a connection: where its driver cannot tell MySQL and MariaDB apart, the server is asked.
///
/// # Errors
///
/// [`Error::Driver`](crate::Error::Driver) when it does not answer.
pub async fn dialect_of(db: &mut dyn LiveConnection) -> Result<Dialect, crate::Error> {
    let found = identified(db).await.map_err(|error| crate::Error::driver(crate::migrator::CONNECTING, error))?;
    Ok(found.dialect())
}

/// Asks the server, when the driver says MySQL.
pub(crate) async fn identified(db: &mut dyn LiveConnection) -> Result<Identified<'_>, DriverError> {
    let dialect = match db.dialect() {
        Dialect::MySql => {
            let rows = db.query("SELECT version()").await?;
            let version = rows.first().and_then(|row| row.text(0)).unwrap_or_default();
            if version.contains("MariaDB") { Dialect::MariaDb } else { Dialect::MySql }
        }
        known => known,
    };
    Ok(Identified { inner: db, dialect })
}

impl LiveConnection for Identified<'_> {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn batch_execute<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<(), DriverError>> {
        self.inner.batch_execute(sql)
    }

    fn query<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<Vec<Row>, DriverError>> {
        self.inner.query(sql)
    }

    fn sleep(&mut self, duration: Duration) -> BoxFuture<'_, ()> {
        self.inner.sleep(duration)
    }
}

/// Runs a future that a blocking connection feeds: it is ready at the first poll, or the connection lied.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}
