//! When the file of an applied revision was edited.

use migrate_runtime::Event;
use migrate_tests::suite::{Database, code, done, draft, set};

on_every_driver! {
    an_edited_up_is_refused,
    an_edited_up_does_not_keep_from_going_down,
    a_new_comment_is_no_edit,
    an_edited_down_is_a_notice,
    an_edited_down_is_stored_by_an_upgrade_with_work,
    an_edited_down_is_what_a_downgrade_runs,
}

fn an_edited_up_is_refused(db: &mut dyn Database) {
    db.upgrade(&set([draft("a")]));
    let edited = set([draft("a").up("CREATE TABLE t_a (x integer, y integer);"), draft("b").after("a")]);

    let error = db.fail(edited.migrator());

    assert_eq!(code(&error.error), "M0215");
    assert_eq!(
        error.error.diagnostics()[0].place.as_ref().map(ToString::to_string).as_deref(),
        Some("migrations/a.sql:4")
    );
    assert_eq!(db.applied(), ["a"]);
}

fn an_edited_up_does_not_keep_from_going_down(db: &mut dyn Database) {
    db.upgrade(&set([draft("a")]));
    let edited = set([draft("a").up("CREATE TABLE t_a (x integer, y integer);")]);
    assert_eq!(done(&db.succeed(edited.migrator().downgrade("base"))), ["a"]);
    assert_eq!(done(&db.upgrade(&edited)), ["a"]);
}

fn a_new_comment_is_no_edit(db: &mut dyn Database) {
    db.upgrade(&set([draft("a")]));
    let commented = set([draft("a").up("/* Licence. */\nCREATE TABLE\n  t_a (x integer) -- why\n;")]);
    let mut heard = 0;
    db.succeed(commented.migrator().on_event(|event| heard += usize::from(matches!(event, Event::Edited { .. }))));
    assert_eq!(heard, 0);
}

fn an_edited_down_is_a_notice(db: &mut dyn Database) {
    db.upgrade(&set([draft("a")]));
    let mended = set([draft("a").down("DROP TABLE IF EXISTS t_a;")]);
    let mut heard = Vec::new();

    db.succeed(mended.migrator().on_event(|event| {
        if let Event::Edited { drift } = event {
            heard.extend(drift.iter().map(|drift| format!("{} {}:{}", drift.direction, drift.file, drift.line)));
        }
    }));

    assert_eq!(heard, ["down migrations/a.sql:6"]);
    assert_eq!(db.log(), ["upgrade a"]);
}

fn an_edited_down_is_stored_by_an_upgrade_with_work(db: &mut dyn Database) {
    db.upgrade(&set([draft("a")]));
    let mended = set([draft("a").down("DROP TABLE IF EXISTS t_a;"), draft("b").after("a")]);
    let mut heard = 0;

    db.upgrade(&mended);
    db.succeed(mended.migrator().on_event(|event| heard += usize::from(matches!(event, Event::Edited { .. }))));

    assert_eq!(heard, 0);
    assert_eq!(db.log(), ["upgrade a", "repair a", "upgrade b"]);
    assert!(db.rows("SELECT down_sql FROM migrate_history WHERE id = 'a'")[0].contains("IF EXISTS"));
    assert_eq!(
        db.rows("SELECT count(DISTINCT run_id) FROM migrate_log WHERE action = 'repair' OR revision = 'b'"),
        ["1"]
    );
}

fn an_edited_down_is_what_a_downgrade_runs(db: &mut dyn Database) {
    db.upgrade(&set([draft("a").down("DROP TABLE nowhere;")]));
    let mended = set([draft("a").down("DROP TABLE t_a;")]);
    assert_eq!(done(&db.succeed(mended.migrator().downgrade("base"))), ["a"]);
    assert_eq!(db.tables(), ["migrate_history", "migrate_log"]);
}
