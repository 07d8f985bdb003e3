//! Recording without running.

use migrate_runtime::Purge;
use migrate_tests::suite::{Database, chain, code, done, draft, route, set};

on_every_driver! {
    a_stamp_records_the_target_and_what_is_below_it,
    an_upgrade_goes_on_from_a_stamp,
    a_stamp_below_what_is_applied_forgets_what_is_above,
    several_branches_are_stamped_at_once,
    a_stamp_at_base_forgets_everything,
    a_purge_forgets_what_is_not_known_here,
    a_stamp_of_what_is_stamped_does_nothing,
    an_unknown_target_is_refused,
}

fn a_stamp_records_the_target_and_what_is_below_it(db: &mut dyn Database) {
    let report = db.succeed(chain("a b c").migrator().stamp(["b"], Purge::No));

    assert_eq!(route(&report), "base | +a +b | b");
    assert_eq!(db.tables(), ["migrate_history", "migrate_log"]);
    assert_eq!(db.rows("SELECT id, state FROM migrate_history ORDER BY id"), ["a|stamped", "b|stamped"]);
    assert_eq!(db.rows("SELECT DISTINCT action, note FROM migrate_log"), ["stamp|recorded without running"]);
}

fn an_upgrade_goes_on_from_a_stamp(db: &mut dyn Database) {
    let revisions = chain("a b c");
    db.succeed(revisions.migrator().stamp(["b"], Purge::No));
    assert_eq!(done(&db.upgrade(&revisions)), ["c"]);
}

fn a_stamp_below_what_is_applied_forgets_what_is_above(db: &mut dyn Database) {
    let revisions = chain("a b c");
    db.upgrade(&revisions);

    let report = db.succeed(revisions.migrator().stamp(["a"], Purge::No));

    assert_eq!(route(&report), "c | -c -b | a");
    assert_eq!(db.tables(), ["migrate_history", "migrate_log", "t_a", "t_b", "t_c"]);
    assert_eq!(
        db.rows("SELECT note FROM migrate_log WHERE revision = 'c' AND action = 'stamp'"),
        ["forgotten without undoing"]
    );
}

fn several_branches_are_stamped_at_once(db: &mut dyn Database) {
    let revisions = set([draft("a"), draft("b").after("a"), draft("c").after("a")]);
    let report = db.succeed(revisions.migrator().stamp(["b", "c"], Purge::No));
    assert_eq!(route(&report), "base | +a +b +c | b c");
    assert_eq!(db.applied(), ["a", "b", "c"]);
}

fn a_stamp_at_base_forgets_everything(db: &mut dyn Database) {
    let revisions = chain("a b");
    db.upgrade(&revisions);
    assert_eq!(done(&db.succeed(revisions.migrator().stamp(["base"], Purge::No))), ["b", "a"]);
    assert_eq!(db.applied(), [""; 0]);
}

fn a_purge_forgets_what_is_not_known_here(db: &mut dyn Database) {
    db.upgrade(&chain("x y"));
    let revisions = chain("a b");

    let report = db.succeed(revisions.migrator().stamp(["a"], Purge::Yes));

    assert_eq!(route(&report), "y | -y -x +a | a");
    assert_eq!(db.applied(), ["a"]);
}

fn a_stamp_of_what_is_stamped_does_nothing(db: &mut dyn Database) {
    let revisions = chain("a b");
    db.succeed(revisions.migrator().stamp(["b"], Purge::No));
    assert_eq!(done(&db.succeed(revisions.migrator().stamp(["b"], Purge::No))), [""; 0]);
    assert_eq!(db.log(), ["stamp a", "stamp b"]);
}

fn an_unknown_target_is_refused(db: &mut dyn Database) {
    assert_eq!(code(&db.fail(chain("a b").migrator().stamp(["nowhere"], Purge::No)).error), "M0202");
    assert_eq!(db.tables(), [""; 0]);
}
