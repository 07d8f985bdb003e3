//! Where a failure is placed when the server gives no position, and what is said.

use std::time::Duration;

use migrate_runtime::{Error, StatementFailure};
use migrate_tests::suite::{Draft, chain, code, connect, draft, explain, set};

use super::{column, connect_as, on_postgres};

fn failure_of(up: Draft, check: impl FnOnce(StatementFailure, String)) {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        let error = set([up]).upgrade_async(&mut db).await.expect_err("a failure").error;
        let text = explain(&error);
        match error {
            Error::Statement(failure) => check(*failure, text),
            other => panic!("another failure: {other:?}"),
        }
    });
}

#[test]
fn an_alteration_of_a_missing_table_is_counted_out() {
    let up = draft("a").up("SELECT ';'; -- 🦀\n\nSELECT $$;$$;\n  ALTER TABLE nowhere ADD x integer;\nSELECT 1;");
    failure_of(up, |failure, _| {
        assert_eq!(failure.driver.position, None);
        assert_eq!(failure.place.to_string(), "migrations/a.sql:8:3");
        assert_eq!(failure.statement.as_deref(), Some("ALTER TABLE nowhere ADD x integer"));
    });
}

#[test]
fn a_failure_inside_a_block_shows_the_query_inside() {
    let up = draft("a").up("SELECT 1;\nDO $$\nBEGIN\n  EXECUTE 'SELECT nowhere';\nEND $$;");
    failure_of(up, |failure, text| {
        assert_eq!(failure.place.to_string(), "migrations/a.sql:6:1");
        assert_eq!(failure.driver.internal_query.as_deref(), Some("SELECT nowhere"));
        assert!(text.contains("inside: SELECT nowhere"), "{text}");
    });
}

#[test]
fn a_deferred_constraint_is_found_by_the_commit_and_placed_at_the_section() {
    let up = draft("a").up(
        "CREATE TABLE p (id integer PRIMARY KEY);\nCREATE TABLE c (p integer REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n\
         INSERT INTO c VALUES (7);",
    );
    failure_of(up, |failure, text| {
        assert_eq!((failure.place.to_string().as_str(), failure.statement), ("migrations/a.sql:4", None));
        assert!(text.contains("when the transaction was committed"), "{text}");
        assert!(text.contains("Key (p)=(7) is not present"), "{text}");
    });
}

#[test]
fn a_failed_commit_leaves_nothing() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        let up = "CREATE TABLE c (p integer UNIQUE DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO c VALUES (7), (7);";
        set([draft("a").up(up)]).upgrade_async(&mut db).await.expect_err("a failure");
        assert_eq!(column(&db, "SELECT to_regclass('c')").await, ["NULL"]);
        assert_eq!(column(&db, "SELECT count(*) FROM migrate_history").await, ["0"]);
    });
}

#[test]
fn a_lost_connection_leaves_the_outcome_to_the_history() {
    on_postgres(async |database| {
        let (mut db, aside) = (connect_as(&database, "victim").await, connect(&database.url()).await);
        let slow = set([draft("a"), draft("b").after("a").up("SELECT pg_sleep(60);")]);
        let murder = async {
            let sleeping = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim' \
                            AND wait_event = 'PgSleep'";
            while column(&aside, sleeping).await.is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };

        let (outcome, ()) = tokio::join!(slow.upgrade_async(&mut db), murder);

        let error = outcome.expect_err("a lost connection");
        assert_eq!(code(&error.error), "M0412", "{}", explain(&error.error));
        assert_eq!(error.report.ids().collect::<Vec<_>>(), ["a"]);
        let mut again = connect(&database.url()).await;
        chain("a").upgrade_async(&mut again).await.expect("the lock is free");
    });
}

/// A driver that is sent one waits for rows that never come.
#[test]
fn a_copy_from_the_client_is_refused_before_anything_runs() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        let copying = set([draft("a"), draft("b").after("a").up("COPY t_a FROM STDIN;")]);
        assert_eq!(code(&copying.upgrade_async(&mut db).await.expect_err("a refusal").error), "M0015");
        assert_eq!(column(&db, "SELECT to_regclass('migrate_history')").await, ["NULL"]);
    });
}

#[test]
fn a_statement_that_cannot_be_parsed_is_placed_though_the_server_ran_none() {
    let up = draft("a").up("CREATE TABLE t (a integer);\nCREATE TABEL u (b integer);");
    failure_of(up, |failure, text| {
        assert_eq!(failure.place.to_string(), "migrations/a.sql:6:8");
        assert_eq!(failure.statement.as_deref(), Some("CREATE TABEL u (b integer)"));
        assert!(text.contains("syntax error at or near \"TABEL\""), "{text}");
    });
    // One that is cut short is found at its end.
    failure_of(draft("a").up("CREATE TABLE t (a integer"), |failure, _| {
        assert!(failure.place.to_string().starts_with("migrations/a.sql:"), "{:?}", failure.place);
    });
    let outside = draft("a").up("-- migrate: no-transaction\nCREATE TABLE t (a integer);\nCREATE TABEL u (b integer);");
    failure_of(outside, |failure, text| {
        assert_eq!(failure.place.line, 7, "{text}");
        assert_eq!(failure.statement.as_deref(), Some("CREATE TABEL u (b integer)"));
    });
}
