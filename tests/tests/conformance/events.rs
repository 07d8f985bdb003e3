//! What a listener hears.

use migrate_runtime::{Dialect, Event, Migrator};
use migrate_tests::suite::{Database, chain, draft, set};

on_every_driver! {
    a_run_is_told_step_by_step,
    a_failing_step_is_started_and_not_finished,
    nothing_to_do_is_told_as_an_empty_plan,
}

/// What is heard during a run, one line an event.
fn heard(db: &mut dyn Database, migrator: Migrator<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let listener = |event: &Event<'_>| {
        lines.push(match event {
            Event::Planned { plan } => format!("planned {}", plan.to_string().replace('\n', " ")),
            Event::Locked => "locked".to_owned(),
            Event::StepStarted { step, number, of } => format!("started {} {number}/{of}", step.id),
            Event::StepFinished { step, .. } => format!("finished {}", step.id),
            other => format!("{other:?}"),
        });
    };
    let _ = db.run(migrator.on_event(listener));
    lines
}

/// SQLite takes its lock revision by revision and says nothing of it.
fn with_lock(db: &dyn Database, lines: &[&str]) -> Vec<String> {
    let locks = db.dialect() != Dialect::Sqlite;
    lines.iter().filter(|line| locks || **line != "locked").map(|line| (*line).to_owned()).collect()
}

fn a_run_is_told_step_by_step(db: &mut dyn Database) {
    let lines = heard(db, chain("a b").migrator());
    let told = ["planned + a + b", "locked", "started a 1/2", "finished a", "started b 2/2", "finished b"];
    assert_eq!(lines, with_lock(db, &told));
}

fn a_failing_step_is_started_and_not_finished(db: &mut dyn Database) {
    let lines = heard(db, set([draft("a").up("SELECT nowhere;")]).migrator());
    assert_eq!(lines, with_lock(db, &["planned + a", "locked", "started a 1/1"]));
}

fn nothing_to_do_is_told_as_an_empty_plan(db: &mut dyn Database) {
    let revisions = chain("a");
    db.upgrade(&revisions);
    assert_eq!(heard(db, revisions.migrator()), ["planned "]);
}
