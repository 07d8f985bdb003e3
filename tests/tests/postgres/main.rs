//! What only PostgreSQL has: round trips, sessions, advisory locks, poolers.

mod blocking;
mod busy;
mod failure;
mod lock;
mod pooler;
mod refusal;
mod session;
mod transaction;
mod trips;

use std::time::Duration;

use migrate_tests::postgres::Database;
use migrate_tests::suite::{connect, postgres_or_skip, runtime};
use tokio_postgres::{Client, SimpleQueryMessage};

const PATIENCE: Duration = Duration::from_secs(60);

/// How many advisory locks are held in this database.
const HELD: &str = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE locktype = 'advisory' \
                    AND datname = current_database()";

/// Runs a test on a fresh database, where there is PostgreSQL; a test that waits for ever fails.
fn on_postgres(test: impl AsyncFnOnce(Database)) {
    if let Some(database) = postgres_or_skip() {
        let outcome = runtime().block_on(async { tokio::time::timeout(PATIENCE, test(database)).await });
        outcome.expect("the test ends in time");
    }
}

/// A client whose sessions say who they are.
async fn connect_as(database: &Database, application: &str) -> Client {
    let client = connect(&database.url()).await;
    client.batch_execute(&format!("SET application_name = '{application}'")).await.expect("a name");
    client
}

/// The first column of every row.
async fn column(client: &Client, sql: &str) -> Vec<String> {
    let answers = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let row = |answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
        _ => None,
    };
    answers.into_iter().filter_map(row).collect()
}
