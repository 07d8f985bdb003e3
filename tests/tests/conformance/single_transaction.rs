//! All revisions in one transaction, where the database can hold one.

use migrate_runtime::{Dialect, Migrations};
use migrate_tests::suite::{Database, chain, code, draft, explain, route, set};

on_every_driver! {
    all_revisions_are_applied_and_undone_at_once,
    a_failure_leaves_none_of_them,
    a_failing_down_leaves_all_of_them,
    a_revision_outside_transactions_is_refused,
    rows_that_point_nowhere_undo_all_of_them,
    a_stamp_is_one_transaction_anyway,
}

/// What MariaDB refuses; gives whether it does.
fn refuses(db: &mut dyn Database) -> bool {
    if db.dialect() != Dialect::MariaDb {
        return false;
    }
    let error = db.fail(chain("a b").migrator().single_transaction()).error;
    assert_eq!(code(&error), "M0419", "{}", explain(&error));
    assert_eq!(db.tables(), [""; 0]);
    true
}

fn all_revisions_are_applied_and_undone_at_once(db: &mut dyn Database) {
    if refuses(db) {
        return;
    }
    let report = db.succeed(chain("a b c").migrator().single_transaction());
    assert_eq!(route(&report), "base | +a +b +c | c");
    assert_eq!(db.applied(), ["a", "b", "c"]);
    if db.dialect() == Dialect::Postgres {
        assert_eq!(db.rows("SELECT count(DISTINCT xmin::text)::text FROM migrate_history"), ["1"]);
    }
    let report = db.succeed(chain("a b c").migrator().single_transaction().downgrade("base"));
    assert_eq!(route(&report), "c | -c -b -a | base");
    assert_eq!(db.log().len(), 6);
}

fn failing() -> Migrations {
    set([draft("a"), draft("b").after("a"), draft("c").after("b").up("CREATE TABLE t_c (x integer);\nSELECT nowhere;")])
}

fn a_failure_leaves_none_of_them(db: &mut dyn Database) {
    if refuses(db) {
        return;
    }
    let failed = db.fail(failing().migrator().single_transaction());
    assert_eq!(code(&failed.error), "M0401", "{}", explain(&failed.error));
    assert!(explain(&failed.error).contains("migrations/c.sql:6"), "{}", explain(&failed.error));
    assert_eq!(route(&failed.report), "base |  | base");
    assert_eq!(db.applied(), [""; 0]);
    assert_eq!(db.tables(), ["migrate_history", "migrate_log"]);
    assert_eq!(route(&db.upgrade(&chain("a b c"))), "base | +a +b +c | c", "the connection is in no transaction");
}

fn a_failing_down_leaves_all_of_them(db: &mut dyn Database) {
    if refuses(db) {
        return;
    }
    let revisions = set([draft("a").down("DROP TABLE nowhere;"), draft("b").after("a")]);
    db.upgrade(&revisions);
    let failed = db.fail(revisions.migrator().single_transaction().downgrade("base"));
    assert_eq!(route(&failed.report), "b |  | b");
    assert_eq!(db.applied(), ["a", "b"]);
    assert!(db.tables().contains(&"t_b".to_owned()));
}

fn a_revision_outside_transactions_is_refused(db: &mut dyn Database) {
    if refuses(db) {
        return;
    }
    let outside = "-- migrate: no-transaction\nCREATE TABLE t_b (x integer);";
    let revisions = set([draft("a"), draft("b").after("a").up(outside)]);
    let error = db.fail(revisions.migrator().single_transaction()).error;
    assert_eq!(code(&error), "M0419");
    assert!(explain(&error).contains("--> migrations/b.sql:"), "{}", explain(&error));
    assert_eq!(db.tables(), [""; 0], "nothing was written");
}

fn rows_that_point_nowhere_undo_all_of_them(db: &mut dyn Database) {
    if db.dialect() != Dialect::Sqlite {
        return;
    }
    let parents = "CREATE TABLE parents (id integer PRIMARY KEY);\nCREATE TABLE children (p integer REFERENCES parents (id));\n\
                   INSERT INTO parents VALUES (1);\nINSERT INTO children VALUES (1);";
    let revisions =
        set([draft("a").up(parents), draft("b").after("a"), draft("c").after("b").up("DROP TABLE parents;")]);
    let error = db.fail(revisions.migrator().single_transaction()).error;
    assert_eq!(code(&error), "M0410", "{}", explain(&error));
    assert_eq!(db.applied(), [""; 0]);
}

fn a_stamp_is_one_transaction_anyway(db: &mut dyn Database) {
    let report = db.succeed(chain("a b").migrator().single_transaction().stamp(["b"], migrate_runtime::Purge::No));
    assert_eq!(route(&report), "base | +a +b | b");
}
