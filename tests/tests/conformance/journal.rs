//! Sections outside a transaction: statement by statement, with a journal.

use migrate_runtime::{Dialect, Error, Remains};
use migrate_tests::suite::{Database, Draft, code, done, draft, explain, route, set};

on_every_driver! {
    statements_that_no_transaction_holds_run,
    a_refused_statement_keeps_those_before_it_and_the_mended_file_goes_on,
    a_first_statement_that_is_refused_leaves_nothing,
    a_statement_that_has_run_may_not_be_edited,
    a_downgrade_that_was_refused_goes_on_too,
    what_is_interrupted_is_finished_before_a_downgrade,
    a_stamp_decides_what_became_of_an_interrupted_revision,
    a_newer_binary_is_needed_to_finish_what_is_not_here,
}

/// A root and a revision of three statements, the last of which is this.
fn with_third(third: &str) -> [Draft; 2] {
    let up =
        format!("-- migrate: no-transaction\nCREATE TABLE t_b (x integer);\nINSERT INTO t_b VALUES (1);\n{third};");
    [draft("a"), draft("b").after("a").up(&up)]
}

fn failing() -> [Draft; 2] {
    with_third("INSERT INTO nowhere VALUES (1)")
}

fn statements_that_no_transaction_holds_run(db: &mut dyn Database) {
    let outside = match db.dialect() {
        Dialect::Sqlite | Dialect::Postgres => "VACUUM;",
        Dialect::MySql | Dialect::MariaDb => "OPTIMIZE TABLE t_a;",
    };
    let up = format!("-- migrate: no-transaction\nINSERT INTO t_a VALUES (1);\n{outside}\nINSERT INTO t_a VALUES (2);");
    let revisions = set([draft("a"), draft("b").after("a").up(&up).down("DELETE FROM t_a;")]);
    assert_eq!(route(&db.upgrade(&revisions)), "base | +a +b | b");
    assert_eq!(db.rows("SELECT x FROM t_a ORDER BY x"), ["1", "2"]);
    assert_eq!(db.rows("SELECT state FROM migrate_history WHERE journal IS NULL"), ["applied", "applied"]);
    assert_eq!(db.log(), ["upgrade a", "upgrade b"]);
    assert_eq!(done(&db.succeed(revisions.migrator().downgrade("a"))), ["b"]);
}

fn a_refused_statement_keeps_those_before_it_and_the_mended_file_goes_on(db: &mut dyn Database) {
    let error = db.fail(set(failing()).migrator());
    match &error.error {
        Error::Statement(failure) => {
            assert_eq!(failure.remains, Remains::Statements { done: 2, of: 3 });
            assert_eq!(failure.statement.as_deref(), Some("INSERT INTO nowhere VALUES (1)"));
            assert_eq!(failure.place.line, 8);
        }
        other => panic!("another failure: {other:?}"),
    }
    assert!(explain(&error.error).contains("2 of its 3 statements have run and stay"), "{}", explain(&error.error));
    assert_eq!(error.report.heads_after, ["a"]);
    assert_eq!(db.log(), ["upgrade a"]);
    assert_eq!(db.rows("SELECT x FROM t_b"), ["1"]);
    assert_eq!(code(&db.fail(set(failing()).migrator()).error), "M0401", "it stops at the same statement");

    let report = db.upgrade(&set(with_third("INSERT INTO t_b VALUES (2)")));

    assert_eq!(route(&report), "a | +b | b");
    assert_eq!(db.rows("SELECT x FROM t_b ORDER BY x"), ["1", "2"]);
    assert_eq!(db.rows("SELECT state FROM migrate_history WHERE id = 'b' AND journal IS NULL"), ["applied"]);
}

fn a_first_statement_that_is_refused_leaves_nothing(db: &mut dyn Database) {
    let up = "-- migrate: no-transaction\nINSERT INTO nowhere VALUES (1);\nSELECT 1;";
    let error = db.fail(set([draft("a"), draft("b").after("a").up(up)]).migrator());
    assert!(explain(&error.error).contains("nothing of it remains"), "{}", explain(&error.error));
    assert_eq!(db.applied(), ["a"]);
}

fn a_statement_that_has_run_may_not_be_edited(db: &mut dyn Database) {
    db.fail(set(failing()).migrator());
    let [a, b] = failing();
    let edited = set([
        a,
        Draft::clone(&b).up(&b.text().split("-- migrate: up\n").nth(1).map_or_else(String::new, |text| {
            text.split("-- migrate: down").next().unwrap_or_default().replace("(1);\nINSERT", "(7);\nINSERT")
        })),
    ]);
    let error = db.fail(edited.migrator());
    assert_eq!(code(&error.error), "M0415");
    assert_eq!(db.rows("SELECT x FROM t_b"), ["1"]);
}

fn a_downgrade_that_was_refused_goes_on_too(db: &mut dyn Database) {
    let with_down = |second: &str| {
        let down = format!("-- migrate: no-transaction\nDROP TABLE t_b;\n{second};");
        set([draft("a"), draft("b").after("a").down(&down)])
    };
    db.upgrade(&with_down("DELETE FROM nowhere"));
    let error = db.fail(with_down("DELETE FROM nowhere").migrator().downgrade("a"));
    assert_eq!(code(&error.error), "M0401");
    assert_eq!(db.applied(), ["a", "b"]);

    let report = db.succeed(with_down("DELETE FROM t_a").migrator().downgrade("a"));

    assert_eq!(route(&report), "b | -b | a");
    assert_eq!(db.tables(), ["migrate_history", "migrate_log", "t_a"]);
    assert_eq!(db.log(), ["upgrade a", "upgrade b", "downgrade b"]);
}

fn what_is_interrupted_is_finished_before_a_downgrade(db: &mut dyn Database) {
    db.fail(set(failing()).migrator());

    let report = db.succeed(set(with_third("INSERT INTO t_b VALUES (2)")).migrator().downgrade("base"));

    assert_eq!(route(&report), "a | +b -b -a | base");
    assert_eq!(db.log(), ["upgrade a", "upgrade b", "downgrade b", "downgrade a"]);
    assert_eq!(db.tables(), ["migrate_history", "migrate_log"]);
}

fn a_stamp_decides_what_became_of_an_interrupted_revision(db: &mut dyn Database) {
    let revisions = set(failing());
    db.fail(revisions.migrator());
    db.succeed(revisions.migrator().stamp(["b"], migrate_runtime::Purge::No));
    assert_eq!(db.rows("SELECT state FROM migrate_history WHERE id = 'b' AND journal IS NULL"), ["stamped"]);
    assert_eq!(done(&db.succeed(revisions.migrator().downgrade("a"))), ["b"]);

    db.fail(revisions.migrator());
    db.execute("DROP TABLE t_b");
    db.succeed(revisions.migrator().stamp(["a"], migrate_runtime::Purge::No));
    assert_eq!(db.applied(), ["a"]);
}

fn a_newer_binary_is_needed_to_finish_what_is_not_here(db: &mut dyn Database) {
    db.fail(set(failing()).migrator());
    assert_eq!(code(&db.fail(set([draft("a")]).migrator()).error), "M0416");
}
