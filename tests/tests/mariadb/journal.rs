//! Revisions that no transaction can hold.

use migrate_runtime::Connection;
use migrate_tests::mariadb::{APP_LOGIN, APP_PASSWORD};
use migrate_tests::suite::{chain, code, connect_mysql, draft, explain, route, set};

use super::{column, execute, on_mariadb};

/// Three statements, of which the last can never run: MariaDB has to lock the table for it.
fn never(third: &str) -> migrate_runtime::Migrations {
    let up = format!("ALTER TABLE t_a ADD COLUMN y integer;\nCREATE INDEX t_a_y ON t_a (y);\n{third};");
    set([draft("a"), draft("b").after("a").up(&up).down("ALTER TABLE t_a DROP COLUMN y;")])
}

#[test]
fn a_statement_that_fails_for_good_is_mended_in_the_file_and_gone_on_with() {
    on_mariadb(async |_, mut db| {
        let failing = never("ALTER TABLE t_a DROP INDEX t_a_y, ADD FULLTEXT INDEX nowhere (z), LOCK = NONE");
        for _ in 0..2 {
            let error = failing.upgrade_async(&mut db).await.expect_err("a failure");
            assert_eq!(code(&error.error), "M0401");
            assert!(explain(&error.error).contains("2 of its 3 statements have run"), "{}", explain(&error.error));
        }
        let report = never("DROP INDEX t_a_y ON t_a").upgrade_async(&mut db).await.expect("it goes on");
        assert_eq!(route(&report), "a | +b | b");
        let indexes = "SELECT count(*) FROM information_schema.statistics WHERE table_schema = database() AND index_name = 't_a_y'";
        assert_eq!(column(&mut db, indexes).await, ["0"]);
    });
}

/// The text that the engine leaves in the history when it dies with this statement running.
async fn interrupt(db: &mut mysql_async::Conn, journal: &str) {
    let journal = journal.replace('\\', "\\\\").replace('\'', "''");
    execute(db, &format!("UPDATE migrate_history SET journal = '{journal}' WHERE id = 'b'")).await;
}

#[test]
fn a_procedure_that_was_interrupted_stops_the_run_and_says_what_is_left() {
    on_mariadb(async |_, mut db| {
        execute(&mut db, "CREATE PROCEDURE p() BEGIN INSERT INTO t_a VALUES (1); COMMIT; SELECT nowhere; END").await;
        let revisions = set([draft("a"), draft("b").after("a").up("CALL p();\nINSERT INTO t_a VALUES (2);")]);
        assert_eq!(code(&revisions.upgrade_async(&mut db).await.expect_err("it fails").error), "M0401");

        let error = revisions.upgrade_async(&mut db).await.expect_err("a part of it may have happened");

        let said = explain(&error.error);
        assert_eq!(code(&error.error), "M0414", "{said}");
        for line in ["interrupted: CALL p()", "has not run: INSERT INTO t_a VALUES (2)", "`stamp b`"] {
            assert!(said.contains(line), "{said}");
        }
        assert_eq!(column(&mut db, "SELECT x FROM t_a").await, ["1"], "nothing runs twice");
    });
}

#[test]
fn a_statement_of_which_a_part_took_effect_is_shown_in_three_columns() {
    on_mariadb(async |_, mut db| {
        let revisions = set([draft("a"), draft("b").after("a").up("DROP TABLE nowhere;")]);
        let both = set([draft("a"), draft("b").after("a").up("DROP TABLE one, two;\nDROP TABLE nowhere;")]);
        execute(&mut db, "CREATE TABLE one (x integer); CREATE TABLE two (x integer)").await;
        let _ = revisions.upgrade_async(&mut db).await;
        let _ = both.upgrade_async(&mut db).await.expect_err("its second statement fails");
        let journal = column(&mut db, "SELECT journal FROM migrate_history WHERE id = 'b'").await.remove(0);
        let sum = journal.lines().find_map(|line| line.strip_prefix("done ")).expect("one has run").to_owned();
        let running = format!(
            "migrate-journal 1\ndirection up\nrunning {sum} DROP TABLE one, two\nbefore BASE TABLE\nbefore BASE TABLE\n"
        );
        execute(&mut db, "CREATE TABLE two (x integer)").await;
        interrupt(&mut db, &running).await;

        let error = both.upgrade_async(&mut db).await.expect_err("one is gone and one is there");

        let said = explain(&error.error);
        assert_eq!(code(&error.error), "M0414", "{said}");
        assert!(said.contains("table `one` | BASE TABLE | absent | absent"), "{said}");
        assert!(said.contains("table `two` | BASE TABLE | absent | BASE TABLE"), "{said}");
    });
}

#[test]
fn a_history_on_another_engine_is_refused() {
    on_mariadb(async |_, mut db| {
        chain("a").upgrade_async(&mut db).await.expect("an upgrade");
        execute(&mut db, "ALTER TABLE migrate_history ENGINE = Aria").await;
        let error = chain("a b").upgrade_async(&mut db).await.expect_err("a refusal");
        assert_eq!(code(&error.error), "M0405");
        assert!(explain(&error.error).contains("its engine is Aria"), "{}", explain(&error.error));
    });
}

#[test]
fn a_user_without_the_right_to_write_is_refused_with_a_reason() {
    on_mariadb(async |database, mut db| {
        chain("a").upgrade_async(&mut db).await.expect("an upgrade");
        execute(&mut db, &format!("GRANT SELECT ON {}.* TO {APP_LOGIN}", database.name())).await;
        let mut reader = connect_mysql(&database.login_url(APP_LOGIN, APP_PASSWORD)).await;
        let error = chain("a b").upgrade_async(&mut reader).await.expect_err("a refusal");
        assert_eq!(code(&error.error), "M0409", "{}", explain(&error.error));
        assert_eq!(column(&mut db, "SELECT id FROM migrate_history").await, ["a"]);
        let _ = Connection::query(&mut reader, "SELECT 1").await.expect("the session is fit for use");
    });
}

#[test]
fn neighbours_that_a_delimiter_parts_are_one_transaction_all_the_same() {
    on_mariadb(async |_, mut db| {
        let up = "-- migrate: up mariadb\nDELIMITER //\nINSERT INTO t_a VALUES (1)//\nINSERT INTO t_a VALUES (2)//\n\
                  DELIMITER ;\nINSERT INTO t_a VALUES (3);\n";
        let failing = format!("{up}INSERT INTO nowhere VALUES (4);\n");
        let error = set([draft("a"), draft("b").after("a").sections(&failing)]).upgrade_async(&mut db).await;
        let said = explain(&error.expect_err("a failure").error);
        assert!(
            said.contains("in: INSERT INTO nowhere VALUES (4)") && said.contains("migrations/b.sql:10:1"),
            "{said}"
        );
        assert_eq!(column(&mut db, "SELECT x FROM t_a").await, [""; 0], "all of them are rolled back");

        set([draft("a"), draft("b").after("a").sections(up)]).upgrade_async(&mut db).await.expect("an upgrade");
        assert_eq!(column(&mut db, "SELECT x FROM t_a ORDER BY x").await, ["1", "2", "3"]);
    });
}
