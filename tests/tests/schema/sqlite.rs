//! The catalog of SQLite.

mod accepted;
mod corpus;
mod engine;
mod generated;
mod generator;
mod situations;
mod size;
mod written;

use migrate_runtime::schema::{Schema, schema_sql};
use migrate_runtime::{Dialect, Inspection};
use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;
use rusqlite::Connection;

use super::support::assert_same;

/// A database in memory that holds what the script creates.
#[track_caller]
fn database(script: &str) -> Connection {
    let db = Connection::open_in_memory().expect("a database in memory opens");
    db.execute_batch(script).unwrap_or_else(|error| panic!("{error}:\n{script}"));
    db
}

#[track_caller]
fn inspect(db: &mut Connection) -> Schema {
    Inspection::new().run(db).unwrap_or_else(|error| panic!("the catalog is read: {error:?}"))
}

#[track_caller]
fn inspected(script: &str) -> Schema {
    inspect(&mut database(script))
}

/// Expects that a schema, written as SQL, creates the same in an empty database: for our reader and for the engine itself.
#[track_caller]
fn assert_recreates(db: &mut Connection) -> Schema {
    let schema = inspect(db);
    let written = schema_sql(&schema);
    assert_eq!(written.left_out, []);
    let script = written.to_script();
    let statements = migrate_plan::split_statements(&script, Dialect::Sqlite).expect("the script is split");
    let statements: Vec<&str> =
        statements.iter().map(migrate_plan::Statement::sql).filter(|sql| !sql.is_empty()).collect();
    assert_eq!(statements, written.statements, "the script holds the same statements");

    let one_by_one = Connection::open_in_memory().expect("a database in memory opens");
    for statement in &statements {
        one_by_one.execute_batch(statement).unwrap_or_else(|error| panic!("{error}:\n{statement}"));
    }
    for mut again in [one_by_one, database(&script)] {
        let read_again = inspect(&mut again);
        assert_same(&schema, &read_again);
        assert_eq!(schema, read_again);
        assert_eq!(engine::sees(db), engine::sees(&again), "\n{script}");
    }
    schema
}

/// Two hundred cases, or as many as `PROPTEST_CASES` says.
fn cases() -> ProptestConfig {
    let asked_for = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked_for.unwrap_or(200);
    // The same cases each time, unless more are asked for.
    let rng_seed = if asked_for.is_some() { RngSeed::Random } else { RngSeed::Fixed(7) };
    let max_global_rejects = 20 * cases;
    ProptestConfig { cases, rng_seed, failure_persistence: None, max_global_rejects, ..ProptestConfig::default() }
}
