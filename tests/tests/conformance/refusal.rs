//! What is refused, is refused before the first write.

use migrate_runtime::{Dialect, Migrations};
use migrate_tests::suite::{Database, code, draft, explain, set};

on_every_driver! {
    an_unwritten_section_is_refused,
    a_section_for_other_dialects_is_refused,
    a_relative_target_that_leaves_the_graph_is_refused,
    an_unwritten_down_is_refused,
}

/// The first revision could run, the second cannot: nothing of either is left.
fn refused(db: &mut dyn Database, revisions: &Migrations) -> String {
    let error = db.fail(revisions.migrator()).error;
    assert_eq!(db.tables(), [""; 0], "{}", explain(&error));
    let diagnostic = &error.diagnostics()[0];
    let place = diagnostic.place.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{} {place}", diagnostic.code)
}

fn an_unwritten_section_is_refused(db: &mut dyn Database) {
    let revisions = set([draft("a"), draft("b").after("a").up("-- to do")]);
    assert_eq!(refused(db, &revisions), "M0210 migrations/b.sql:4");
}

fn a_section_for_other_dialects_is_refused(db: &mut dyn Database) {
    let other = if db.dialect() == Dialect::Sqlite { "postgres" } else { "sqlite" };
    let sections = format!("-- migrate: up {other}\nSELECT 1;\n");
    let revisions = set([draft("a"), draft("b").after("a").sections(&sections)]);
    assert_eq!(refused(db, &revisions), "M0211 migrations/b.sql:1");
}

fn a_relative_target_that_leaves_the_graph_is_refused(db: &mut dyn Database) {
    assert_eq!(code(&db.fail(set([draft("a")]).migrator().target("+2")).error), "M0206");
    assert_eq!(db.tables(), [""; 0]);
}

fn an_unwritten_down_is_refused(db: &mut dyn Database) {
    let revisions = set([draft("a").down("-- to do"), draft("b").after("a")]);
    db.upgrade(&revisions);
    assert_eq!(code(&db.fail(revisions.migrator().downgrade("base")).error), "M0210");
    assert_eq!(db.applied(), ["a", "b"]);
}
