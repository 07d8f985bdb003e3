//! When the database has revisions that the binary does not know.

use migrate_runtime::{Ahead, Event};
use migrate_tests::suite::{Database, chain, code, done, draft, explain, route, set};

on_every_driver! {
    an_older_binary_with_nothing_pending_starts_and_says_so,
    an_older_binary_with_something_pending_is_refused,
    what_undoes_an_unknown_branch_is_named,
    what_is_pending_runs_when_that_is_allowed,
    an_older_binary_is_refused_when_that_is_asked,
    an_older_binary_undoes_what_it_has_never_seen,
    the_section_of_the_dialect_is_what_is_stored,
    an_unknown_irreversible_revision_is_refused_before_anything_is_undone,
    an_unknown_stamped_revision_can_be_undone,
}

fn an_older_binary_with_nothing_pending_starts_and_says_so(db: &mut dyn Database) {
    db.upgrade(&chain("a b c"));
    let older = chain("a b");
    let mut heard = Vec::new();

    let report = db.succeed(older.migrator().on_event(|event| {
        if let Event::DatabaseAhead { unknown } = event {
            heard.extend(unknown.iter().cloned());
        }
    }));

    assert_eq!((route(&report).as_str(), report.unknown), ("c |  | c", vec!["c".to_owned()]));
    assert_eq!(heard, ["c"]);
}

fn an_older_binary_with_something_pending_is_refused(db: &mut dyn Database) {
    db.upgrade(&chain("a b c"));
    let other = set([draft("a"), draft("b").after("a"), draft("d").after("b")]);
    assert_eq!(code(&db.fail(other.migrator()).error), "M0216");
    assert_eq!(db.applied(), ["a", "b", "c"]);
}

fn what_undoes_an_unknown_branch_is_named(db: &mut dyn Database) {
    db.succeed(set([draft("a"), draft("b").after("a"), draft("c").after("a")]).migrator().target("heads"));
    let other = set([draft("a"), draft("b").after("a"), draft("d").after("b")]);
    let text = explain(&db.fail(other.migrator()).error);
    assert!(text.contains("undo them with `downgrade c@-1`;"), "{text}");
    db.succeed(other.migrator().downgrade("c@-1"));
    assert_eq!(db.applied(), ["a", "b"]);
    db.upgrade(&other);
}

fn what_is_pending_runs_when_that_is_allowed(db: &mut dyn Database) {
    db.upgrade(&chain("a b c"));
    let other = set([draft("a"), draft("b").after("a"), draft("d").after("b")]);

    let report = db.succeed(other.migrator().ahead(Ahead::Allow));

    assert_eq!(done(&report), ["d"]);
    let mut heads = report.heads_after;
    heads.sort();
    assert_eq!(heads, ["c", "d"]);
}

fn an_older_binary_is_refused_when_that_is_asked(db: &mut dyn Database) {
    db.upgrade(&chain("a b c"));
    let error = db.fail(chain("a b").migrator().ahead(Ahead::Refuse));
    assert_eq!(code(&error.error), "M0216");
}

fn an_older_binary_undoes_what_it_has_never_seen(db: &mut dyn Database) {
    let newer = set([
        draft("a"),
        draft("b").after("a"),
        draft("c").after("b").down("INSERT INTO t_a VALUES (7);\n-- it's done; 🦀\nDROP TABLE t_c;"),
    ]);
    db.upgrade(&newer);

    let report = db.succeed(chain("a b").migrator().downgrade("-1"));

    assert_eq!(route(&report), "c | -c | b");
    assert_eq!(db.rows("SELECT x FROM t_a"), ["7"]);
    assert_eq!(db.tables(), ["migrate_history", "migrate_log", "t_a", "t_b"]);
    assert_eq!(db.log().last().map(String::as_str), Some("downgrade c"));
}

fn the_section_of_the_dialect_is_what_is_stored(db: &mut dyn Database) {
    let sections = "-- migrate: up\nCREATE TABLE t_b (x integer);\n-- migrate: down sqlite\nDROP TABLE t_b; -- sqlite\n\
                    -- migrate: down mariadb\nDROP TABLE t_b; -- mariadb\n\
                    -- migrate: down postgres\nDROP TABLE t_b; -- postgres\n";
    db.upgrade(&set([draft("a"), draft("b").after("a").sections(sections)]));
    let stored = &db.rows("SELECT down_sql FROM migrate_history WHERE id = 'b'")[0];
    assert_eq!(stored.contains("-- postgres"), db.dialect() == migrate_runtime::Dialect::Postgres, "{stored}");
    assert_eq!(done(&db.succeed(chain("a").migrator().downgrade("a"))), ["b"]);
}

fn an_unknown_irreversible_revision_is_refused_before_anything_is_undone(db: &mut dyn Database) {
    db.upgrade(&set([draft("a"), draft("b").after("a").without_down(), draft("c").after("b")]));

    let error = db.fail(chain("a").migrator().downgrade("base"));

    assert_eq!(code(&error.error), "M0212");
    assert_eq!(db.applied(), ["a", "b", "c"]);
    assert_eq!(db.log(), ["upgrade a", "upgrade b", "upgrade c"]);
}

fn an_unknown_stamped_revision_can_be_undone(db: &mut dyn Database) {
    let newer = chain("a b");
    db.execute("CREATE TABLE t_a (x integer); CREATE TABLE t_b (x integer)");
    db.succeed(newer.migrator().stamp(["b"], migrate_runtime::Purge::No));
    assert_eq!(done(&db.succeed(chain("a").migrator().downgrade("-1"))), ["b"]);
    assert_eq!(db.tables(), ["migrate_history", "migrate_log", "t_a"]);
}
