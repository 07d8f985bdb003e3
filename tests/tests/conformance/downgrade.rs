//! Going down.

use migrate_tests::suite::{Database, chain, code, done, draft, route, set};

on_every_driver! {
    one_step_back_undoes_the_last_revision,
    an_id_stays_and_what_stands_above_it_goes,
    base_undoes_everything_and_keeps_the_log,
    undoing_a_merge_restores_both_heads,
    what_was_undone_can_be_applied_again,
    a_branch_is_undone_without_the_other,
    an_irreversible_revision_is_refused_before_anything_is_undone,
    a_target_that_is_not_applied_is_refused,
}

fn one_step_back_undoes_the_last_revision(db: &mut dyn Database) {
    let revisions = chain("a b c");
    db.upgrade(&revisions);

    let report = db.succeed(revisions.migrator().downgrade("-1"));

    assert_eq!(route(&report), "c | -c | b");
    assert_eq!(db.tables(), ["migrate_history", "migrate_log", "t_a", "t_b"]);
}

fn an_id_stays_and_what_stands_above_it_goes(db: &mut dyn Database) {
    let revisions = chain("a b c");
    db.upgrade(&revisions);
    assert_eq!(done(&db.succeed(revisions.migrator().downgrade("a"))), ["c", "b"]);
    assert_eq!(db.applied(), ["a"]);
}

fn base_undoes_everything_and_keeps_the_log(db: &mut dyn Database) {
    let revisions = chain("a b");
    db.upgrade(&revisions);

    let report = db.succeed(revisions.migrator().downgrade("base"));

    assert_eq!(route(&report), "b | -b -a | base");
    assert_eq!(db.tables(), ["migrate_history", "migrate_log"]);
    assert_eq!(db.log(), ["upgrade a", "upgrade b", "downgrade b", "downgrade a"]);
}

fn undoing_a_merge_restores_both_heads(db: &mut dyn Database) {
    let revisions = set([draft("a"), draft("b").after("a"), draft("c").after("a"), draft("m").after("b, c")]);
    db.upgrade(&revisions);

    let report = db.succeed(revisions.migrator().downgrade("m@-1"));

    assert_eq!(route(&report), "m | -m | b c");
}

fn what_was_undone_can_be_applied_again(db: &mut dyn Database) {
    let revisions = chain("a b");
    db.upgrade(&revisions);
    db.succeed(revisions.migrator().downgrade("-1"));
    assert_eq!(done(&db.upgrade(&revisions)), ["b"]);
    assert_eq!(db.log(), ["upgrade a", "upgrade b", "downgrade b", "upgrade b"]);
}

fn a_branch_is_undone_without_the_other(db: &mut dyn Database) {
    let revisions = set([draft("a"), draft("b").after("a").header("labels: shop"), draft("c").after("a")]);
    db.succeed(revisions.migrator().target("heads"));

    let report = db.succeed(revisions.migrator().downgrade("shop@-1"));

    assert_eq!(route(&report), "b c | -b | c");
}

fn an_irreversible_revision_is_refused_before_anything_is_undone(db: &mut dyn Database) {
    let revisions = set([draft("a"), draft("b").after("a").without_down(), draft("c").after("b")]);
    db.upgrade(&revisions);

    let error = db.fail(revisions.migrator().downgrade("base"));

    assert_eq!(code(&error.error), "M0212");
    assert_eq!((db.applied(), error.report.steps.len()), (vec!["a".into(), "b".into(), "c".into()], 0));
}

fn a_target_that_is_not_applied_is_refused(db: &mut dyn Database) {
    let revisions = chain("a b");
    db.succeed(revisions.migrator().target("a"));
    assert_eq!(code(&db.fail(revisions.migrator().downgrade("b")).error), "M0208");
}
