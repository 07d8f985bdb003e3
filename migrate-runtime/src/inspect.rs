//! Reads what a database holds from its catalog, in a number of queries that does not depend on how much there is.

mod mysql;
mod postgres;
mod sqlite;

use migrate_plan::schema::Schema;
use migrate_plan::{Dialect, Settings};

use crate::driver::{Acquire, BlockingConnection, DriverError, LiveConnection, identified, ready};
use crate::error::Error;
use crate::migrator::ACQUIRING;
pub use postgres::Memory;

/// What to read of a database's catalog.
///
/// Reads only, in one transaction where the connection is not inside one, so that all is of one moment. What the server makes by
/// itself, what belongs to an extension and the tables that keep the history are left out; so are owners and rights. On SQLite,
/// from 3.37 on, it is the main database that is read, and neither temporary nor attached ones. No transaction covers the
/// catalog of MySQL and MariaDB: what others change meanwhile is seen or not.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "rusqlite")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use migrate_runtime::Inspection;
///
/// let mut db = rusqlite::Connection::open_in_memory()?;
/// db.execute_batch("CREATE TABLE users (name TEXT NOT NULL)")?;
/// let schema = Inspection::new().run(&mut db)?;
/// assert!(!schema.tables[0].columns[0].nullable);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "rusqlite"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct Inspection {
    schemas: Option<Vec<String>>,
    settings: Settings,
}

/// What an engine's reader leaves out, and looks at.
#[derive(Clone, Debug)]
struct Scope {
    /// Schemas besides the default one; `None` is all.
    schemas: Option<Vec<String>>,
    /// The tables that keep the history: history, log, lease.
    own_tables: [String; 3],
    /// Their schema, where it is configured.
    own_schema: Option<String>,
}

impl Scope {
    /// Whether a table keeps the history; `schema` is `None` for the default one.
    fn is_own(&self, schema: Option<&str>, table: &str) -> bool {
        self.own_schema.as_deref() == schema && self.own_tables.iter().any(|own| own.eq_ignore_ascii_case(table))
    }
}

impl Default for Inspection {
    fn default() -> Self {
        Self::new()
    }
}

impl Inspection {
    /// Everything in the database.
    pub fn new() -> Self {
        Self { schemas: None, settings: Settings::DEFAULT }
    }

    /// Of the schemas of a PostgreSQL database only the default one and these. Other engines know none.
    #[must_use]
    pub fn schemas<S: Into<String>>(mut self, schemas: impl IntoIterator<Item = S>) -> Self {
        self.schemas = Some(schemas.into_iter().map(Into::into).collect());
        self
    }

    /// Leaves out the history where these settings have it.
    #[must_use]
    pub fn settings(mut self, settings: &Settings) -> Self {
        self.settings = settings.clone();
        self
    }

    /// Reads through a blocking connection.
    ///
    /// # Errors
    ///
    /// [`Error::Driver`] when the database refuses a query.
    pub fn run<C: BlockingConnection>(&self, db: &mut C) -> Result<Schema, Error> {
        ready(self.run_live(db)).ok_or(Error::NotReady)?
    }

    /// Reads through an asynchronous connection, or one that it takes from a pool.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_async<A: Acquire>(&self, db: A) -> Result<Schema, Error> {
        let mut db = db.acquire().await.map_err(|error| Error::driver(ACQUIRING, error))?;
        let outcome = self.run_live(&mut *db).await;
        A::release(db);
        outcome
    }

    /// Reads through any connection.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_live(&self, db: &mut dyn LiveConnection) -> Result<Schema, Error> {
        self.read(db, None).await.map_err(|error| Error::driver("reading the catalog", error))
    }

    /// As [`run_live`](Self::run_live), again and again: PostgreSQL says what has changed since the last time, and only that is read.
    #[doc(hidden)]
    pub async fn run_again(&self, db: &mut dyn LiveConnection, memory: &mut Memory) -> Result<Schema, Error> {
        self.read(db, Some(memory)).await.map_err(|error| Error::driver("reading the catalog", error))
    }

    async fn read(&self, db: &mut dyn LiveConnection, memory: Option<&mut Memory>) -> Result<Schema, DriverError> {
        let mut db = identified(db).await?;
        let scope = Scope {
            schemas: self.schemas.clone(),
            own_tables: [
                self.settings.history_table.to_string(),
                self.settings.log_table(),
                self.settings.lease_table(),
            ],
            own_schema: self.settings.history_schema.as_ref().map(ToString::to_string),
        };
        match db.dialect() {
            Dialect::Sqlite => sqlite::read(&mut db, &scope).await,
            Dialect::Postgres => postgres::read(&mut db, &scope, memory).await,
            Dialect::MySql | Dialect::MariaDb => mysql::read(&mut db, &scope).await,
        }
    }
}
