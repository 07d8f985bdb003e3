//! When a statement fails.

use migrate_runtime::plan::Place;
use migrate_runtime::{Dialect, Error, Migrations, StatementFailure};
use migrate_tests::suite::{Database, code, draft, route, set};

on_every_driver! {
    the_failing_revision_leaves_nothing_and_the_earlier_ones_stay,
    the_report_carries_what_was_done,
    mending_the_statement_and_running_again_continues,
    a_position_is_counted_in_characters,
    without_a_position_the_failing_statement_is_counted_out,
    a_failing_down_leaves_the_revision_applied,
    the_diagnostic_says_what_state_the_database_is_in,
    what_counts_from_what_is_applied_names_the_rest,
    what_names_its_target_is_run_again,
}

/// Three revisions of which the second fails in its third statement.
fn failing() -> Migrations {
    set([
        draft("a").up("CREATE TABLE numbers (n integer PRIMARY KEY);"),
        draft("b")
            .after("a")
            .up("INSERT INTO numbers VALUES (1); -- größer; 🦀\n\nINSERT INTO numbers\n  VALUES (2);\n  \
             INSERT INTO numbers VALUES (1);\nINSERT INTO numbers VALUES (3);"),
        draft("c").after("b"),
    ])
}

fn mended() -> Migrations {
    set([
        draft("a").up("CREATE TABLE numbers (n integer PRIMARY KEY);"),
        draft("b").after("a").up("INSERT INTO numbers VALUES (1);"),
        draft("c").after("b"),
    ])
}

fn statement_failure(error: Error) -> StatementFailure {
    match error {
        Error::Statement(failure) => *failure,
        other => panic!("another failure: {other:?}"),
    }
}

fn at(file: &str, line: u32, column: u32) -> Place {
    Place { column: Some(column), ..Place::new(file, line) }
}

fn the_failing_revision_leaves_nothing_and_the_earlier_ones_stay(db: &mut dyn Database) {
    assert_eq!(code(&db.fail(failing().migrator()).error), "M0401");
    assert_eq!(db.applied(), ["a"]);
    assert_eq!(db.log(), ["upgrade a"]);
    assert_eq!(db.rows("SELECT n FROM numbers"), [""; 0]);
}

fn the_report_carries_what_was_done(db: &mut dyn Database) {
    let report = db.fail(failing().migrator()).report;
    assert_eq!((route(&report).as_str(), report.planned), ("base | +a | a", 3));
}

fn mending_the_statement_and_running_again_continues(db: &mut dyn Database) {
    db.fail(failing().migrator());
    let report = db.upgrade(&mended());
    assert_eq!(route(&report), "a | +b +c | c");
    assert_eq!(db.rows("SELECT n FROM numbers"), ["1"]);
}

fn a_position_is_counted_in_characters(db: &mut dyn Database) {
    let revisions =
        set([draft("a")
            .up("-- 🦀 größer\nCREATE TABLE t (x integer);\nINSERT INTO t\n  SELECT length('é🦀') + nowhere;")]);
    let failure = statement_failure(db.fail(revisions.migrator()).error);
    // Without a position the statement itself is counted out.
    let place = match db.gives_positions() {
        true => at("migrations/a.sql", 8, 25),
        false => at("migrations/a.sql", 7, 1),
    };
    assert_eq!(failure.place, place);
    assert_eq!(failure.statement.as_deref(), Some("INSERT INTO t\n  SELECT length('é🦀') + nowhere"));
}

fn without_a_position_the_failing_statement_is_counted_out(db: &mut dyn Database) {
    let failure = statement_failure(db.fail(failing().migrator()).error);
    assert_eq!(failure.place, at("migrations/b.sql", 9, 3));
    assert_eq!(failure.statement.as_deref(), Some("INSERT INTO numbers VALUES (1)"));
}

fn a_failing_down_leaves_the_revision_applied(db: &mut dyn Database) {
    let revisions = set([draft("a"), draft("b").after("a").down("DROP TABLE t_b;\nDROP TABLE nowhere;")]);
    db.upgrade(&revisions);

    let error = db.fail(revisions.migrator().downgrade("base"));

    assert_eq!(error.report.heads_after, ["b"]);
    assert_eq!(statement_failure(error.error).place.line, 8);
    // Where a transaction cannot hold a DROP TABLE, the journal says that it has run.
    let kept = match db.dialect() {
        Dialect::MySql | Dialect::MariaDb => vec!["migrate_history", "migrate_log", "t_a"],
        Dialect::Sqlite | Dialect::Postgres => vec!["migrate_history", "migrate_log", "t_a", "t_b"],
    };
    assert_eq!(db.tables(), kept);
}

fn the_diagnostic_says_what_state_the_database_is_in(db: &mut dyn Database) {
    let diagnostics = db.fail(failing().migrator()).error.diagnostics();
    let notes = &diagnostics[0].notes;
    assert!(notes.contains(&"in: INSERT INTO numbers VALUES (1)".to_owned()), "{notes:?}");
    assert!(notes.contains(&"this revision was rolled back, nothing of it remains".to_owned()), "{notes:?}");
}

/// `a` and above it `b`, `c` and `d`, of which some up or down fails.
fn four(fails: impl Fn(&str) -> (bool, bool)) -> Migrations {
    let names = ["a", "b", "c", "d"];
    set((0..names.len()).map(|at| {
        let (up, down) = fails(names[at]);
        let mut revision = draft(names[at]);
        if at > 0 {
            revision = revision.after(names[at - 1]);
        }
        if up {
            revision = revision.up("INSERT INTO nowhere VALUES (1);");
        }
        if down { revision.down("DELETE FROM nowhere;") } else { revision }
    }))
}

fn what_counts_from_what_is_applied_names_the_rest(db: &mut dyn Database) {
    let good = four(|_| (false, false));
    let rest = |db: &mut dyn Database, migrator| db.fail(migrator).report.rest;

    let up = four(|id| (id == "c", false));
    assert_eq!(rest(db, up.migrator().target("+3")).as_deref(), Some("upgrade c"));
    assert_eq!(rest(db, up.migrator().target("+1")), None, "nothing was done");
    db.upgrade(&good);

    let down = four(|id| (false, id == "c"));
    assert_eq!(rest(db, down.migrator().downgrade("-3")).as_deref(), Some("downgrade a"));
    assert_eq!(db.applied(), ["a", "b", "c"]);
    db.upgrade(&good);
    assert_eq!(rest(db, down.migrator().downgrade("-4")).as_deref(), Some("downgrade base"));
    db.upgrade(&good);

    assert_eq!(rest(db, down.migrator().redo("a")).as_deref(), Some("upgrade d"));
    assert_eq!(db.applied(), ["a", "b", "c"]);
}

fn what_names_its_target_is_run_again(db: &mut dyn Database) {
    let up = four(|id| (id == "c", false));
    assert_eq!(db.fail(up.migrator().target("d")).report.rest, None);
    db.upgrade(&four(|_| (false, false)));
    assert_eq!(db.fail(four(|id| (false, id == "c")).migrator().downgrade("a")).report.rest, None);
}
