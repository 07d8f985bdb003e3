//! Every driver in one version: up, a failure that is rolled back and placed, and down again.
//!
//! The servers are those of `MIGRATE_POSTGRES_URL` and `MIGRATE_MYSQL_URL`, which `with-servers` sets.

use migrate_runtime::{Connection, Error, Migrations, RunError, RunReport};

const FIRST: &str = "-- revision: a\n-- parents: none\n\n-- migrate: up\nCREATE TABLE t (x integer);\nINSERT INTO t VALUES (1);\n\n-- \
                     migrate: down\nDROP TABLE t;\n";

fn revisions(second: &str) -> Migrations {
    let second = format!(
        "-- revision: b\n-- parents: a\n\n-- migrate: up\n{second}\n\n-- migrate: down\nDELETE FROM t WHERE x = 2;\n"
    );
    Migrations::from_files([("a.sql", FIRST), ("b.sql", &second)]).expect("a graph")
}

/// Runs the same through either face.
fn goes_up_and_down(mut run: impl FnMut(&Migrations, Option<&str>) -> Result<RunReport, RunError>) {
    let failed =
        run(&revisions("INSERT INTO t VALUES (2);\nINSERT INTO nowhere VALUES (1);"), None).expect_err("it fails");
    assert_eq!(failed.report.heads_after, ["a"]);
    match failed.error {
        Error::Statement(failure) => assert_eq!(failure.place.line, 6, "{failure:?}"),
        other => panic!("{other}"),
    }
    let mended = revisions("INSERT INTO t VALUES (2);");
    let report = run(&mended, None).expect("an upgrade");
    assert_eq!(report.heads_after, ["b"]);
    assert!(run(&mended, None).expect("nothing to do").steps.is_empty());
    assert!(run(&mended, Some("base")).expect("a downgrade").heads_after.is_empty());
}

async fn goes_up_and_down_async<C: Connection>(mut db: C) {
    let failing = revisions("INSERT INTO t VALUES (2);\nINSERT INTO nowhere VALUES (1);");
    let failed = failing.upgrade_async(&mut db).await.expect_err("it fails");
    assert!(matches!(&failed.error, Error::Statement(failure) if failure.place.line == 6), "{}", failed.error);
    let mended = revisions("INSERT INTO t VALUES (2);");
    assert_eq!(mended.upgrade_async(&mut db).await.expect("an upgrade").heads_after, ["b"]);
    assert!(mended.downgrade_async(&mut db, "base").await.expect("a downgrade").heads_after.is_empty());
}

fn url(variable: &str) -> Option<String> {
    let url = std::env::var(variable).ok();
    if url.is_none() {
        eprintln!("skipped: {variable} is not set");
    }
    url
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn rusqlite_works() {
    let mut db = rusqlite::Connection::open_in_memory().expect("a database");
    goes_up_and_down(|revisions, target| match target {
        None => revisions.upgrade(&mut db),
        Some(target) => revisions.downgrade(&mut db, target),
    });
}

/// One after the other: they share a database.
#[test]
fn the_drivers_of_postgres_work() {
    let Some(url) = url("MIGRATE_POSTGRES_URL") else { return };
    let mut client = postgres::Client::connect(&url, postgres::NoTls).expect("a client");
    goes_up_and_down(|revisions, target| match target {
        None => revisions.upgrade(&mut client),
        Some(target) => revisions.downgrade(&mut client, target),
    });
    runtime().block_on(async {
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("a client");
        tokio::spawn(connection);
        goes_up_and_down_async(client).await;
    });
}

#[test]
fn the_drivers_of_mysql_work() {
    let Some(url) = url("MIGRATE_MYSQL_URL") else { return };
    let mut client = mysql::Conn::new(mysql::Opts::from_url(&url).expect("a URL")).expect("a client");
    goes_up_and_down(|revisions, target| match target {
        None => revisions.upgrade(&mut client),
        Some(target) => revisions.downgrade(&mut client, target),
    });
    runtime().block_on(async {
        goes_up_and_down_async(mysql_async::Conn::from_url(&url).await.expect("a client")).await;
    });
}
