//! What only MariaDB has: statements that commit, named locks, modes that change what SQL means.

mod busy;
mod journal;
mod lock;
mod session;

use std::time::Duration;

use migrate_runtime::Connection;
use migrate_tests::mariadb::Database;
use migrate_tests::suite::{connect_mysql, mariadb_or_skip, runtime};
use mysql_async::Conn;

const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test on a fresh database, where there is MariaDB; a test that waits for ever fails.
fn on_mariadb(test: impl AsyncFnOnce(Database, Conn)) {
    if let Some(database) = mariadb_or_skip() {
        let outcome = runtime().block_on(async {
            let connection = connect_mysql(&database.url()).await;
            tokio::time::timeout(PATIENCE, test(database, connection)).await
        });
        outcome.expect("the test ends in time");
    }
}

/// The first column of every row.
async fn column(db: &mut Conn, sql: &str) -> Vec<String> {
    let rows = Connection::query(db, sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.into_iter().map(|row| row.text(0).unwrap_or("NULL").to_owned()).collect()
}

async fn execute(db: &mut Conn, sql: &str) {
    Connection::batch_execute(db, sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}
