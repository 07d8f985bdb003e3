//! One runs, the others wait.

use std::time::Duration;

use migrate_runtime::Event;
use migrate_tests::mariadb::{APP_LOGIN, APP_PASSWORD};
use migrate_tests::suite::{chain, code, connect_mysql, draft, explain, route, set};

use super::{column, execute, on_mariadb};

#[test]
fn a_time_out_below_zero_locks_nothing() {
    on_mariadb(async |_, mut db| {
        assert_eq!(column(&mut db, "SELECT get_lock('trap', -1)").await, ["NULL"], "the trap is there");
        assert_eq!(column(&mut db, "SELECT is_free_lock('trap')").await, ["1"]);
    });
}

#[test]
fn a_waiter_says_who_holds_the_lock_and_gives_up_in_time() {
    on_mariadb(async |database, mut db| {
        chain("a").upgrade_async(&mut db).await.expect("an upgrade");
        let mut holder = connect_mysql(&database.url()).await;
        let schema = format!("`{}`.`migrate_history`", database.name());
        let name = format!("SELECT concat('migrate:', left(sha2('{schema}', 256), 32))");
        let name = column(&mut holder, &name).await.remove(0);
        assert_eq!(column(&mut holder, &format!("SELECT get_lock('{name}', 1)")).await, ["1"]);

        let mut heard = Vec::new();
        let revisions = chain("a b");
        let run = revisions.migrator().lock_timeout(Duration::from_millis(1300)).on_event(|event| {
            if let Event::Waiting { holder, .. } = event {
                heard.push(holder.unwrap_or("nobody").to_owned());
            }
        });
        let error = run.run_async(&mut db).await.expect_err("the lock is held");

        assert_eq!(code(&error.error), "M0407");
        assert!(explain(&error.error).contains("the lock is held by connection"), "{}", explain(&error.error));
        assert!(heard[0].starts_with("connection "), "{heard:?}");
        execute(&mut holder, &format!("DO release_lock('{name}')")).await;
        assert_eq!(route(&revisions.upgrade_async(&mut db).await.expect("an upgrade")), "a | +b | b");
        assert_eq!(column(&mut holder, &format!("SELECT is_free_lock('{name}')")).await, ["1"], "it is given back");
    });
}

#[test]
fn a_holder_that_is_killed_leaves_no_lock() {
    on_mariadb(async |database, mut db| {
        let mut other = connect_mysql(&database.url()).await;
        column(&mut other, "SELECT get_lock('migrate:x', 1)").await;
        let id = column(&mut other, "SELECT connection_id()").await.remove(0);
        execute(&mut db, &format!("KILL {id}")).await;
        assert_eq!(column(&mut db, "SELECT get_lock('migrate:x', 5)").await, ["1"]);
    });
}

#[test]
fn a_connection_that_is_lost_while_it_waits_says_what_it_waited_for() {
    on_mariadb(async |database, mut db| {
        let slow = set([draft("a").up("DO sleep(2);")]);
        let mut holder = connect_mysql(&database.url()).await;
        let id = column(&mut db, "SELECT connection_id()").await.remove(0);
        let waiting = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            slow.upgrade_async(&mut db).await
        };
        let (held, waited, ()) = tokio::join!(slow.upgrade_async(&mut holder), waiting, async {
            tokio::time::sleep(Duration::from_millis(800)).await;
            database.sql(&format!("KILL {id}")).expect("it is ended");
        });
        held.expect("an upgrade");
        let error = waited.expect_err("it is lost").error;
        assert_eq!(code(&error), "M0501", "{}", explain(&error));
        assert!(explain(&error).contains("the lock cannot be taken"), "{}", explain(&error));
    });
}

/// Without the right to see other sessions nobody can be named, and everything else works.
#[test]
fn a_role_that_sees_no_other_sessions_and_no_other_tables_can_migrate() {
    on_mariadb(async |database, mut db| {
        execute(&mut db, &format!("GRANT ALL ON {}.* TO {APP_LOGIN}@'%'", database.name())).await;
        let url = database.login_url(APP_LOGIN, APP_PASSWORD);
        let revisions = set([
            draft("a").up("CREATE TABLE t_a (x integer);\nALTER TABLE t_a ADD y integer;"),
            draft("b").after("a"),
        ]);
        let mut login = connect_mysql(&url).await;
        assert_eq!(route(&revisions.upgrade_async(&mut login).await.expect("an upgrade")), "base | +a +b | b");

        execute(&mut db, "START TRANSACTION; SELECT * FROM t_b").await;
        let down =
            revisions.migrator().downgrade("base").table_lock_timeout(Duration::from_secs(1)).table_lock_attempts(1);
        let error = down.run_async(&mut login).await.expect_err("it is locked").error;
        assert_eq!(code(&error), "M0417");
        execute(&mut db, "COMMIT").await;
        let down = revisions.migrator().downgrade("base").run_async(&mut login).await;
        assert_eq!(route(&down.unwrap_or_else(|error| panic!("{}", explain(&error.error)))), "b | -b -a | base");
    });
}
