//! Tables that other sessions use while a revision wants to change them.

use std::time::Duration;

use migrate_runtime::{Event, Migrations, Migrator};
use migrate_tests::postgres::Database;
use migrate_tests::suite::{chain, code, connect, draft, explain, route, set};
use tokio_postgres::Client;

use super::{column, connect_as, on_postgres};

const SHORT: Duration = Duration::from_millis(100);

/// A session that reads `t_a` in a transaction, after `a` was applied.
async fn reader(database: &Database) -> Client {
    chain("a").upgrade_async(&mut connect(&database.url()).await).await.expect("an upgrade");
    let reader = connect_as(database, "the reader").await;
    reader.batch_execute("BEGIN; SELECT * FROM t_a").await.expect("it reads");
    reader
}

fn altering(alter: &str) -> Migrations {
    set([draft("a"), draft("b").after("a").up(alter)])
}

fn hurried(revisions: &Migrations) -> Migrator<'_> {
    revisions.migrator().table_lock_timeout(SHORT).table_lock_attempts(2)
}

#[test]
fn a_change_that_waits_for_ever_would_stop_everybody_who_reads() {
    on_postgres(async |database| {
        let (_reader, changer) = (reader(&database).await, connect(&database.url()).await);
        let other = connect(&database.url()).await;
        other.batch_execute("SET lock_timeout = '300ms'").await.expect("a setting");
        let waiting = tokio::spawn(async move { changer.batch_execute("ALTER TABLE t_a ADD y integer").await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        let read = other.batch_execute("SELECT * FROM t_a").await.expect_err("the trap is there");
        assert_eq!(read.code().map(|code| code.code()), Some("55P03"));
        waiting.abort();
    });
}

#[test]
fn who_keeps_a_table_locked_is_named_and_nothing_has_changed() {
    on_postgres(async |database| {
        let _reader = reader(&database).await;
        let mut db = connect(&database.url()).await;
        let mut events = Vec::new();
        let revisions = altering("CREATE TABLE t_b (x integer);\nALTER TABLE t_a ADD y integer;");
        let run = hurried(&revisions).on_event(|event| {
            if let Event::Blocked { attempts, of, blockers, .. } = event {
                events.push(format!("{attempts} of {of}: {}", blockers.join("; ")));
            }
        });

        let error = run.run_async(&mut db).await.expect_err("it is locked").error;

        assert_eq!(code(&error), "M0417", "{}", explain(&error));
        let said = explain(&error);
        for part in [
            "--> migrations/b.sql:6:1",
            "in: ALTER TABLE t_a",
            "(the reader) from 127.0.0.1 holds t_a in a transaction since",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(events.len() == 1 && events[0].starts_with("1 of 2: process "), "{events:?}");
        assert!(said.contains("idle in transaction: BEGIN; SELECT * FROM t_a"), "{said}");
        assert_eq!(column(&db, "SELECT to_regclass('t_b') IS NULL").await, ["t"]);
        assert_eq!(column(&db, "SHOW lock_timeout").await, ["0"]);
        assert_eq!(column(&db, "SELECT id FROM migrate_history").await, ["a"]);
    });
}

/// Runs while the reader ends its transaction as soon as it is in the way.
async fn upgraded_when_the_reader_ends(database: &Database, alter: &str) -> String {
    let reader = reader(database).await;
    let (told, mut tell) = tokio::sync::mpsc::unbounded_channel();
    let revisions = altering(alter);
    let run = hurried(&revisions).on_event(move |event| {
        if matches!(event, Event::Blocked { .. }) {
            let _ = told.send(());
        }
    });
    let mut db = connect(&database.url()).await;
    let (report, ()) = tokio::join!(run.run_async(&mut db), async {
        tell.recv().await;
        reader.batch_execute("COMMIT").await.expect("it ends");
    });
    route(&report.unwrap_or_else(|error| panic!("{}", explain(&error.error))))
}

#[test]
fn a_revision_is_tried_again_until_the_table_is_free() {
    on_postgres(async |database| {
        let alter = "INSERT INTO t_a VALUES (1);\nALTER TABLE t_a ADD y integer;";
        assert_eq!(upgraded_when_the_reader_ends(&database, alter).await, "a | +b | b");
        assert_eq!(
            database.psql("SELECT count(*) FROM t_a"),
            Ok("1".to_owned()),
            "what was rolled back is not there twice"
        );
    });
}

#[test]
fn a_statement_that_runs_alone_is_tried_again_too() {
    on_postgres(async |database| {
        let alter = "-- migrate: no-transaction\nINSERT INTO t_a VALUES (1);\nALTER TABLE t_a ADD y integer;";
        assert_eq!(upgraded_when_the_reader_ends(&database, alter).await, "a | +b | b");
        assert_eq!(database.psql("SELECT count(*) FROM t_a"), Ok("1".to_owned()));
    });
}

#[test]
fn a_concurrent_build_waits_as_long_as_it_takes() {
    on_postgres(async |database| {
        chain("a").upgrade_async(&mut connect(&database.url()).await).await.expect("an upgrade");
        let writer = connect_as(&database, "a writer").await;
        writer.batch_execute("BEGIN; INSERT INTO t_a VALUES (1)").await.expect("it writes");
        let revisions = altering("-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY t_a_x ON t_a (x);");
        let run = revisions.migrator().table_lock_timeout(SHORT).table_lock_attempts(1).statement_timeout(SHORT);
        let mut db = connect(&database.url()).await;
        let (report, ()) = tokio::join!(run.run_async(&mut db), async {
            tokio::time::sleep(SHORT * 5).await;
            writer.batch_execute("COMMIT").await.expect("it ends");
        });
        report.unwrap_or_else(|error| panic!("{}", explain(&error.error)));
        let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a_x'::regclass";
        assert_eq!(database.psql(valid), Ok("t".to_owned()));
    });
}

#[test]
fn a_revision_may_set_its_own_limit() {
    on_postgres(async |database| {
        let reader = reader(&database).await;
        let revisions = altering("SET LOCAL lock_timeout = '10s';\nALTER TABLE t_a ADD y integer;");
        let mut db = connect(&database.url()).await;
        let (report, ()) = tokio::join!(hurried(&revisions).table_lock_attempts(1).run_async(&mut db), async {
            tokio::time::sleep(SHORT * 5).await;
            reader.batch_execute("COMMIT").await.expect("it ends");
        });
        report.unwrap_or_else(|error| panic!("{}", explain(&error.error)));
    });
}

#[test]
fn a_statement_that_takes_longer_than_its_time_is_ended() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        for section in ["SELECT pg_sleep(30);", "-- migrate: no-transaction\nSELECT pg_sleep(30);"] {
            let revisions = set([draft("a").up(section)]);
            let run = revisions.migrator().statement_timeout(SHORT).run_async(&mut db).await;
            let error = run.expect_err("it takes too long").error;
            assert_eq!(code(&error), "M0401");
            assert!(explain(&error).contains("57014"), "{}", explain(&error));
        }
        assert_eq!(column(&db, "SHOW statement_timeout").await, ["0"]);
    });
}
