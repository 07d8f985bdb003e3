//! Going up.

use migrate_runtime::plan::{Heads, Settings};
use migrate_runtime::{Dialect, Inserted};
use migrate_tests::suite::{Database, chain, code, done, draft, route, set, with_settings};

on_every_driver! {
    an_empty_database_is_upgraded_to_the_head,
    a_second_upgrade_applies_nothing_and_writes_nothing,
    both_branches_are_applied_before_their_merge,
    several_heads_are_upgraded_where_the_settings_allow_them,
    several_targets_are_one_run,
    a_dependency_is_applied_before_what_needs_it,
    targets_stop_where_they_say,
    a_revision_behind_an_applied_head_runs,
    a_revision_behind_an_applied_head_is_refused_when_asked,
    each_dialect_runs_its_own_section,
    a_deliberate_no_op_is_recorded,
    a_plan_writes_nothing,
}

fn an_empty_database_is_upgraded_to_the_head(db: &mut dyn Database) {
    let report = db.upgrade(&chain("a b c"));

    assert_eq!((route(&report).as_str(), report.planned), ("base | +a +b +c | c", 3));
    assert_eq!(db.tables(), ["migrate_history", "migrate_log", "t_a", "t_b", "t_c"]);
    assert_eq!(db.applied(), ["a", "b", "c"]);
    assert_eq!(db.log(), ["upgrade a", "upgrade b", "upgrade c"]);
}

fn a_second_upgrade_applies_nothing_and_writes_nothing(db: &mut dyn Database) {
    let revisions = chain("a b");
    db.upgrade(&revisions);
    let changes = |db: &mut dyn Database| match db.dialect() {
        Dialect::Postgres => db.rows("SELECT xmin, h.* FROM migrate_history h ORDER BY id"),
        _ => db.rows("SELECT * FROM migrate_history ORDER BY id"),
    };
    let (before, log) = (changes(db), db.log());

    let report = db.upgrade(&revisions);

    assert_eq!((route(&report).as_str(), report.planned), ("b |  | b", 0));
    assert_eq!((changes(db), db.log()), (before, log));
}

fn both_branches_are_applied_before_their_merge(db: &mut dyn Database) {
    let branches = [draft("a"), draft("b").after("a"), draft("c").after("a")];
    let merged = set(branches.clone().into_iter().chain([draft("m").after("b, c").up("-- migrate: nothing")]));
    let report = db.succeed(set(branches).migrator().target("heads"));
    assert_eq!(report.heads_after, ["b", "c"]);

    let report = db.upgrade(&merged);

    assert_eq!(route(&report), "b c | +m | m");
}

fn several_heads_are_upgraded_where_the_settings_allow_them(db: &mut dyn Database) {
    let branches = set([draft("a"), draft("b").after("a"), draft("c").after("a")]);
    assert_eq!(code(&db.fail(branches.migrator()).error), "M0103");

    let report = db.upgrade(&with_settings(&branches, Settings { heads: Heads::Many, ..Settings::DEFAULT }));

    assert_eq!(route(&report), "base | +a +b +c | b c");
}

fn several_targets_are_one_run(db: &mut dyn Database) {
    let branches = set([draft("a"), draft("b").after("a"), draft("c").after("a"), draft("d").after("c")]);
    assert_eq!(code(&db.fail(branches.migrator().targets(["b", "c", "d"])).error), "M0207");
    assert_eq!(db.tables(), Vec::<String>::new(), "it is refused before the first write");

    let report = db.succeed(branches.migrator().targets(["b", "c"]));

    assert_eq!(route(&report), "base | +a +b +c | b c");
}

fn a_dependency_is_applied_before_what_needs_it(db: &mut dyn Database) {
    let revisions = set([draft("a").header("depends-on: z").header("labels: shop"), draft("z")]);

    let report = db.succeed(revisions.migrator().target("shop@head"));

    assert_eq!(route(&report), "base | +z +a | a");
    assert_eq!(db.rows("SELECT depends_on FROM migrate_history WHERE id = 'a'"), ["z"]);
}

fn targets_stop_where_they_say(db: &mut dyn Database) {
    let revisions = chain("aaa bbb ccc ddd");
    assert_eq!(done(&db.succeed(revisions.migrator().target("+1"))), ["aaa"]);
    assert_eq!(done(&db.succeed(revisions.migrator().target("ccc"))), ["bbb", "ccc"]);
    assert_eq!(code(&db.fail(revisions.migrator().target("+2")).error), "M0206");
    assert_eq!(db.applied(), ["aaa", "bbb", "ccc"]);
}

fn a_revision_behind_an_applied_head_runs(db: &mut dyn Database) {
    db.upgrade(&set([draft("a"), draft("c").after("a")]));
    let merged = set([draft("a"), draft("b").after("a"), draft("c").after("a, b")]);

    let report = db.upgrade(&merged);

    assert_eq!(route(&report), "c | +b | c");
}

fn a_revision_behind_an_applied_head_is_refused_when_asked(db: &mut dyn Database) {
    db.upgrade(&set([draft("a"), draft("c").after("a")]));
    let merged = set([draft("a"), draft("b").after("a"), draft("c").after("a, b")]);

    let error = db.fail(merged.migrator().inserted(Inserted::Refuse));

    assert_eq!(code(&error.error), "M0214");
    assert_eq!(db.applied(), ["a", "c"]);
}

fn each_dialect_runs_its_own_section(db: &mut dyn Database) {
    let sections = "-- migrate: up sqlite\nCREATE TABLE at_home (x);\n\
                    -- migrate: up postgres mysql\nCREATE TABLE in_production (x integer);\n";
    db.upgrade(&set([draft("a").sections(sections)]));
    let expected = match db.dialect() {
        Dialect::Sqlite => "at_home",
        _ => "in_production",
    };
    assert_eq!(db.tables(), [expected, "migrate_history", "migrate_log"]);
}

fn a_deliberate_no_op_is_recorded(db: &mut dyn Database) {
    let revisions = set([draft("a").up("-- migrate: nothing").down("-- migrate: nothing")]);
    assert_eq!(done(&db.upgrade(&revisions)), ["a"]);
    assert_eq!(db.applied(), ["a"]);
    assert_eq!(done(&db.succeed(revisions.migrator().downgrade("base"))), ["a"]);
    assert_eq!(db.log(), ["upgrade a", "downgrade a"]);
}

fn a_plan_writes_nothing(db: &mut dyn Database) {
    let plan = db.plan(chain("a b").migrator()).expect("a plan");
    assert_eq!(plan.to_string(), "+ a\n+ b");
    assert_eq!(db.tables(), [""; 0]);
}
