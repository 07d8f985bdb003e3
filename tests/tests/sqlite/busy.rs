//! One writes, the others wait.

use std::time::{Duration, Instant};

use migrate_runtime::Event;
use migrate_tests::suite::{SqliteFile, chain, code, route};
use rusqlite::Connection;

fn busy_timeout(db: &Connection) -> u32 {
    db.pragma_query_value(None, "busy_timeout", |row| row.get(0)).expect("a pragma")
}

/// A file in this journal mode, in which `a` is applied and `b` pending.
fn file_with(journal: &str) -> SqliteFile {
    let file = SqliteFile::new();
    let mut db = file.open();
    db.pragma_update(None, "journal_mode", journal).expect("a pragma");
    chain("a").upgrade(&mut db).expect("an upgrade");
    file
}

#[test]
fn a_run_waits_for_the_writer_and_says_so() {
    for journal in ["delete", "wal"] {
        let file = file_with(journal);
        let other = file.open();
        other.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
        let mut waiting = 0;

        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(300));
                other.execute_batch("COMMIT").expect("a commit");
            });
            let revisions = chain("a b");
            let migrator = revisions.migrator().on_event(|event| {
                waiting += usize::from(matches!(event, Event::Waiting { .. }));
            });
            let report = migrator.run(&mut file.open()).expect("an upgrade");
            assert_eq!(route(&report), "a | +b | b", "{journal}");
        });
        assert_eq!(waiting, 1, "{journal}");
    }
}

#[test]
fn the_lock_timeout_counts_and_not_the_connections_own() {
    let file = file_with("delete");
    let other = file.open();
    other.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
    let mut db = file.open();
    db.busy_timeout(Duration::from_secs(60)).expect("a pragma");
    let started = Instant::now();
    let revisions = chain("a b");

    let error = revisions.migrator().lock_timeout(Duration::from_millis(200)).run(&mut db).expect_err("a time-out");

    assert_eq!(code(&error.error), "M0407");
    assert!((200..5000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    assert_eq!(busy_timeout(&db), 60_000);
}

#[test]
fn a_reader_waits_while_another_process_commits() {
    let file = file_with("delete");
    let other = file.open();
    other.execute_batch("BEGIN EXCLUSIVE").expect("the lock");
    let mut db = file.open();
    db.busy_timeout(Duration::ZERO).expect("a pragma");

    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            other.execute_batch("COMMIT").expect("a commit");
        });
        assert_eq!(route(&chain("a b").upgrade(&mut db).expect("an upgrade")), "a | +b | b");
    });
    assert_eq!(busy_timeout(&db), 0);
}

#[test]
fn a_reader_holds_up_the_commit_and_no_more() {
    let file = file_with("delete");
    let reader = file.open();
    reader.execute_batch("BEGIN; SELECT * FROM t_a").expect("a read lock");
    let revisions = chain("a b");
    let mut db = file.open();

    let error = revisions.migrator().lock_timeout(Duration::from_millis(100)).run(&mut db).expect_err("a time-out");
    assert_eq!(code(&error.error), "M0407");
    assert!(db.is_autocommit());

    reader.execute_batch("COMMIT").expect("the lock is given back");
    assert_eq!(route(&revisions.upgrade(&mut db).expect("an upgrade")), "a | +b | b");
}

#[test]
fn a_writer_between_two_revisions_changes_nothing() {
    let file = SqliteFile::new();
    let revisions = chain("a b c");
    let mut db = file.open();
    let migrator = revisions.migrator().on_event(|event| {
        if let Event::StepFinished { step, .. } = event {
            file.execute(&format!("CREATE TABLE theirs_{} (x)", step.id));
        }
    });
    assert_eq!(route(&migrator.run(&mut db).expect("an upgrade")), "base | +a +b +c | c");
}

#[test]
fn another_run_between_two_revisions_is_seen() {
    let file = SqliteFile::new();
    let mut other = file.open();
    let revisions = chain("a b c");
    let mut db = file.open();
    let mut planned = Vec::new();
    let migrator = revisions.migrator().on_event(|event| match event {
        Event::Planned { plan } => planned.push(plan.to_string()),
        Event::StepFinished { step, .. } if step.id == "a" => {
            chain("a b").upgrade(&mut other).expect("the other is faster");
        }
        _ => {}
    });

    let report = migrator.run(&mut db).expect("an upgrade");

    assert_eq!((route(&report).as_str(), report.planned), ("base | +a +c | c", 2));
    assert_eq!(planned, ["+ a\n+ b\n+ c", "+ c"]);
    assert_eq!(file.rows("SELECT revision FROM migrate_log ORDER BY seq"), ["a", "b", "c"]);
}

#[test]
fn a_relative_target_is_not_followed_from_elsewhere() {
    let file = SqliteFile::new();
    let mut other = file.open();
    let revisions = chain("a b c");
    let migrator = revisions.migrator().target("+2").on_event(|event| {
        if let Event::StepFinished { .. } = event {
            revisions.migrator().target("b").run(&mut other).expect("the other is faster");
        }
    });
    let error = migrator.run(&mut file.open()).expect_err("a refusal");
    assert_eq!((code(&error.error), error.report.ids().collect::<Vec<_>>()), ("M0406", vec!["a"]));
    assert_eq!(error.report.rest, None, "what leads there is no longer what was planned");
}
