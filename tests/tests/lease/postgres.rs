//! Who holds a lease on PostgreSQL, who may take it, and when.

use std::time::Duration;

use migrate_runtime::{Connection, Event};
use migrate_tests::postgres::Database;
use migrate_tests::suite::{chain, code, connect, draft, explain, postgres_or_skip, route, runtime, set};
use tokio_postgres::Client;

use super::{Held, PATIENCE, column};

const IN_AN_HOUR: &str = "clock_timestamp() + interval '1 hour'";
const LONG_AGO: &str = "clock_timestamp() - interval '1 hour'";
const BACKEND_START: &str =
    "(SELECT extract(epoch FROM backend_start)::text FROM pg_stat_activity WHERE pid = pg_backend_pid())";

fn on_postgres(test: impl AsyncFnOnce(Database, Client)) {
    if let Some(database) = postgres_or_skip() {
        let outcome = runtime().block_on(async {
            let client = connect(&database.url()).await;
            tokio::time::timeout(PATIENCE, test(database, client)).await
        });
        outcome.expect("the test ends in time");
    }
}

/// A session that holds the lease after `a` was applied.
async fn holder(database: &Database, expires_at: &str) -> Client {
    let mut holder = connect(&database.url()).await;
    chain("a").upgrade_async(&mut holder).await.expect("an upgrade");
    let held = Held { backend: "pg_backend_pid()::text", backend_start: BACKEND_START, expires_at };
    held.write(&mut holder).await;
    holder
}

/// What becomes of an upgrade to `b` that waits for a moment.
async fn upgrade(db: &mut Client) -> String {
    let revisions = chain("a b");
    match revisions.migrator().lock_timeout(Duration::from_millis(400)).run_async(db).await {
        Ok(report) => route(&report),
        Err(error) => code(&error.error).to_owned(),
    }
}

#[test]
fn a_waiter_hears_who_holds_the_lease_and_gives_up_in_time() {
    on_postgres(async |database, mut db| {
        let _holder = holder(&database, IN_AN_HOUR).await;
        let mut heard = Vec::new();
        let revisions = chain("a b");
        let migrator = revisions.migrator().lock_timeout(Duration::from_millis(300)).on_event(|event| {
            if let Event::Waiting { holder, .. } = event {
                heard.extend(holder.map(str::to_owned));
            }
        });

        let error = migrator.run_async(&mut db).await.expect_err("a time-out").error;

        assert_eq!(code(&error), "M0407");
        assert!(explain(&error).contains("the lock is held by ann@host (shop 1.0) in session "), "{}", explain(&error));
        assert!(heard.len() == 1 && heard[0].starts_with("ann@host (shop 1.0) in session "), "{heard:?}");
    });
}

#[test]
fn who_has_nothing_to_do_does_not_wait() {
    on_postgres(async |database, mut db| {
        let _holder = holder(&database, IN_AN_HOUR).await;
        chain("a").migrator().lock_timeout(Duration::ZERO).run_async(&mut db).await.expect("nothing to do");
    });
}

#[test]
fn a_lease_that_expired_is_taken() {
    on_postgres(async |database, mut db| {
        let _holder = holder(&database, LONG_AGO).await;
        assert_eq!(upgrade(&mut db).await, "a | +b | b");
    });
}

#[test]
fn a_lease_whose_session_has_ended_is_taken_at_once() {
    on_postgres(async |database, mut db| {
        drop(holder(&database, IN_AN_HOUR).await);
        assert_eq!(upgrade(&mut db).await, "a | +b | b");
    });
}

#[test]
fn an_expired_lease_stays_with_a_transaction_that_still_runs() {
    on_postgres(async |database, mut db| {
        let mut holder = holder(&database, LONG_AGO).await;
        holder.batch_execute("BEGIN; UPDATE migrate_lease SET token = token").await.expect("a transaction");
        assert_eq!(upgrade(&mut db).await, "M0407");
        Connection::batch_execute(&mut holder, "COMMIT").await.expect("its end");
        assert_eq!(upgrade(&mut db).await, "a | +b | b");
    });
}

#[test]
fn an_expired_lease_stays_with_a_statement_that_still_runs() {
    on_postgres(async |database, mut db| {
        let holder = holder(&database, LONG_AGO).await;
        let build = holder.batch_execute("/* migrate lease holder */ SELECT pg_sleep(1.5)");
        let (built, upgraded) = tokio::join!(build, async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            upgrade(&mut db).await
        });
        built.expect("it is built");
        assert_eq!(upgraded, "M0407");
        assert_eq!(upgrade(&mut db).await, "a | +b | b");
    });
}

#[test]
fn the_lease_is_free_after_success_and_after_failure_and_its_number_is_in_the_history() {
    on_postgres(async |_, mut db| {
        chain("a").upgrade_async(&mut db).await.expect("an upgrade");
        assert_eq!(column(&mut db, "SELECT owner || token FROM migrate_lease").await, ["1"]);
        let failing = set([draft("a"), draft("b").after("a").up("SELECT nowhere;")]);
        failing.upgrade_async(&mut db).await.expect_err("a failure");
        assert_eq!(column(&mut db, "SELECT owner || token FROM migrate_lease").await, ["2"]);
        chain("a b").upgrade_async(&mut db).await.expect("an upgrade");
        assert_eq!(column(&mut db, "SELECT lease FROM migrate_history ORDER BY id").await, ["1", "3"]);
    });
}

#[test]
fn who_waited_finds_the_work_done() {
    on_postgres(async |database, mut first| {
        let mut second = connect(&database.url()).await;
        let slow = set([draft("a").up("SELECT pg_sleep(0.3);"), draft("b").after("a")]);

        let (first, second) = tokio::join!(slow.upgrade_async(&mut first), slow.upgrade_async(&mut second));

        let mut routes = [first, second].map(|outcome| route(&outcome.expect("an upgrade")));
        routes.sort();
        assert_eq!(routes, ["base |  | b", "base | +a +b | b"]);
    });
}

#[test]
fn a_waiter_does_not_hinder_a_concurrent_index_build_of_the_holder() {
    on_postgres(async |database, mut waiter| {
        let mut first = connect(&database.url()).await;
        let build = "-- migrate: no-transaction\nCREATE TABLE t_b (x integer);\nINSERT INTO t_b SELECT \
                     generate_series(1, 200000);\nCREATE INDEX CONCURRENTLY t_b_x ON t_b (x);";
        let revisions = set([draft("a"), draft("b").after("a").up(build)]);
        chain("a").upgrade_async(&mut first).await.expect("an upgrade");

        let (first, second) = tokio::join!(revisions.upgrade_async(&mut first), revisions.upgrade_async(&mut waiter));

        let routes = [first, second].map(|outcome| route(&outcome.expect("an upgrade")));
        assert!(routes.contains(&"a | +b | b".to_owned()), "{routes:?}");
    });
}

#[test]
fn two_histories_do_not_wait_for_one_another() {
    on_postgres(async |database, mut db| {
        let _holder = holder(&database, IN_AN_HOUR).await;
        for (schema, table) in [(None, "other_history"), (Some("tenant"), "migrate_history")] {
            let settings = migrate_runtime::plan::Settings {
                history_schema: schema.map(Into::into),
                history_table: table.into(),
                ..Default::default()
            };
            let revisions = migrate_tests::suite::with_settings(&set([draft("n").up("-- migrate: nothing")]), settings);
            revisions.migrator().lock_timeout(Duration::ZERO).run_async(&mut db).await.expect("an upgrade");
        }
    });
}

#[test]
fn a_connection_that_is_lost_while_it_waits_says_what_it_waited_for() {
    on_postgres(async |database, mut db| {
        let _holder = holder(&database, IN_AN_HOUR).await;
        let pid = column(&mut db, "SELECT pg_backend_pid()").await.remove(0);
        let revisions = chain("a b");
        let (ended, ()) = tokio::join!(revisions.upgrade_async(&mut db), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            database.psql(&format!("SELECT pg_terminate_backend({pid})")).expect("it is ended");
        });
        let error = ended.expect_err("it is lost").error;
        assert_eq!(code(&error), "M0501", "{}", explain(&error));
        assert!(explain(&error).contains("the lease cannot be taken"), "{}", explain(&error));
        assert_eq!(database.psql("SELECT id FROM migrate_history"), Ok("a".to_owned()));
    });
}
