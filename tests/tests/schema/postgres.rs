//! The catalog of PostgreSQL.

mod corpus;
mod generated;
mod reading;

use migrate_runtime::schema::{Schema, schema_sql};
use migrate_runtime::{Dialect, Inspection};
use migrate_tests::postgres::Database;
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

/// What a fresh database holds after these statements, each sent alone.
async fn created<S: AsRef<str>>(statements: impl IntoIterator<Item = S>) -> Schema {
    let database = postgres_or_skip().expect("a server");
    let mut db = connect(&database.url()).await;
    for statement in statements {
        execute(&db, statement.as_ref()).await;
    }
    let schema = inspect(&mut db).await;
    drop(db);
    database.discard().expect("the database goes");
    schema
}

/// Expects that what is inspected is created again by its own SQL, in both forms of that.
async fn assert_round_trip(schema: &Schema) {
    let sql = schema_sql(schema);
    assert_same(schema, &created(&sql.statements).await);
    let script = sql.to_script();
    let split = migrate_plan::split_statements(&script, Dialect::Postgres).expect("it splits");
    assert_same(schema, &created(split.iter().map(|statement| statement.sql())).await);
}
