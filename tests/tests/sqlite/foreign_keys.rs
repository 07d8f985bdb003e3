//! A rebuild drops a table, and with foreign keys on that deletes the rows that point to it.

use migrate_runtime::{Migrations, Stop};
use migrate_tests::suite::{Draft, SqliteFile, code, draft, explain, set};
use rusqlite::Connection;

const REBUILD: &str = "CREATE TABLE new_p (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '');\n\
                       INSERT INTO new_p (id) SELECT id FROM p;\nDROP TABLE p;\nALTER TABLE new_p RENAME TO p;";

/// Parents and children, whose rows go with their parents.
fn family() -> Draft {
    draft("a").up("CREATE TABLE p (id INTEGER PRIMARY KEY);\n\
         CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p ON DELETE CASCADE);\n\
         INSERT INTO p VALUES (1), (2);\nINSERT INTO c VALUES (10, 1), (20, 2);")
}

fn then(up: &str) -> Migrations {
    set([family(), draft("b").after("a").up(up)])
}

/// A connection with foreign keys on, as rusqlite's bundled SQLite has them.
fn with_foreign_keys(file: &SqliteFile) -> Connection {
    let db = file.open();
    db.pragma_update(None, "foreign_keys", true).expect("a pragma");
    db
}

fn foreign_keys(db: &Connection) -> bool {
    db.pragma_query_value(None, "foreign_keys", |row| row.get(0)).expect("a pragma")
}

#[test]
fn a_rebuild_in_a_plain_transaction_deletes_the_children() {
    let file = SqliteFile::new();
    set([family()]).upgrade(&mut file.open()).expect("an upgrade");
    let db = with_foreign_keys(&file);
    db.execute_batch(&format!("BEGIN; PRAGMA foreign_keys = OFF; {REBUILD} COMMIT;")).expect("nothing is said");
    assert_eq!(file.rows("SELECT count(*) FROM c"), ["0"]);
}

#[test]
fn a_rebuild_in_a_revision_keeps_the_children() {
    let file = SqliteFile::new();
    let mut db = with_foreign_keys(&file);
    then(REBUILD).upgrade(&mut db).expect("an upgrade");
    assert_eq!(file.rows("SELECT id, p FROM c ORDER BY id"), ["10|1", "20|2"]);
    assert!(foreign_keys(&db));
    assert!(db.execute("DELETE FROM p WHERE id = 1", []).is_ok());
    assert_eq!(file.rows("SELECT id FROM c"), ["20"]);
}

#[test]
fn a_rebuild_in_a_down_keeps_the_children() {
    let file = SqliteFile::new();
    let mut db = with_foreign_keys(&file);
    let revisions = set([family(), draft("b").after("a").down(REBUILD)]);
    revisions.upgrade(&mut db).expect("an upgrade");
    revisions.downgrade(&mut db, "-1").expect("a downgrade");
    assert_eq!(file.rows("SELECT count(*) FROM c"), ["2"]);
    assert!(foreign_keys(&db));
}

#[test]
fn rows_that_a_revision_orphans_are_refused_and_come_back() {
    let file = SqliteFile::new();
    let mut db = with_foreign_keys(&file);

    let error = then("DROP TABLE p;\nCREATE TABLE p (id INTEGER PRIMARY KEY);\nINSERT INTO p VALUES (2);")
        .upgrade(&mut db)
        .expect_err("a refusal");

    assert_eq!(code(&error.error), "M0410");
    let text = explain(&error.error);
    assert!(text.contains("revision `b` leaves 1 row that point nowhere"), "{text}");
    assert!(text.contains("`c` row 10 points into `p`"), "{text}");
    assert_eq!(file.rows("SELECT id FROM p"), ["1", "2"]);
    assert_eq!(file.rows("SELECT id FROM migrate_history"), ["a"]);
    assert!(foreign_keys(&db));
}

#[test]
fn rows_that_were_orphans_before_are_tolerated() {
    let file = SqliteFile::new();
    let mut db = with_foreign_keys(&file);
    set([family()]).upgrade(&mut db).expect("an upgrade");
    file.execute("PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (30, 3)");
    then(REBUILD).upgrade(&mut db).expect("an upgrade");
    assert_eq!(file.rows("SELECT count(*) FROM c"), ["3"]);
}

#[test]
fn a_further_orphan_beside_an_old_one_is_refused() {
    let file = SqliteFile::new();
    let mut db = with_foreign_keys(&file);
    let keyless = draft("a").up("CREATE TABLE p (id INTEGER PRIMARY KEY);\n\
         CREATE TABLE c (id TEXT PRIMARY KEY, p INTEGER REFERENCES p) WITHOUT ROWID;\nINSERT INTO p VALUES (1);\n\
         INSERT INTO c VALUES ('one', 1);");
    set([keyless.clone()]).upgrade(&mut db).expect("an upgrade");
    file.execute("PRAGMA foreign_keys = OFF; INSERT INTO c VALUES ('old', 9)");
    let up = "DROP TABLE p;\nCREATE TABLE p (id INTEGER PRIMARY KEY);";
    let error = set([keyless, draft("b").after("a").up(up)]).upgrade(&mut db).expect_err("a refusal");
    assert_eq!(code(&error.error), "M0410");
}

#[test]
fn one_transaction_refuses_what_a_revision_orphans_and_tolerates_what_was() {
    let orphaning = |id: &str| draft("b").after("a").up(&format!("{REBUILD}\nDELETE FROM p WHERE id = {id};"));
    for old in [false, true] {
        let file = SqliteFile::new();
        let mut db = with_foreign_keys(&file);
        set([family()]).upgrade(&mut db).expect("an upgrade");
        if old {
            file.execute("PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (30, 3)");
        }
        let refused = set([family(), orphaning("1"), draft("c").after("b")]);
        let error = refused.migrator().single_transaction().run(&mut db).expect_err("a refusal");
        assert_eq!(code(&error.error), "M0410");
        let text = explain(&error.error);
        assert!(text.contains("revision `b` leaves 1 row that point nowhere"), "{text}");
        assert!(text.contains("`c` row 10 points into `p`"), "{text}");
        assert_eq!(file.rows("SELECT id FROM migrate_history"), ["a"]);
        assert!(foreign_keys(&db));

        let tolerated = set([family(), orphaning("99"), draft("c").after("b")]);
        tolerated.migrator().single_transaction().run(&mut db).expect("an upgrade");
        assert_eq!(file.rows("SELECT count(*) FROM c"), [if old { "3" } else { "2" }]);
        assert!(foreign_keys(&db));
    }
}

#[test]
fn one_transaction_is_refused_where_rows_are_written_beside_a_dropped_table() {
    let updates = draft("b").after("a").up("UPDATE p SET id = 3 WHERE id = 1;");
    let drops = draft("c").after("b").up("CREATE TABLE old (x);\nDROP TABLE old;");
    let cascading = draft("a").up("CREATE TABLE p (id INTEGER PRIMARY KEY);\n\
         CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p ON UPDATE CASCADE);\n\
         INSERT INTO p VALUES (1);\nINSERT INTO c VALUES (10, 1);");
    let revisions = set([cascading, updates, drops]);
    let file = SqliteFile::new();
    let mut db = with_foreign_keys(&file);
    let error = revisions.migrator().single_transaction().run(&mut db).expect_err("a refusal");
    assert_eq!(code(&error.error), "M0419");
    let text = explain(&error.error);
    assert!(text.contains("another revision drops a table") && text.contains("b.sql:5:1"), "{text}");
    assert_eq!(file.rows("SELECT name FROM sqlite_schema"), [""; 0], "nothing is written before");

    revisions.upgrade(&mut db).expect("an upgrade");
    assert_eq!(file.rows("SELECT p FROM c"), ["3"]);

    let seeds = |table: &str| {
        set([
            draft("a").up(&format!("{table};\nINSERT INTO t VALUES (1);")),
            draft("b").after("a").up("CREATE TABLE old (x);\nDROP TABLE old;"),
        ])
    };
    let at_once = |revisions: &Migrations| {
        let file = SqliteFile::new();
        let outcome = revisions.migrator().single_transaction().run(&mut with_foreign_keys(&file));
        outcome.map(|report| report.steps.len()).map_err(|error| code(&error.error))
    };
    assert_eq!(at_once(&seeds("CREATE TABLE t (x)")), Ok(2), "rows that are added take nothing away");
    assert_eq!(at_once(&seeds("CREATE TABLE t (x PRIMARY KEY ON CONFLICT REPLACE)")), Err("M0419"));

    let file = SqliteFile::new();
    let mut db = file.open();
    db.pragma_update(None, "foreign_keys", false).expect("a pragma");
    revisions.migrator().single_transaction().run(&mut db).expect("without foreign keys they are the same");
    assert_eq!(file.rows("SELECT p FROM c"), ["1"]);
}

#[test]
fn a_key_that_cannot_be_checked_names_the_revision() {
    let mismatched = draft("a").up("CREATE TABLE p (id INTEGER);\nCREATE TABLE old (x);\n\
         CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id));");
    let file = SqliteFile::new();
    let mut db = with_foreign_keys(&file);
    let revisions = set([mismatched, draft("b").after("a").up("DROP TABLE old;")]);
    let text = explain(&revisions.upgrade(&mut db).expect_err("a failure").error);
    assert!(text.contains("up of `b` failed: foreign key mismatch"), "{text}");
    assert_eq!(file.rows("SELECT id FROM migrate_history"), ["a"]);
    assert!(foreign_keys(&db));
}

#[test]
fn a_deferred_key_that_fails_at_the_end_names_the_revision() {
    let deferred = draft("a").up("CREATE TABLE p (id INTEGER PRIMARY KEY);\n\
         CREATE TABLE c (p INTEGER REFERENCES p DEFERRABLE INITIALLY DEFERRED);");
    let file = SqliteFile::new();
    let mut db = with_foreign_keys(&file);
    let revisions = set([deferred, draft("b").after("a").up("INSERT INTO c VALUES (5);")]);
    let text = explain(&revisions.upgrade(&mut db).expect_err("a failure").error);
    assert!(text.contains("up of `b` failed: FOREIGN KEY constraint failed"), "{text}");
    assert!(text.contains("when the transaction was committed"), "{text}");
    assert_eq!(file.rows("SELECT id FROM migrate_history"), ["a"]);
    assert!(db.is_autocommit());
}

#[test]
fn an_interrupt_during_the_check_is_no_orphan() {
    let file = SqliteFile::new();
    let mut db = with_foreign_keys(&file);
    let revisions = set([family(), draft("b").after("a").up("CREATE TABLE old (x);\nDROP TABLE old;")]);
    set([family()]).upgrade(&mut db).expect("an upgrade");
    file.execute(
        "WITH RECURSIVE n (i) AS (VALUES (100) UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) INSERT INTO p SELECT i FROM n;\n\
         INSERT INTO c SELECT id, id FROM p WHERE id >= 100;",
    );
    for at_once in [false, true] {
        let interrupt = db.get_interrupt_handle();
        let stop = Stop::new();
        let migrator = revisions.migrator().stop_on(&stop);
        let migrator = if at_once { migrator.single_transaction() } else { migrator };
        let error = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(60));
                stop.request();
                interrupt.interrupt();
            });
            migrator.run(&mut db).expect_err("it is stopped")
        });
        assert_eq!(code(&error.error), "M0420", "{}", explain(&error.error));
        assert_eq!(file.rows("SELECT id FROM migrate_history"), ["a"]);
    }
}

#[test]
fn the_pragma_is_restored_after_a_failing_statement() {
    let file = SqliteFile::new();
    let mut db = with_foreign_keys(&file);
    then("DROP TABLE p;\nSELECT nowhere;").upgrade(&mut db).expect_err("a failure");
    assert!(foreign_keys(&db));
    assert_eq!(file.rows("SELECT count(*) FROM c"), ["2"]);
}

#[test]
fn the_pragma_is_restored_when_the_lock_is_not_free() {
    let file = SqliteFile::new();
    let mut db = with_foreign_keys(&file);
    set([family()]).upgrade(&mut db).expect("an upgrade");
    let other = file.open();
    other.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
    let revisions = then(REBUILD);
    let error = revisions.migrator().lock_timeout(std::time::Duration::ZERO).run(&mut db).expect_err("a time-out");
    assert_eq!(code(&error.error), "M0407");
    assert!(foreign_keys(&db));
}

#[test]
fn foreign_keys_are_on_again_for_the_next_revision() {
    let file = SqliteFile::new();
    let mut db = with_foreign_keys(&file);
    let rebuild = draft("c").after("b").up("CREATE TABLE q (x);\nDROP TABLE q;");
    let orphan = draft("d").after("c").up("INSERT INTO c VALUES (30, 3);");
    let revisions = set([family(), draft("b").after("a").up(REBUILD), rebuild, orphan]);

    let error = revisions.upgrade(&mut db).expect_err("a failure");

    assert_eq!(code(&error.error), "M0401", "{}", explain(&error.error));
    assert_eq!(file.rows("SELECT id FROM migrate_history"), ["a", "b", "c"]);
    assert!(foreign_keys(&db));
}

#[test]
fn a_connection_without_foreign_keys_stays_without() {
    let file = SqliteFile::new();
    let mut db = file.open();
    db.pragma_update(None, "foreign_keys", false).expect("a pragma");
    then(REBUILD).upgrade(&mut db).expect("an upgrade");
    assert!(!foreign_keys(&db));
}

#[test]
fn a_rebuild_outside_a_transaction_keeps_the_children_and_a_setting_does_not_leak() {
    for pragma in ["", "PRAGMA foreign_keys = OFF;\n"] {
        let file = SqliteFile::new();
        let mut db = with_foreign_keys(&file);
        then(&format!("-- migrate: no-transaction\n{pragma}{REBUILD}")).upgrade(&mut db).expect("an upgrade");
        assert_eq!(file.rows("SELECT id, p FROM c ORDER BY id"), ["10|1", "20|2"]);
        assert!(foreign_keys(&db), "{pragma}");
    }
}

#[test]
fn rows_that_are_orphaned_outside_a_transaction_keep_the_revision_from_ending() {
    let file = SqliteFile::new();
    let mut db = with_foreign_keys(&file);
    let up = format!("-- migrate: no-transaction\n{REBUILD}\nDELETE FROM p WHERE id = 1;");
    let error = then(&up).upgrade(&mut db).expect_err("a row points nowhere");
    assert_eq!(code(&error.error), "M0410");
    assert_eq!(file.rows("SELECT count(*) FROM p"), ["2"], "the last statement is rolled back");
    assert!(foreign_keys(&db));
    assert_eq!(file.rows("SELECT id FROM migrate_history WHERE journal IS NULL"), ["a"]);
}
