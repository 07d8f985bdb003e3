//! SQLite files, migrated through `rusqlite` in both faces.

use std::path::PathBuf;

use migrate_plan::Plan;
use migrate_runtime::{Dialect, Error, Migrator, RunError, RunReport};
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;

use super::{Database, runtime};

/// A SQLite file in a folder of its own.
#[derive(Debug)]
pub struct SqliteFile {
    folder: TempDir,
}

impl Default for SqliteFile {
    fn default() -> Self {
        Self::new()
    }
}

impl SqliteFile {
    /// A file that is not there yet.
    ///
    /// # Panics
    ///
    /// When the system gives no temporary folder.
    pub fn new() -> Self {
        Self { folder: TempDir::new().expect("the system gives a temporary folder") }
    }

    /// Its path.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("app.db")
    }

    /// A new connection.
    ///
    /// # Panics
    ///
    /// When the file cannot be opened.
    pub fn open(&self) -> Connection {
        Connection::open(self.path()).expect("a SQLite file opens")
    }

    /// Queries through a new connection, as [`Database::rows`] does.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        rows(&self.open(), sql)
    }

    /// Runs SQL through a new connection.
    pub fn execute(&self, sql: &str) {
        self.open().execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let text = |value: Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => format!("{bytes:?}"),
    };
    let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let values: Result<Vec<String>, _> = (0..columns).map(|column| row.get(column).map(text)).collect();
        Ok(values?.join("|"))
    });
    rows.and_then(Iterator::collect).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// `rusqlite` through the blocking face.
#[derive(Debug)]
pub struct BlockingSqlite {
    file: SqliteFile,
    connection: Connection,
}

impl BlockingSqlite {
    /// A fresh database; SQLite is always there.
    pub fn fresh() -> Option<Self> {
        Some(Self::on(SqliteFile::new()))
    }

    pub(super) fn on(file: SqliteFile) -> Self {
        let connection = file.open();
        Self { file, connection }
    }
}

impl Database for BlockingSqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn run(&mut self, migrator: Migrator<'_>) -> Result<RunReport, RunError> {
        migrator.run(&mut self.connection)
    }

    fn plan(&mut self, migrator: Migrator<'_>) -> Result<Plan, Error> {
        migrator.plan(&mut self.connection)
    }

    fn execute(&mut self, sql: &str) {
        self.file.execute(sql);
    }

    fn rows(&mut self, sql: &str) -> Vec<String> {
        self.file.rows(sql)
    }
}

/// `rusqlite` through the asynchronous face.
#[derive(Debug)]
pub struct AsyncSqlite(BlockingSqlite);

impl AsyncSqlite {
    /// A fresh database.
    pub fn fresh() -> Option<Self> {
        BlockingSqlite::fresh().map(Self)
    }
}

impl Database for AsyncSqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn run(&mut self, migrator: Migrator<'_>) -> Result<RunReport, RunError> {
        runtime().block_on(migrator.run_async(&mut self.0.connection))
    }

    fn plan(&mut self, migrator: Migrator<'_>) -> Result<Plan, Error> {
        runtime().block_on(migrator.plan_async(&mut self.0.connection))
    }

    fn execute(&mut self, sql: &str) {
        self.0.execute(sql);
    }

    fn rows(&mut self, sql: &str) -> Vec<String> {
        self.0.rows(sql)
    }
}
