//! Databases of the shared MariaDB server, migrated through `mysql_async`.

use migrate_plan::Plan;
use migrate_runtime::{Connection, Dialect, Error, Migrator, RunError, RunReport};
use mysql_async::Conn;
use tokio::runtime::Runtime;

use super::{Database, runtime};
use crate::mariadb;

/// A fresh database of the shared server, or nothing where there is no MariaDB.
pub fn mariadb_or_skip() -> Option<mariadb::Database> {
    mariadb::engine_or_skip("mariadb").map(mariadb::Server::create_database)
}

/// Connects with `mysql_async`.
///
/// # Panics
///
/// When the server refuses.
pub async fn connect_mysql(url: &str) -> Conn {
    Conn::from_url(url).await.expect("a connection")
}

/// `mysql_async` on a fresh database.
pub struct MariaDb {
    runtime: Runtime,
    connection: Conn,
    aside: Conn,
}

/// `mysql` on a fresh database; looked at through `mysql_async`.
pub struct BlockingMariaDb {
    connection: mysql::Conn,
    aside: MariaDb,
}

impl BlockingMariaDb {
    /// A fresh database, or nothing where there is no MariaDB.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub fn fresh() -> Option<Self> {
        let database = mariadb_or_skip()?;
        let connection = mysql::Conn::new(database.url().as_str()).expect("a connection");
        Some(Self { connection, aside: MariaDb::on(&database) })
    }
}

impl Database for BlockingMariaDb {
    fn dialect(&self) -> Dialect {
        Dialect::MariaDb
    }

    fn run(&mut self, migrator: Migrator<'_>) -> Result<RunReport, RunError> {
        migrator.run(&mut self.connection)
    }

    fn plan(&mut self, migrator: Migrator<'_>) -> Result<Plan, Error> {
        migrator.plan(&mut self.connection)
    }

    fn execute(&mut self, sql: &str) {
        self.aside.execute(sql);
    }

    fn rows(&mut self, sql: &str) -> Vec<String> {
        self.aside.rows(sql)
    }
}

/// A pool of one connection of `mysql_async` on a fresh database; looked at through another connection.
pub struct MariaDbPool {
    pool: mysql_async::Pool,
    aside: MariaDb,
}

impl MariaDbPool {
    /// A fresh database, or nothing where there is no MariaDB.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub fn fresh() -> Option<Self> {
        let database = mariadb_or_skip()?;
        let aside = MariaDb::on(&database);
        let smallest = mysql_async::PoolConstraints::new(1, 1).expect("one is at most one");
        let options = mysql_async::Opts::from_url(&database.url()).expect("a URL");
        let options = mysql_async::OptsBuilder::from_opts(options)
            .pool_opts(mysql_async::PoolOpts::default().with_constraints(smallest));
        // The pool lives in the runtime in which it is asked.
        let pool = aside.runtime.block_on(async { mysql_async::Pool::new(options) });
        Some(Self { pool, aside })
    }
}

impl Database for MariaDbPool {
    fn dialect(&self) -> Dialect {
        Dialect::MariaDb
    }

    fn run(&mut self, migrator: Migrator<'_>) -> Result<RunReport, RunError> {
        self.aside.runtime.block_on(migrator.run_async(&self.pool))
    }

    fn plan(&mut self, migrator: Migrator<'_>) -> Result<Plan, Error> {
        self.aside.runtime.block_on(migrator.plan_async(&self.pool))
    }

    fn execute(&mut self, sql: &str) {
        self.aside.execute(sql);
    }

    fn rows(&mut self, sql: &str) -> Vec<String> {
        self.aside.rows(sql)
    }
}

impl MariaDb {
    /// A fresh database, or nothing where there is no MariaDB.
    pub fn fresh() -> Option<Self> {
        mariadb_or_skip().map(|database| Self::on(&database))
    }

    pub(super) fn on(database: &mariadb::Database) -> Self {
        let url = database.url();
        let runtime = runtime();
        let (connection, mut aside) =
            runtime.block_on(async { (connect_mysql(&url).await, connect_mysql(&url).await) });
        // The suite joins texts as the standard has it.
        let joins = runtime.block_on(aside.batch_execute("SET sql_mode = concat(@@sql_mode, ',PIPES_AS_CONCAT')"));
        joins.expect("the mode is known");
        Self { runtime, connection, aside }
    }
}

impl Database for MariaDb {
    fn dialect(&self) -> Dialect {
        Dialect::MariaDb
    }

    fn run(&mut self, migrator: Migrator<'_>) -> Result<RunReport, RunError> {
        self.runtime.block_on(migrator.run_async(&mut self.connection))
    }

    fn plan(&mut self, migrator: Migrator<'_>) -> Result<Plan, Error> {
        self.runtime.block_on(migrator.plan_async(&mut self.connection))
    }

    fn execute(&mut self, sql: &str) {
        let outcome = self.runtime.block_on(self.aside.batch_execute(sql));
        outcome.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    fn rows(&mut self, sql: &str) -> Vec<String> {
        let rows = self.runtime.block_on(self.aside.query(sql));
        let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let joined = |row: migrate_runtime::Row| {
            let texts: Vec<String> = row.0.into_iter().map(|text| text.unwrap_or_else(|| "NULL".to_owned())).collect();
            texts.join("|")
        };
        rows.into_iter().map(joined).collect()
    }
}
