//! Files and connections that refuse.

use migrate_tests::suite::{SqliteFile, chain, code, draft, explain, set};
use rusqlite::{Connection, OpenFlags};

#[test]
fn a_connection_inside_a_transaction_is_refused_and_its_transaction_stays() {
    let file = SqliteFile::new();
    let mut db = file.open();
    db.execute_batch("BEGIN; CREATE TABLE theirs (x)").expect("a transaction");

    let error = chain("a").upgrade(&mut db).expect_err("a refusal");

    assert_eq!(code(&error.error), "M0402");
    assert!(!db.is_autocommit());
    db.execute_batch("COMMIT").expect("a commit");
    assert_eq!(file.rows("SELECT name FROM sqlite_schema"), ["theirs"]);
}

#[test]
fn a_read_only_connection_can_look_and_start_and_not_upgrade() {
    let file = SqliteFile::new();
    chain("a").upgrade(&mut file.open()).expect("an upgrade");
    let mut db = Connection::open_with_flags(file.path(), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a connection");

    chain("a").upgrade(&mut db).expect("nothing to do");
    assert_eq!(chain("a b").plan(&mut db).expect("a plan").to_string(), "+ b");

    let error = chain("a b").upgrade(&mut db).expect_err("a refusal");
    assert_eq!(code(&error.error), "M0409", "{}", explain(&error.error));
}

#[test]
fn a_query_only_connection_is_refused() {
    let file = SqliteFile::new();
    let mut db = file.open();
    db.pragma_update(None, "query_only", true).expect("a pragma");
    assert_eq!(code(&chain("a").upgrade(&mut db).expect_err("a refusal").error), "M0409");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let file = SqliteFile::new();
    std::fs::write(file.path(), "Dear diary, this is certainly no database at all.".repeat(99)).expect("a file");
    let error = chain("a").upgrade(&mut file.open()).expect_err("a refusal");
    assert_eq!(code(&error.error), "M0501", "{}", explain(&error.error));
}

#[test]
fn a_log_of_somebody_else_is_refused() {
    let file = SqliteFile::new();
    file.execute("CREATE TABLE migrate_log (seq TEXT); INSERT INTO migrate_log VALUES ('oak')");
    let error = chain("a").upgrade(&mut file.open()).expect_err("a refusal");
    assert_eq!(code(&error.error), "M0405", "{}", explain(&error.error));
    assert_eq!(file.rows("SELECT name FROM sqlite_schema"), ["migrate_log"]);
}

#[test]
fn a_conflict_clause_that_rolls_back_loses_nothing() {
    let file = SqliteFile::new();
    let up = "CREATE TABLE u (x UNIQUE);\nINSERT INTO u VALUES (1);\nINSERT OR ROLLBACK INTO u VALUES (1);";
    let error = set([draft("a").up(up)]).upgrade(&mut file.open()).expect_err("a failure");
    assert_eq!(code(&error.error), "M0401");
    assert_eq!(file.rows("SELECT name FROM sqlite_schema WHERE name = 'u'"), [""; 0]);
}

#[test]
fn a_trigger_with_several_statements_is_one_statement() {
    let file = SqliteFile::new();
    let up = "CREATE TABLE t (x); CREATE TABLE l (x);\n\
              CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO l VALUES (new.x); INSERT INTO l VALUES (CASE WHEN 1 \
              THEN 2 END); END;\nINSERT INTO t VALUES (1);";
    set([draft("a").up(up)]).upgrade(&mut file.open()).expect("an upgrade");
    assert_eq!(file.rows("SELECT x FROM l"), ["1", "2"]);
}
