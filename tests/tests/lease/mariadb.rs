//! The lease on MariaDB, where `lock = "lease"` asks for it.

use std::time::Duration;

use migrate_tests::mariadb::Database;
use migrate_tests::suite::{chain, code, connect_mysql, draft, explain, mariadb_or_skip, route, runtime, set};
use mysql_async::Conn;

use super::{Held, PATIENCE, column, leased};

const HELD: Held<'_> =
    Held { backend: "connection_id()", backend_start: "''", expires_at: "utc_timestamp(6) + INTERVAL 1 HOUR" };

fn on_mariadb(test: impl AsyncFnOnce(Database, Conn)) {
    if let Some(database) = mariadb_or_skip() {
        let outcome = runtime().block_on(async {
            let connection = connect_mysql(&database.url()).await;
            tokio::time::timeout(PATIENCE, test(database, connection)).await
        });
        outcome.expect("the test ends in time");
    }
}

#[test]
fn a_lease_is_waited_for_and_taken_when_it_expires() {
    on_mariadb(async |database, mut db| {
        leased(&chain("a")).upgrade_async(&mut db).await.expect("an upgrade");
        let mut holder = connect_mysql(&database.url()).await;
        HELD.write(&mut holder).await;
        let revisions = leased(&chain("a b"));

        let waiting = revisions.migrator().lock_timeout(Duration::from_millis(300)).run_async(&mut db).await;

        let error = waiting.expect_err("it is held").error;
        assert_eq!(code(&error), "M0407");
        assert!(explain(&error).contains("the lock is held by ann@host (shop 1.0) in session "), "{}", explain(&error));
        Held { expires_at: "utc_timestamp(6) + INTERVAL 1 SECOND", ..HELD }.write(&mut holder).await;
        assert_eq!(route(&revisions.upgrade_async(&mut db).await.expect("an upgrade")), "a | +b | b");
        assert_eq!(column(&mut db, "SELECT lease FROM migrate_history ORDER BY id").await, ["1", "4"]);
        assert_eq!(column(&mut db, "SELECT owner FROM migrate_lease").await, [""]);
    });
}

#[test]
fn who_waited_finds_the_work_done() {
    on_mariadb(async |database, mut first| {
        let mut second = connect_mysql(&database.url()).await;
        let slow = leased(&set([draft("a").up("DO sleep(0.3);"), draft("b").after("a")]));

        let (first, second) = tokio::join!(slow.upgrade_async(&mut first), slow.upgrade_async(&mut second));

        let mut routes = [first, second].map(|outcome| route(&outcome.expect("an upgrade")));
        routes.sort();
        assert_eq!(routes, ["base |  | b", "base | +a +b | b"]);
    });
}

#[test]
fn the_session_of_the_application_is_what_it_was() {
    on_mariadb(async |_, mut db| {
        let settings =
            "SELECT concat_ws(' ', @@sql_mode, @@autocommit, @@innodb_lock_wait_timeout, @@lock_wait_timeout)";
        let before = column(&mut db, settings).await;
        leased(&chain("a")).upgrade_async(&mut db).await.expect("an upgrade");
        assert_eq!(column(&mut db, settings).await, before);
    });
}
