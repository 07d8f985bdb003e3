//! The catalog of PostgreSQL.

mod again;
mod corpus;
mod generated;
mod reading;

use std::process::Command;

use migrate_runtime::schema::{Schema, schema_sql};
use migrate_runtime::{Dialect, Inspection};
use migrate_tests::postgres::{Binaries, Database};
use migrate_tests::suite::{connect, postgres_or_skip, runtime};
use tokio_postgres::Client;

use super::support::assert_same;

/// Runs with a fresh database, or not at all where there is no PostgreSQL.
fn on_postgres(test: impl AsyncFnOnce(Database)) {
    if let Some(database) = postgres_or_skip() {
        runtime().block_on(test(database));
    }
}

async fn execute(db: &Client, sql: &str) {
    db.batch_execute(sql).await.unwrap_or_else(|error| panic!("{error:?}\n{sql:.300}"));
}

async fn inspect(db: &mut Client) -> Schema {
    Inspection::new().run_async(db).await.unwrap_or_else(|error| panic!("{error:?}"))
}

/// A fresh database after these statements, each sent alone, and what it holds.
async fn created<S: AsRef<str>>(statements: impl IntoIterator<Item = S>) -> (Database, Schema) {
    let database = postgres_or_skip().expect("a server");
    let mut db = connect(&database.url()).await;
    for statement in statements {
        execute(&db, statement.as_ref()).await;
    }
    let schema = inspect(&mut db).await;
    (database, schema)
}

/// Expects that what a database holds is created again by its own SQL, in both forms of that. Gives the second database.
async fn assert_round_trip(schema: &Schema) -> Database {
    let sql = schema_sql(schema);
    let (database, again) = created(&sql.statements).await;
    assert_same(schema, &again);
    let script = sql.to_script();
    let split = migrate_plan::split_statements(&script, Dialect::Postgres).expect("it splits");
    let (by_script, again) = created(split.iter().map(|statement| statement.sql())).await;
    assert_same(schema, &again);
    by_script.discard().expect("the database goes");
    database
}

/// What the server's own tool says of a database, object by object.
fn dumped(database: &Database) -> Vec<String> {
    let program = Binaries::find().expect("binaries").folder().join("pg_dump");
    let url = database.url();
    let output = Command::new(program).args(["--schema-only", "--no-owner", &url]).output().expect("pg_dump runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let dump = String::from_utf8(output.stdout).expect("UTF-8");
    let objects = dump.split("\n--\n-- ").filter(|object| object.starts_with("Name: "));
    let mut objects: Vec<String> = objects.map(|object| object.trim().to_owned()).collect();
    objects.sort();
    objects
}
