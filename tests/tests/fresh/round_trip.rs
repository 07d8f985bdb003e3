//! `assert_round_trip`: every `down` of an application, tried out in one line of its tests.

use std::panic::{AssertUnwindSafe, catch_unwind};

use migrate_runtime::testing::{assert_round_trip, assert_round_trip_on, assert_round_trip_on_async};
use migrate_runtime::{Connection, Migrations};
use migrate_tests::suite::{connect, draft, mariadb_or_skip, postgres_or_skip, runtime, set};

fn sound() -> Migrations {
    set([
        draft("a"),
        draft("b").after("a").up("ALTER TABLE t_a ADD COLUMN y integer;").down("ALTER TABLE t_a DROP COLUMN y;"),
    ])
}

fn wrong() -> Migrations {
    set([draft("a"), draft("b").after("a").up("ALTER TABLE t_a ADD COLUMN y integer;").down("SELECT 1;")])
}

/// The message of the panic.
fn panic_of(work: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err("it panics");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn sound_revisions_pass_in_memory_and_wrong_ones_are_told_with_their_lines() {
    assert_round_trip(&sound());
    let told = panic_of(|| assert_round_trip(&wrong()));
    assert!(told.contains("error[M0904]: the `down` of `b` changes nothing") && told.contains("b.sql:"), "{told}");
}

#[test]
fn an_empty_database_of_ones_own_is_taken_and_one_with_tables_is_not_touched() {
    let mut db = rusqlite::Connection::open_in_memory().expect("a database");
    db.execute_batch("CREATE TABLE precious (x)").expect("a table");
    let told = panic_of(|| assert_round_trip_on(&sound(), &mut db));
    assert!(told.contains("M0901") && told.contains("precious"), "{told}");
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).expect("a count");
    assert_eq!(tables, 1);
    db.execute_batch("DROP TABLE precious").expect("it goes");
    assert_round_trip_on(&sound(), &mut db);

    if let Some(database) = postgres_or_skip() {
        runtime().block_on(async {
            let mut db = connect(&database.url()).await;
            let session =
                "SELECT current_setting('synchronous_commit') || (SELECT count(*) FROM pg_prepared_statements)";
            let before = Connection::query(&mut db, session).await.expect("an answer");
            assert_round_trip_on_async(&sound(), &mut db).await;
            // The session is as it was.
            assert_eq!(Connection::query(&mut db, session).await.expect("an answer"), before);
        });
        let mut db = ::postgres::Client::connect(&database.url(), ::postgres::NoTls).expect("a connection");
        let told = panic_of(|| assert_round_trip_on(&sound(), &mut db));
        assert!(told.contains("M0901"), "{told}");
    }
    if let Some(database) = mariadb_or_skip() {
        let mut db = mysql::Conn::new(&*database.url()).expect("a connection");
        assert_round_trip_on(&sound(), &mut db);
    }
}
