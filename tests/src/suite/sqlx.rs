//! Databases of the three engines, migrated through `sqlx` and looked at through the driver that each engine's other tests use.

use ::sqlx::Connection;
use migrate_plan::Plan;
use migrate_runtime::{Dialect, Error, Migrator, RunError, RunReport};
use tokio::runtime::Runtime;

use super::{BlockingSqlite, Database, MariaDb, Postgres, SqliteFile, mariadb_or_skip, postgres_or_skip, runtime};

/// Implements the suite's database for a connection of sqlx, or a pool of it.
macro_rules! database {
    ($(#[$doc:meta])* $name:ident, $connection:ty, $connect:expr, lent as $lent:tt $($mutable:ident)?, $aside:ty, $fresh:expr,
     $dialect:expr, positions: $positions:expr) => {
        $(#[$doc])*
        pub struct $name {
            runtime: Runtime,
            connection: $connection,
            aside: $aside,
        }

        impl $name {
            /// A fresh database, or nothing where there is no server for it.
            pub fn fresh() -> Option<Self> {
                let (url, aside) = $fresh()?;
                let runtime = runtime();
                let connection = runtime.block_on($connect(&url)).expect("a connection");
                Some(Self { runtime, connection, aside })
            }
        }

        impl Database for $name {
            fn dialect(&self) -> Dialect {
                $dialect
            }

            fn gives_positions(&self) -> bool {
                $positions
            }

            fn run(&mut self, migrator: Migrator<'_>) -> Result<RunReport, RunError> {
                self.runtime.block_on(migrator.run_async($lent $($mutable)? self.connection))
            }

            fn plan(&mut self, migrator: Migrator<'_>) -> Result<Plan, Error> {
                self.runtime.block_on(migrator.plan_async($lent $($mutable)? self.connection))
            }

            fn execute(&mut self, sql: &str) {
                self.aside.execute(sql);
            }

            fn rows(&mut self, sql: &str) -> Vec<String> {
                self.aside.rows(sql)
            }
        }
    };
}

database! {
    /// `sqlx` on a fresh SQLite file.
    SqlxSqlite, ::sqlx::SqliteConnection, ::sqlx::SqliteConnection::connect, lent as & mut, BlockingSqlite, sqlite, Dialect::Sqlite, positions: false
}
database! {
    /// A pool of one connection of `sqlx` on a fresh SQLite file.
    SqlxSqlitePool, ::sqlx::SqlitePool, |url: &str| pool(url.to_owned()), lent as &, BlockingSqlite, sqlite, Dialect::Sqlite, positions: false
}
database! {
    /// `sqlx` on a fresh PostgreSQL database.
    SqlxPostgres, ::sqlx::PgConnection, ::sqlx::PgConnection::connect, lent as & mut, Postgres, postgres, Dialect::Postgres, positions: true
}
database! {
    /// A pool of one connection of `sqlx` on a fresh PostgreSQL database.
    SqlxPostgresPool, ::sqlx::PgPool, |url: &str| pool(url.to_owned()), lent as &, Postgres, postgres, Dialect::Postgres, positions: true
}
database! {
    /// `sqlx` on a fresh MariaDB database.
    SqlxMariaDb, ::sqlx::MySqlConnection, ::sqlx::MySqlConnection::connect, lent as & mut, MariaDb, mariadb, Dialect::MariaDb, positions: false
}
database! {
    /// A pool of one connection of `sqlx` on a fresh MariaDB database.
    SqlxMariaDbPool, ::sqlx::MySqlPool, |url: &str| pool(url.to_owned()), lent as &, MariaDb, mariadb, Dialect::MariaDb, positions: false
}

/// The smallest pool: a run that asked it for a second connection would wait for ever.
async fn pool<D: ::sqlx::Database>(url: String) -> ::sqlx::Result<::sqlx::Pool<D>> {
    ::sqlx::pool::PoolOptions::new().max_connections(1).connect(&url).await
}

fn sqlite() -> Option<(String, BlockingSqlite)> {
    let file = SqliteFile::new();
    Some((format!("sqlite://{}?mode=rwc", file.path().display()), BlockingSqlite::on(file)))
}

fn postgres() -> Option<(String, Postgres)> {
    let url = postgres_or_skip()?.url();
    let aside = Postgres::on(&url);
    Some((url, aside))
}

fn mariadb() -> Option<(String, MariaDb)> {
    let database = mariadb_or_skip()?;
    Some((database.url(), MariaDb::on(&database)))
}
