//! Schemas that nobody thought of: made from a tape of numbers, so that a failing one shrinks.

mod objects;
mod tables;

use std::cell::{Cell, RefCell};

use migrate_runtime::schema::{Schema, schema_sql};
use migrate_runtime::{Dialect, Inspection};
use migrate_tests::suite::{connect, postgres_or_skip, runtime};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio_postgres::Client;

use super::super::support::assert_same;

/// Numbers that decide; at its end it says 0, which is always the plainest choice.
pub(super) struct Tape<'t>(std::slice::Iter<'t, u16>);

impl<'t> Tape<'t> {
    pub(super) fn of(numbers: &'t [u16]) -> Self {
        Self(numbers.iter())
    }

    /// One of so many.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0.next().map_or(0, |number| usize::from(*number) % limit.max(1))
    }

    /// Seldom so.
    pub(super) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == chances - 1
    }

    pub(super) fn pick<'o, T: ?Sized>(&mut self, of: &[&'o T]) -> &'o T {
        of[self.below(of.len())]
    }
}

/// A name that no other object of its kind has, as SQL.
pub(super) fn name(tape: &mut Tape<'_>, prefix: &str, number: usize) -> String {
    let tail = tape.pick(&["", " b", "ß", "\"q\"", "🦀", "\\", ";--", "$1", "'", ".x", "Upper", "%s"]);
    format!("\"{}\"", format!("{prefix}{number}{tail}").replace('"', "\"\""))
}

pub(super) fn text(of: &str) -> String {
    format!("E'{}'", of.replace('\\', "\\\\").replace('\'', "''"))
}

pub(super) fn comment(tape: &mut Tape<'_>) -> String {
    text(tape.pick(&["plain", "it's", "back\\slash", "two\nlines\r\n", "-- ; $$ /*", "\"quoted\" 🦀"]))
}

/// Creates in a fresh schema, message by message, and reads.
async fn created<'s>(
    db: &mut Client,
    schema: &str,
    messages: impl IntoIterator<Item = &'s str>,
) -> Result<Schema, String> {
    let fresh = format!("CREATE SCHEMA {schema}; SET search_path = {schema}; SET client_min_messages = error");
    db.batch_execute(&fresh).await.map_err(|error| format!("{error:?}"))?;
    for message in messages {
        db.batch_execute(message).await.map_err(|error| format!("{message}\n{error:?}"))?;
    }
    Inspection::new().schemas(["Other \"1\""]).run_async(db).await.map_err(|error| format!("{error:?}"))
}

async fn drop_all(db: &Client) {
    let sql = "DROP SCHEMA IF EXISTS one, \"Two 2\", \"Other \"\"1\"\"\" CASCADE";
    db.batch_execute(sql).await.expect("the schemas go");
}

async fn round_trip(db: &mut Client, statements: &[String]) -> Result<(), String> {
    let one = created(db, "one", [statements.join(";\n").as_str()]).await;
    drop_all(db).await;
    let one = one?;
    let sql = schema_sql(&one);
    if !sql.left_out.is_empty() {
        return Err(format!("{:?}", sql.left_out));
    }
    let two = created(db, "\"Two 2\"", sql.statements.iter().map(String::as_str)).await;
    drop_all(db).await;
    assert_same(&one, &two.map_err(|error| format!("{error}\n{}", sql.to_script()))?);
    let script = sql.to_script();
    let split = migrate_plan::split_statements(&script, Dialect::Postgres).map_err(|error| error.to_string())?;
    let split: Vec<&str> = split.iter().map(|statement| statement.sql()).collect();
    assert_eq!(split, sql.statements);
    Ok(())
}

#[test]
fn generated_schemas_make_the_round_trip() {
    let Some(database) = postgres_or_skip() else { return };
    let runtime = runtime();
    let db = RefCell::new(runtime.block_on(connect(&database.url())));
    let config = Config { failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let config = if std::env::var_os("PROPTEST_CASES").is_some() { config } else { Config { cases: 200, ..config } };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let objects = Cell::new(0);
    let outcome = runner.run(&proptest::collection::vec(any::<u16>(), 0..400), |numbers| {
        let statements = objects::statements(&mut Tape(numbers.iter()));
        objects.set(objects.get() + statements.len());
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            runtime.block_on(round_trip(&mut db.borrow_mut(), &statements))
        }));
        let outcome = outcome.unwrap_or_else(|panic| {
            Err(panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned()))
        });
        outcome.map_err(|error| TestCaseError::fail(format!("{error}\n{}", statements.join(";\n"))))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(objects.get() > 2_000, "{}", objects.get());
}
