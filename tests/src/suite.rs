//! What tests of the engine share: a fresh database for each driver, revisions written in a line, and the words in which
//! tests look at a database from outside.

mod ledger;
mod mariadb;
mod postgres;
mod revisions;
mod sqlite;
mod sqlx;

use migrate_plan::Plan;
use migrate_runtime::{Dialect, Direction, Error, Migrations, Migrator, RunError, RunReport};

pub use ledger::{Ledger, Store};
pub use mariadb::{BlockingMariaDb, MariaDb, MariaDbPool, connect_mysql, mariadb_or_skip};
pub use postgres::{BlockingPostgres, Postgres, connect, postgres_or_skip, runtime};
pub use revisions::{Draft, chain, draft, set, with_settings};
pub use sqlite::{AsyncSqlite, BlockingSqlite, SqliteFile};
pub use sqlx::{SqlxMariaDb, SqlxMariaDbPool, SqlxPostgres, SqlxPostgresPool, SqlxSqlite, SqlxSqlitePool};

/// A fresh database, migrated through one driver and looked at through a connection of its own.
pub trait Database {
    /// The dialect that it speaks.
    fn dialect(&self) -> Dialect;

    /// Whether the driver says where in a statement the database met an error.
    fn gives_positions(&self) -> bool {
        matches!(self.dialect(), Dialect::Sqlite | Dialect::Postgres)
    }

    /// Runs through the driver.
    ///
    /// # Errors
    ///
    /// Those of the run.
    fn run(&mut self, migrator: Migrator<'_>) -> Result<RunReport, RunError>;

    /// Plans through the driver.
    ///
    /// # Errors
    ///
    /// Those of the plan.
    fn plan(&mut self, migrator: Migrator<'_>) -> Result<Plan, Error>;

    /// Runs SQL through another connection.
    ///
    /// # Panics
    ///
    /// When the database refuses it.
    fn execute(&mut self, sql: &str);

    /// Queries through another connection; NULL becomes `NULL`, and columns are separated by `|`.
    ///
    /// # Panics
    ///
    /// When the database refuses it.
    fn rows(&mut self, sql: &str) -> Vec<String>;
}

impl dyn Database + '_ {
    /// Upgrades to the head and expects success.
    ///
    /// # Panics
    ///
    /// When the run fails.
    pub fn upgrade(&mut self, migrations: &Migrations) -> RunReport {
        self.succeed(migrations.migrator())
    }

    /// Runs and expects success.
    ///
    /// # Panics
    ///
    /// When the run fails.
    pub fn succeed(&mut self, migrator: Migrator<'_>) -> RunReport {
        self.run(migrator).unwrap_or_else(|error| panic!("{}", explain(&error.error)))
    }

    /// Runs and expects a failure.
    ///
    /// # Panics
    ///
    /// When the run succeeds.
    pub fn fail(&mut self, migrator: Migrator<'_>) -> RunError {
        match self.run(migrator) {
            Ok(report) => panic!("it succeeded: {report:?}"),
            Err(error) => error,
        }
    }

    /// The ids in the history, sorted.
    pub fn applied(&mut self) -> Vec<String> {
        self.rows("SELECT id FROM migrate_history ORDER BY id")
    }

    /// What the log says was done: `upgrade a`, in order.
    pub fn log(&mut self) -> Vec<String> {
        self.rows("SELECT action || ' ' || revision FROM migrate_log ORDER BY seq")
    }

    /// The tables, the history and its log included, sorted; whether there is a lease beside them is the engine's own affair.
    pub fn tables(&mut self) -> Vec<String> {
        let query = match self.dialect() {
            Dialect::Postgres => {
                "SELECT tablename::text FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') \
                 ORDER BY 1"
            }
            Dialect::MySql | Dialect::MariaDb => {
                "SELECT table_name FROM information_schema.tables WHERE table_schema = database() ORDER BY 1"
            }
            Dialect::Sqlite => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1"
            }
        };
        self.rows(query).into_iter().filter(|table| !table.ends_with("_lease")).collect()
    }
}

/// The code of the first thing that is wrong.
pub fn code(error: &Error) -> &'static str {
    error.diagnostics().first().map_or("none", |diagnostic| diagnostic.code.as_str())
}

/// Everything that is wrong, as it would be printed.
pub fn explain(error: &Error) -> String {
    error.diagnostics().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The ids of what a run did, in order.
pub fn done(report: &RunReport) -> Vec<&str> {
    report.ids().collect()
}

/// From where, through which steps, to where a run went: `base | +a +b | b`.
pub fn route(report: &RunReport) -> String {
    let heads = |heads: &[String]| if heads.is_empty() { "base".to_owned() } else { heads.join(" ") };
    let sign = |direction| if direction == Direction::Up { '+' } else { '-' };
    let steps: Vec<String> = report.steps.iter().map(|step| format!("{}{}", sign(step.direction), step.id)).collect();
    format!("{} | {} | {}", heads(&report.heads_before), steps.join(" "), heads(&report.heads_after))
}
