//! What a revision does to its session, and a session to a revision.

use migrate_tests::suite::{chain, code, draft, set};

use super::{column, execute, on_mariadb};

#[test]
fn no_setting_leaks_into_the_next_revision_or_the_application() {
    on_mariadb(async |database, mut db| {
        execute(&mut db, "SET SESSION sql_mode = 'STRICT_ALL_TABLES', lock_wait_timeout = 77").await;
        let up = format!(
            "-- migrate: up mariadb\nSET SESSION sql_mode = '', foreign_key_checks = 0, lock_wait_timeout = 5, time_zone = '+03:00';\n\
             SET timestamp = 1;\nCREATE DATABASE {0}_other;\nUSE {0}_other;\n",
            database.name()
        );
        let seen =
            "CREATE TABLE seen AS SELECT @@sql_mode AS mode, @@foreign_key_checks AS checks, database() AS base;";
        let revisions = set([draft("a").sections(&up), draft("b").after("a").up(seen)]);

        revisions.upgrade_async(&mut db).await.expect("an upgrade");

        let query = "SELECT concat_ws('|', mode, checks, base) FROM seen";
        assert_eq!(column(&mut db, query).await, [format!("STRICT_ALL_TABLES|1|{}", database.name())]);
        let query = "SELECT concat_ws('|', @@sql_mode, @@foreign_key_checks, @@lock_wait_timeout, @@time_zone, now() > '2000-01-01')";
        assert_eq!(column(&mut db, query).await, ["STRICT_ALL_TABLES|ON|77|+00:00|1"]);
    });
}

#[test]
fn modes_that_change_what_quotes_mean_do_no_harm() {
    on_mariadb(async |_, mut db| {
        execute(&mut db, "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'").await;
        let title = "title: it's \"x\" \\'; DROP TABLE t_a; -- \u{1f980}";
        let up = "CREATE TABLE t_b (x text);\nINSERT INTO t_b VALUES ('a\\'; b');";
        let revisions = set([draft("a"), draft("b").after("a").header(title).up(up)]);

        revisions.upgrade_async(&mut db).await.expect("an upgrade");

        assert_eq!(column(&mut db, "SELECT x FROM t_b").await, ["a'; b"]);
        let kept = column(&mut db, "SELECT title FROM migrate_history WHERE id = 'b'").await;
        assert_eq!(kept, [title.trim_start_matches("title: ")]);
        assert_eq!(column(&mut db, "SELECT @@sql_mode").await, ["ANSI_QUOTES,NO_BACKSLASH_ESCAPES"]);
        revisions.downgrade_async(&mut db, "base").await.expect("a downgrade");
    });
}

#[test]
fn a_session_without_autocommit_commits_all_the_same() {
    on_mariadb(async |database, mut db| {
        execute(&mut db, "SET autocommit = 0").await;
        set([draft("a"), draft("b").after("a").up("INSERT INTO t_a VALUES (1);")])
            .upgrade_async(&mut db)
            .await
            .expect("an upgrade");
        assert_eq!(column(&mut db, "SELECT @@autocommit").await, ["0"]);
        drop(db);
        assert_eq!(database.sql("SELECT x FROM t_a").as_deref().map(str::trim), Ok("1"));
        assert_eq!(database.sql("SELECT count(*) FROM migrate_history").as_deref().map(str::trim), Ok("2"));
    });
}

#[test]
fn a_connection_inside_a_transaction_is_refused() {
    on_mariadb(async |_, mut db| {
        chain("a").upgrade_async(&mut db).await.expect("an upgrade");
        execute(&mut db, "START TRANSACTION; INSERT INTO t_a VALUES (1)").await;
        let error = chain("a b").upgrade_async(&mut db).await.expect_err("a refusal");
        assert_eq!(code(&error.error), "M0402");
        execute(&mut db, "ROLLBACK").await;
        assert_eq!(column(&mut db, "SELECT count(*) FROM t_a").await, ["0"]);
    });
}
