//! Databases of the three engines, migrated through `sqlx` and looked at through the driver that each engine's other tests use.

use ::sqlx::Connection;
use migrate_plan::Plan;
use migrate_runtime::{Dialect, Error, Migrator, RunError, RunReport};
use tokio::runtime::Runtime;

use super::{BlockingSqlite, Database, MariaDb, Postgres, SqliteFile, mariadb_or_skip, postgres_or_skip, runtime};

/// Implements the suite's database for a connection of sqlx.
macro_rules! database {
    ($(#[$doc:meta])* $name:ident, $connection:ty, $aside:ty, $dialect:expr, positions: $positions:expr) => {
        $(#[$doc])*
        pub struct $name {
            runtime: Runtime,
            connection: $connection,
            aside: $aside,
        }

        impl $name {
            fn on(url: &str, aside: $aside) -> Self {
                let runtime = runtime();
                let connection = runtime.block_on(<$connection>::connect(url)).expect("a connection");
                Self { runtime, connection, aside }
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
                self.runtime.block_on(migrator.run_async(&mut self.connection))
            }

            fn plan(&mut self, migrator: Migrator<'_>) -> Result<Plan, Error> {
                self.runtime.block_on(migrator.plan_async(&mut self.connection))
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
    SqlxSqlite, ::sqlx::SqliteConnection, BlockingSqlite, Dialect::Sqlite, positions: false
}
database! {
    /// `sqlx` on a fresh PostgreSQL database.
    SqlxPostgres, ::sqlx::PgConnection, Postgres, Dialect::Postgres, positions: true
}
database! {
    /// `sqlx` on a fresh MariaDB database.
    SqlxMariaDb, ::sqlx::MySqlConnection, MariaDb, Dialect::MariaDb, positions: false
}

impl SqlxSqlite {
    /// A fresh file.
    pub fn fresh() -> Option<Self> {
        let file = SqliteFile::new();
        let url = format!("sqlite://{}?mode=rwc", file.path().display());
        Some(Self::on(&url, BlockingSqlite::on(file)))
    }
}

impl SqlxPostgres {
    /// A fresh database, or nothing where there is no PostgreSQL.
    pub fn fresh() -> Option<Self> {
        let url = postgres_or_skip()?.url();
        Some(Self::on(&url, Postgres::on(&url)))
    }
}

impl SqlxMariaDb {
    /// A fresh database, or nothing where there is no MariaDB.
    pub fn fresh() -> Option<Self> {
        let database = mariadb_or_skip()?;
        Some(Self::on(&database.url(), MariaDb::on(&database)))
    }
}
