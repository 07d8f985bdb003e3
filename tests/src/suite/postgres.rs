//! Databases of the shared PostgreSQL server, migrated through `tokio-postgres`.

use migrate_plan::Plan;
use migrate_runtime::{Dialect, Error, Migrator, RunError, RunReport};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::Database;
use crate::postgres;

/// A runtime on this thread.
///
/// # Panics
///
/// When the system refuses one.
pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Connects; the connection is served by the current runtime.
///
/// # Panics
///
/// When the server refuses.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(async move { drop(connection.await) });
    client
}

/// A fresh database of the shared server, or nothing where there is no PostgreSQL.
pub fn postgres_or_skip() -> Option<postgres::Database> {
    postgres::engine_or_skip("postgres").map(postgres::Server::create_database)
}

/// `tokio-postgres` on a fresh database.
pub struct Postgres {
    runtime: Runtime,
    client: Client,
    aside: Client,
}

/// `postgres` on a fresh database; looked at through `tokio-postgres`.
pub struct BlockingPostgres {
    client: ::postgres::Client,
    aside: Postgres,
}

impl BlockingPostgres {
    /// A fresh database, or nothing where there is no PostgreSQL.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub fn fresh() -> Option<Self> {
        let url = postgres_or_skip()?.url();
        let client = ::postgres::Client::connect(&url, ::postgres::NoTls).expect("a connection");
        Some(Self { client, aside: Postgres::on(&url) })
    }
}

impl Database for BlockingPostgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn run(&mut self, migrator: Migrator<'_>) -> Result<RunReport, RunError> {
        migrator.run(&mut self.client)
    }

    fn plan(&mut self, migrator: Migrator<'_>) -> Result<Plan, Error> {
        migrator.plan(&mut self.client)
    }

    fn execute(&mut self, sql: &str) {
        self.aside.execute(sql);
    }

    fn rows(&mut self, sql: &str) -> Vec<String> {
        self.aside.rows(sql)
    }
}

impl Postgres {
    /// A fresh database, or nothing where there is no PostgreSQL.
    pub fn fresh() -> Option<Self> {
        postgres_or_skip().map(|database| Self::on(&database.url()))
    }

    pub(super) fn on(url: &str) -> Self {
        let runtime = runtime();
        let (client, aside) = runtime.block_on(async { (connect(url).await, connect(url).await) });
        Self { runtime, client, aside }
    }
}

impl Database for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn run(&mut self, migrator: Migrator<'_>) -> Result<RunReport, RunError> {
        self.runtime.block_on(migrator.run_async(&mut self.client))
    }

    fn plan(&mut self, migrator: Migrator<'_>) -> Result<Plan, Error> {
        self.runtime.block_on(migrator.plan_async(&mut self.client))
    }

    fn execute(&mut self, sql: &str) {
        let outcome = self.runtime.block_on(self.aside.batch_execute(sql));
        outcome.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    fn rows(&mut self, sql: &str) -> Vec<String> {
        let answers = self.runtime.block_on(self.aside.simple_query(sql));
        let answers = answers.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let row = |answer: SimpleQueryMessage| match answer {
            SimpleQueryMessage::Row(row) => {
                let texts: Vec<&str> = (0..row.len()).map(|column| row.get(column).unwrap_or("NULL")).collect();
                Some(texts.join("|"))
            }
            _ => None,
        };
        answers.into_iter().filter_map(row).collect()
    }
}
