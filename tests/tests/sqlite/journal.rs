//! The file of the rollback journal stays for the time of a run, and for no longer.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use migrate_runtime::{Event, Migrations};
use migrate_tests::suite::{SqliteFile, chain, code, draft, route, set};
use rusqlite::Connection;

/// An empty file that its owner alone can write and everybody can read, or what else the mode says.
fn file_with(mode: u32) -> SqliteFile {
    let file = SqliteFile::new();
    std::fs::write(file.path(), "").expect("a file");
    #[cfg(unix)]
    std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(mode))
        .expect("its owner is here");
    file
}

fn journal(file: &SqliteFile) -> PathBuf {
    let mut path = file.path().into_os_string();
    path.push("-journal");
    path.into()
}

/// How long the file of the journal is, where there is one.
fn length(file: &SqliteFile) -> Option<u64> {
    journal(file).metadata().ok().map(|found| found.len())
}

fn mode(db: &Connection) -> String {
    db.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("a pragma")
}

fn size_limit(db: &Connection) -> i64 {
    db.pragma_query_value(None, "journal_size_limit", |row| row.get(0)).expect("a pragma")
}

/// Upgrades, and says how long the journal was behind each revision.
fn lengths(revisions: &Migrations, file: &SqliteFile, db: &mut Connection) -> Vec<Option<u64>> {
    let mut lengths = Vec::new();
    let migrator = revisions.migrator().on_event(|event| {
        if let Event::StepFinished { .. } = event {
            lengths.push(length(file));
        }
    });
    migrator.run(db).expect("an upgrade");
    lengths
}

#[test]
fn its_file_stays_between_revisions_and_goes_with_the_last() {
    let file = file_with(0o644);
    let mut db = file.open();
    db.pragma_update(None, "journal_size_limit", 12_345).expect("a pragma");

    let lengths = lengths(&chain("a b c"), &file, &mut db);

    assert_eq!(lengths.iter().flatten().count(), if cfg!(unix) { 3 } else { 0 });
    assert_eq!((mode(&db), size_limit(&db), length(&file)), ("delete".to_owned(), 12_345, None));
}

#[test]
fn it_goes_after_each_where_others_write_or_only_a_group_reads() {
    for (mode, stays) in [(0o600, 2), (0o644, 2), (0o660, 0), (0o664, 0), (0o666, 0), (0o640, 0)] {
        let file = file_with(mode);
        let lengths = lengths(&chain("a b"), &file, &mut file.open());
        assert_eq!(lengths.iter().flatten().count(), if cfg!(unix) { stays } else { 0 }, "{mode:o}");
    }
}

#[test]
fn one_revision_is_not_worth_it() {
    let file = file_with(0o644);
    assert_eq!(lengths(&chain("a"), &file, &mut file.open()), [None]);
}

#[test]
fn a_revision_that_changes_much_keeps_no_room_for_it() {
    let file = file_with(0o644);
    file.execute(
        "CREATE TABLE big (x);\n\
         WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1000)\n\
         INSERT INTO big SELECT randomblob(1000) FROM n;",
    );
    let rewritten = draft("a").up("UPDATE big SET x = randomblob(1000);");
    let lengths = lengths(&set([rewritten, draft("b").after("a")]), &file, &mut file.open());
    assert_eq!(lengths.len(), 2);
    assert!(lengths.iter().flatten().all(|length| *length <= 64 * 1024), "{lengths:?}");
}

#[test]
fn a_run_that_fails_leaves_none() {
    let file = file_with(0o644);
    let mut db = file.open();
    let revisions = set([draft("a"), draft("b").after("a").up("INSERT INTO nowhere VALUES (1);")]);
    revisions.upgrade(&mut db).expect_err("a failure");
    assert_eq!((mode(&db), size_limit(&db), length(&file)), ("delete".to_owned(), -1, None));
    assert_eq!(file.rows("SELECT id FROM migrate_history"), ["a"]);
}

#[test]
fn a_mode_that_somebody_chose_stays() {
    for chosen in ["truncate", "persist", "memory", "off", "wal"] {
        let file = file_with(0o644);
        let mut db = file.open();
        db.pragma_update(None, "journal_mode", chosen).expect("a pragma");
        chain("a b c").upgrade(&mut db).expect("an upgrade");
        assert_eq!((mode(&db).as_str(), size_limit(&db)), (chosen, -1));
    }
}

#[test]
fn a_mode_that_a_revision_chooses_stays() {
    let file = file_with(0o644);
    let mut db = file.open();
    let wal = "-- migrate: no-transaction\nPRAGMA journal_mode = WAL;";
    set([draft("a"), draft("b").after("a").up(wal), draft("c").after("b")]).upgrade(&mut db).expect("an upgrade");
    assert_eq!((mode(&db).as_str(), mode(&file.open()).as_str(), size_limit(&db)), ("wal", "wal", -1));
}

#[test]
fn other_connections_go_on_with_it_there() {
    let file = file_with(0o644);
    file.execute("CREATE TABLE theirs (x)");
    let other = file.open();
    let revisions = chain("a b c");
    let migrator = revisions.migrator().on_event(move |event| {
        if let Event::StepFinished { .. } = event {
            // Theirs deletes the file, and a rollback of theirs needs one of its own.
            other.execute_batch("BEGIN; INSERT INTO theirs VALUES (1); ROLLBACK").expect("a rollback");
            other.execute_batch("INSERT INTO theirs VALUES (2)").expect("a commit");
        }
    });
    assert_eq!(route(&migrator.run(&mut file.open()).expect("an upgrade")), "base | +a +b +c | c");
    assert_eq!(file.rows("SELECT x FROM theirs"), ["2", "2", "2"]);
    assert_eq!(file.rows("PRAGMA integrity_check"), ["ok"]);
}

#[test]
fn a_reader_that_is_in_the_way_at_the_end_keeps_nothing_back() {
    let file = file_with(0o644);
    let reader = Mutex::new(file.open());
    let read = |sql: &str| reader.lock().expect("no panic").execute_batch(sql).expect("a reader");
    let revisions = chain("a b");
    let migrator = revisions.migrator().on_event(|event| match event {
        Event::StepFinished { step, .. } if step.id == "b" => {
            read("BEGIN; SELECT * FROM t_a");
        }
        _ => {}
    });
    let mut db = file.open();
    migrator.run(&mut db).expect("an upgrade");
    assert_eq!(mode(&db), "delete");
    read("COMMIT");
    file.execute("CREATE TABLE theirs (x)");
    assert_eq!(length(&file), None);
}

#[test]
fn a_run_that_is_refused_by_the_lock_leaves_the_connection_as_it_was() {
    let file = file_with(0o644);
    let mut db = file.open();
    chain("a").upgrade(&mut db).expect("an upgrade");
    let other = file.open();
    let revisions = chain("a b c");
    let migrator = revisions.migrator().lock_timeout(Duration::ZERO).on_event(move |event| match event {
        Event::StepFinished { step, .. } if step.id == "b" => {
            other.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
        }
        _ => {}
    });
    let error = migrator.run(&mut db).expect_err("a time-out");
    assert_eq!(code(&error.error), "M0407");
    assert_eq!((mode(&db).as_str(), size_limit(&db)), ("delete", -1));
}
