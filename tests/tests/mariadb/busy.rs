//! Tables that other sessions use while a revision wants to change them.

use std::time::Duration;

use migrate_runtime::{Event, Migrations, Migrator};
use migrate_tests::mariadb::Database;
use migrate_tests::suite::{chain, code, connect_mysql, draft, explain, route, set};
use mysql_async::Conn;

use super::{column, execute, on_mariadb};

/// A session that does this to `t_a` in a transaction, after `a` was applied.
async fn user_of_a_table(database: &Database, sql: &str) -> Conn {
    let mut db = connect_mysql(&database.url()).await;
    chain("a").upgrade_async(&mut db).await.expect("an upgrade");
    execute(&mut db, "INSERT INTO t_a VALUES (1)").await;
    execute(&mut db, &format!("START TRANSACTION; {sql}")).await;
    db
}

fn altering(alter: &str) -> Migrations {
    set([draft("a"), draft("b").after("a").up(alter)])
}

fn hurried(revisions: &Migrations) -> Migrator<'_> {
    revisions.migrator().table_lock_timeout(Duration::from_secs(1)).table_lock_attempts(2)
}

#[test]
fn who_has_a_transaction_open_is_named() {
    on_mariadb(async |database, mut db| {
        let mut reader = user_of_a_table(&database, "SELECT * FROM t_a").await;
        let id = column(&mut reader, "SELECT connection_id()").await.remove(0);
        let revisions = altering("CREATE TABLE t_b (x integer);\nALTER TABLE t_a ADD y integer;");

        let error = hurried(&revisions).run_async(&mut db).await.expect_err("it is locked").error;

        let said = explain(&error);
        assert_eq!(code(&error), "M0417", "{said}");
        for part in ["--> migrations/b.sql:6:1", "in: ALTER TABLE t_a", "1 of its 2 statements have run and stay"] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(said.contains(&format!("in the way: connection {id} (root from ")), "{said}");

        execute(&mut reader, "COMMIT").await;
        assert_eq!(route(&revisions.upgrade_async(&mut db).await.expect("it goes on")), "a | +b | b");
        assert_eq!(column(&mut db, "SELECT @@lock_wait_timeout").await, ["86400"], "the session is what it was");
    });
}

/// Runs while the other session ends its transaction as soon as it is in the way.
async fn upgraded_when_it_ends(database: &Database, db: &mut Conn, uses: &str, section: &str) {
    let mut user = user_of_a_table(database, uses).await;
    let (told, mut tell) = tokio::sync::mpsc::unbounded_channel();
    let revisions = altering(section);
    let run = hurried(&revisions).on_event(move |event| {
        if matches!(event, Event::Blocked { .. }) {
            let _ = told.send(());
        }
    });
    let (report, ()) = tokio::join!(run.run_async(db), async {
        tell.recv().await;
        execute(&mut user, "COMMIT").await;
    });
    let report = report.unwrap_or_else(|error| panic!("{}", explain(&error.error)));
    assert_eq!(route(&report), "a | +b | b");
}

#[test]
fn a_statement_that_commits_by_itself_is_tried_again_until_the_table_is_free() {
    on_mariadb(async |database, mut db| {
        let section = "CREATE TABLE t_b (x integer);\nALTER TABLE t_a ADD y integer;";
        upgraded_when_it_ends(&database, &mut db, "SELECT * FROM t_a", section).await;
    });
}

#[test]
fn rows_that_others_lock_are_waited_for_and_nothing_is_written_twice() {
    on_mariadb(async |database, mut db| {
        let section = "INSERT INTO t_a VALUES (7);\nUPDATE t_a SET x = x + 1 WHERE x = 1;";
        upgraded_when_it_ends(&database, &mut db, "UPDATE t_a SET x = x", section).await;
        assert_eq!(column(&mut db, "SELECT x FROM t_a ORDER BY x").await, ["2", "7"]);
    });
}

#[test]
fn a_statement_that_takes_longer_than_its_time_is_ended() {
    on_mariadb(async |_, mut db| {
        let revisions = set([draft("a").up("SELECT sleep(30);")]);
        let run = revisions.migrator().statement_timeout(Duration::from_millis(200)).run_async(&mut db).await;
        let error = run.expect_err("it takes too long").error;
        assert_eq!(code(&error), "M0401");
        assert!(explain(&error).contains("1969"), "{}", explain(&error));
        assert_eq!(column(&mut db, "SELECT @@max_statement_time").await, ["0.000000"]);
    });
}
