//! How many messages a run costs.

use std::time::Duration;

use migrate_runtime::{Connection, Dialect, DriverError, Migrations, REFINERY_TABLE, Row};
use migrate_tests::postgres::Database;
use migrate_tests::suite::{chain, connect};
use tokio_postgres::Client;

use super::on_postgres;

/// Counts what is sent.
struct Counting {
    client: Client,
    messages: Vec<String>,
}

impl Connection for Counting {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn batch_execute(&mut self, sql: &str) -> Result<(), DriverError> {
        self.messages.push(sql.to_owned());
        Connection::batch_execute(&mut self.client, sql).await
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        self.messages.push(sql.to_owned());
        Connection::query(&mut self.client, sql).await
    }

    async fn sleep(&mut self, duration: Duration) {
        Connection::sleep(&mut self.client, duration).await;
    }
}

async fn messages_of_an_upgrade(database: &Database, revisions: &Migrations) -> usize {
    let mut db = Counting { client: connect(&database.url()).await, messages: Vec::new() };
    revisions.upgrade_async(&mut db).await.expect("an upgrade");
    db.messages.len()
}

#[test]
fn a_start_with_nothing_to_do_costs_one_message() {
    on_postgres(async |database| {
        messages_of_an_upgrade(&database, &chain("a b")).await;
        assert_eq!(messages_of_an_upgrade(&database, &chain("a b")).await, 1);
    });
}

#[test]
fn a_start_that_could_take_over_from_refinery_costs_no_more() {
    on_postgres(async |database| {
        messages_of_an_upgrade(&database, &chain("a b")).await;
        let mut db = Counting { client: connect(&database.url()).await, messages: Vec::new() };
        let revisions = chain("a b");
        revisions.migrator().adopt_refinery(REFINERY_TABLE).run_async(&mut db).await.expect("nothing to do");
        assert_eq!(db.messages.len(), 1);
    });
}

#[test]
fn each_revision_costs_one_message() {
    on_postgres(async |database| {
        messages_of_an_upgrade(&database, &chain("a")).await;
        let one = messages_of_an_upgrade(&database, &chain("a b")).await;
        let four = messages_of_an_upgrade(&database, &chain("a b c d e f")).await;
        assert_eq!(four - one, 3);
    });
}
