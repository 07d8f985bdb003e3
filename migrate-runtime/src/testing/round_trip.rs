//! Whether every `down` undoes its `up`, as one line of an application's tests.

use super::{FreshDatabase, fresh_database, live};
use crate::driver::{Acquire, BlockingConnection};
use crate::error::Error;
use crate::migrations::Migrations;
use crate::verify::{Verification, VerifyReport};

/// Expects that every revision can be undone: applies, undoes and applies each again in an empty database of its own, and compares the
/// catalog and rows made for it, as [`Verification`] does.
///
/// The server is that of `DATABASE_URL`; without it the database is SQLite's in memory. What cannot be judged, such as an irreversible
/// revision, is no failure.
///
/// ```
/// migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations = "../examples/quickstart/migrations"; }
///
/// # #[cfg(feature = "rusqlite")]
/// migrate_runtime::testing::assert_round_trip(&MIGRATIONS);
/// ```
///
/// # Panics
///
/// With everything that is wrong, file and line; and when no database can be had.
#[track_caller]
pub fn assert_round_trip(migrations: &Migrations) {
    let nothing = Migrations::new(Vec::new(), migrations.settings().clone());
    let fresh = fresh_database(&nothing).create().unwrap_or_else(|error| panic!("{}", told(&error)));
    let (engine, url) = (fresh.server.engine, fresh.url.clone());
    let verified = migrations.clone();
    let outcome = live::on_a_thread(move || async move {
        let mut db = live::open(engine, &url).await?;
        Verification::new(&verified).run_live(&mut *db).await
    });
    drop::<FreshDatabase>(fresh);
    judge(outcome);
}

/// [`assert_round_trip`] in the empty database of a blocking connection, which is left at the head.
///
/// # Panics
///
/// With everything that is wrong; and when the database is not empty, before anything is written.
#[track_caller]
pub fn assert_round_trip_on<C: BlockingConnection>(migrations: &Migrations, db: &mut C) {
    judge(Verification::new(migrations).run(db));
}

/// [`assert_round_trip_on`] for an asynchronous connection or a pool.
///
/// # Panics
///
/// As [`assert_round_trip_on`].
pub async fn assert_round_trip_on_async<A: Acquire>(migrations: &Migrations, db: A) {
    judge(Verification::new(migrations).run_async(db).await);
}

#[track_caller]
fn judge(outcome: Result<VerifyReport, Error>) {
    let problems = match outcome {
        Ok(report) if report.is_sound() => return,
        Ok(report) => report.diagnostics().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        Err(error) => told(&error),
    };
    panic!("not every revision can be undone:\n{problems}");
}

fn told(error: &Error) -> String {
    error.diagnostics().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
