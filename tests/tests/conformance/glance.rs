//! A start with nothing to do: what it sees without reading the rows of the history, and what it leaves to others.

use migrate_runtime::Event;
use migrate_tests::suite::{Database, chain, code, done, draft, route, set};

on_every_driver! {
    a_start_with_nothing_to_do_reads_no_rows,
    a_row_that_is_gone_is_seen,
    a_row_of_an_unknown_revision_is_seen,
    a_row_that_takes_the_place_of_another_is_seen,
    a_journal_is_seen,
    an_edited_up_is_seen_with_nothing_to_do,
    a_mended_down_that_was_stored_is_no_edit_any_more,
    a_repaired_revision_is_no_edit_any_more,
    a_stamped_history_is_as_good,
}

/// The price of it: what somebody does to a row by hand shows when its digest is gone, too.
fn a_start_with_nothing_to_do_reads_no_rows(db: &mut dyn Database) {
    let revisions = chain("a b");
    db.upgrade(&revisions);
    db.execute("UPDATE migrate_history SET state = 'odd'");
    assert_eq!(route(&db.upgrade(&revisions)), "b |  | b");
    db.execute("UPDATE migrate_history SET digest = NULL WHERE id = 'a'");
    assert_eq!(code(&db.fail(revisions.migrator()).error), "M0405");
}

fn a_row_that_is_gone_is_seen(db: &mut dyn Database) {
    let revisions = set([draft("a"), draft("b").after("a").up("-- migrate: nothing")]);
    db.upgrade(&revisions);
    db.execute("DELETE FROM migrate_history WHERE id = 'b'");
    assert_eq!(route(&db.upgrade(&revisions)), "a | +b | b");
}

/// Writes the row of `b` once more, under another name.
fn copy(db: &mut dyn Database, digest: &str) {
    let same = "format, state, parents, depends_on, title, up_checksum, down_checksum, applied_at, duration_ms, applied_by, \
                application, tool, down_sql";
    db.execute(&format!(
        "INSERT INTO migrate_history (id, digest, {same}) SELECT 'x', {digest}, {same} FROM migrate_history WHERE id = 'b'"
    ));
}

fn a_row_of_an_unknown_revision_is_seen(db: &mut dyn Database) {
    let revisions = chain("a b");
    for digest in ["digest", "0", "NULL"] {
        db.upgrade(&revisions);
        copy(db, digest);
        assert_eq!(db.upgrade(&revisions).unknown, ["x"], "{digest}");
        db.execute("DELETE FROM migrate_history WHERE id = 'x'");
    }
}

fn a_row_that_takes_the_place_of_another_is_seen(db: &mut dyn Database) {
    let revisions = chain("a b");
    db.upgrade(&revisions);
    copy(db, "digest + 1");
    db.execute("DELETE FROM migrate_history WHERE id = 'b'");
    assert_eq!(code(&db.fail(revisions.migrator()).error), "M0216");
}

fn a_journal_is_seen(db: &mut dyn Database) {
    let revisions = chain("a b");
    db.upgrade(&revisions);
    db.execute("UPDATE migrate_history SET journal = 'odd' WHERE id = 'b'");
    assert_eq!(code(&db.fail(revisions.migrator()).error), "M0405");
}

fn an_edited_up_is_seen_with_nothing_to_do(db: &mut dyn Database) {
    db.upgrade(&chain("a b"));
    let edited = set([draft("a"), draft("b").after("a").up("CREATE TABLE t_b (x integer, y integer);")]);
    assert_eq!(code(&db.fail(edited.migrator()).error), "M0215");
}

fn a_repaired_revision_is_no_edit_any_more(db: &mut dyn Database) {
    db.upgrade(&set([draft("a")]));
    let edited = set([draft("a").up("CREATE TABLE t_a (x integer, y integer);")]);
    db.succeed(edited.migrator().repair([""; 0], "reviewed"));
    // Only a glance overlooks this.
    db.execute("UPDATE migrate_history SET state = 'odd'");
    assert_eq!(done(&db.upgrade(&edited)), [""; 0]);
}

fn a_mended_down_that_was_stored_is_no_edit_any_more(db: &mut dyn Database) {
    db.upgrade(&set([draft("a")]));
    let mended = set([draft("a").down("DROP TABLE IF EXISTS t_a;"), draft("b").after("a")]);
    db.upgrade(&mended);
    // Only a glance overlooks this.
    db.execute("UPDATE migrate_history SET state = 'odd'");
    assert_eq!(done(&db.upgrade(&mended)), [""; 0]);
}

fn a_stamped_history_is_as_good(db: &mut dyn Database) {
    let revisions = chain("a b");
    db.succeed(revisions.migrator().stamp(["b"], migrate_runtime::Purge::No));
    db.execute("UPDATE migrate_history SET state = 'odd'");
    let mut planned = 0;
    let heard = |event: &Event<'_>| planned += usize::from(matches!(event, Event::Planned { .. }));
    assert_eq!(route(&db.succeed(revisions.migrator().on_event(heard))), "b |  | b");
    assert_eq!(planned, 1);
}
