//! The transaction of a revision, and transactions of others.

use std::time::Duration;

use migrate_runtime::{Connection, Dialect, DriverError, Migrations, Row};
use migrate_tests::suite::{chain, code, connect, draft, explain, set};
use tokio_postgres::Client;

use super::{column, on_postgres};

/// A body of which the splitter sees one statement and a server with the old string syntax three.
fn hiding(statement: &str) -> Migrations {
    let body = format!("CREATE TABLE t_half (x integer);\nSELECT '\\'' ; {statement}; --';");
    set([draft("a"), draft("b").after("a").sections(&format!("-- migrate: up postgres\n{body}\n"))])
}

/// A session that keeps the old string syntax whatever it is told, so that a transaction can end unseen.
struct Old(Client);

impl Connection for Old {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn batch_execute(&mut self, sql: &str) -> Result<(), DriverError> {
        let sql = sql.replace("E'standard_conforming_strings', E'on'", "E'standard_conforming_strings', E'off'");
        let sql = sql.replace("SET standard_conforming_strings = on", "SET standard_conforming_strings = off");
        Connection::batch_execute(&mut self.0, &sql).await
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        Connection::query(&mut self.0, sql).await
    }

    async fn sleep(&mut self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[test]
fn the_old_string_syntax_makes_no_statements_of_text() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        db.batch_execute("SET standard_conforming_strings = off").await.expect("a setting");
        hiding("DROP TABLE t_a").upgrade_async(&mut db).await.expect("an upgrade");
        assert_eq!(column(&db, "SELECT to_regclass('t_a') IS NOT NULL").await, ["t"]);
        assert_eq!(column(&db, "SHOW standard_conforming_strings").await, ["off"]);
    });
}

#[test]
fn the_session_is_usable_after_a_failure() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        set([draft("a").up("SELECT nowhere;")]).upgrade_async(&mut db).await.expect_err("a failure");
        assert_eq!(column(&db, "SELECT 1").await, ["1"]);
        assert_eq!(column(&db, "SELECT now() = statement_timestamp()").await, ["t"]);
    });
}

#[test]
fn an_open_transaction_is_refused_with_and_without_a_history() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        for revisions in [chain("a"), chain("a b")] {
            db.batch_execute("BEGIN; CREATE TABLE theirs (x integer)").await.expect("a transaction");
            let error = revisions.upgrade_async(&mut db).await.expect_err("a refusal");
            assert_eq!(code(&error.error), "M0402");
            db.batch_execute("ROLLBACK").await.expect("a rollback");
            revisions.upgrade_async(&mut db).await.expect("an upgrade");
        }
        assert_eq!(column(&db, "SELECT id FROM migrate_history ORDER BY id").await, ["a", "b"]);
    });
}

#[test]
fn an_open_transaction_is_refused_even_with_nothing_to_do() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        chain("a").upgrade_async(&mut db).await.expect("an upgrade");
        db.batch_execute("BEGIN").await.expect("a transaction");
        assert_eq!(code(&chain("a").upgrade_async(&mut db).await.expect_err("a refusal").error), "M0402");
    });
}

#[test]
fn a_hidden_end_of_the_transaction_leaves_no_history_row() {
    for statement in ["COMMIT", "ROLLBACK", "COMMIT; BEGIN", "COMMIT; SELECT 1/0", "COMMIT; SELECT nowhere"] {
        on_postgres(async |database| {
            let mut db = Old(connect(&database.url()).await);
            db.batch_execute("SET standard_conforming_strings = off").await.expect("a setting");

            let error = hiding(statement).upgrade_async(&mut db).await.expect_err(statement);

            assert_eq!(code(&error.error), "M0403", "{statement}: {}", explain(&error.error));
            assert_eq!(column(&db.0, "SELECT id FROM migrate_history").await, ["a"], "{statement}");
            assert_eq!(column(&db.0, "SELECT now() = statement_timestamp()").await, ["t"], "{statement}");
        });
    }
}

#[test]
fn a_hidden_commit_is_explained() {
    on_postgres(async |database| {
        let mut db = Old(connect(&database.url()).await);
        db.batch_execute("SET standard_conforming_strings = off").await.expect("a setting");
        let error = hiding("COMMIT").upgrade_async(&mut db).await.expect_err("a refusal");
        insta::assert_snapshot!(explain(&error.error), @r"
        error[M0403]: revision `b` ended its own transaction
          --> migrations/b.sql:1
          why: something in its SQL ran COMMIT or ROLLBACK where the splitter sees text, or RESET ALL
         help: look at the database: what ran before the end of the transaction may be committed, without a history row
        ");
    });
}

#[test]
fn savepoints_of_a_revision_are_its_own() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        let body = "SAVEPOINT s; CREATE TABLE gone (x integer); ROLLBACK TO SAVEPOINT s; CREATE TABLE t_a (x integer);";
        set([draft("a").up(body)]).upgrade_async(&mut db).await.expect("an upgrade");
        assert_eq!(column(&db, "SELECT to_regclass('gone') IS NULL AND to_regclass('t_a') IS NOT NULL").await, ["t"]);
    });
}
