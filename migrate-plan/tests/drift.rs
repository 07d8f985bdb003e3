//! Files that were edited after they ran: what the history remembers against what the file says now.

mod support;

use migrate_plan::{Applied, Checksum, Dialect, Direction, RevisionGraph, parse_revision};

const FILE: &str = "\
-- revision: a
-- parents: none

-- migrate: up
SELECT 1;
-- migrate: down sqlite
SELECT 2;
-- migrate: down
SELECT 3;
";

fn graph(text: &str) -> RevisionGraph {
    RevisionGraph::new(vec![parse_revision("a.sql", text.as_bytes()).unwrap()]).unwrap()
}

fn checksum(graph: &RevisionGraph, direction: Direction, dialect: Dialect) -> Option<Checksum> {
    graph.revisions()[0].section(direction, dialect).map(|section| section.checksum)
}

/// The drift of a file as it is now, after `ran` was applied on SQLite.
fn drift(ran: &str, now: &str) -> Vec<(Direction, u32)> {
    let (ran, now) = (graph(ran), graph(now));
    let mut row = support::row("a", &[]);
    row.up_checksum = checksum(&ran, Direction::Up, Dialect::Sqlite);
    row.down_checksum = checksum(&ran, Direction::Down, Dialect::Sqlite);
    let drift = Applied::new(&now, vec![row]).unwrap().drift(Dialect::Sqlite);
    assert!(drift.iter().all(|drift| drift.id == "a" && drift.file == "a.sql"));
    drift.into_iter().map(|drift| (drift.direction, drift.line)).collect()
}

#[test]
fn an_untouched_file_has_none() {
    assert_eq!(drift(FILE, FILE), []);
}

#[test]
fn comments_and_blanks_make_none() {
    assert_eq!(drift(FILE, &FILE.replace("SELECT 1;", "-- licence\n\nSELECT   1;")), []);
}

#[test]
fn a_changed_up_is_drift_at_its_marker() {
    assert_eq!(drift(FILE, &FILE.replace("SELECT 1", "SELECT 9")), [(Direction::Up, 4)]);
}

#[test]
fn a_changed_down_is_drift_at_its_marker() {
    assert_eq!(drift(FILE, &FILE.replace("SELECT 2", "SELECT 9")), [(Direction::Down, 6)]);
}

#[test]
fn a_section_for_another_dialect_does_not_count() {
    assert_eq!(drift(FILE, &FILE.replace("SELECT 3", "SELECT 9")), []);
}

#[test]
fn a_down_that_was_taken_out_is_drift_of_the_file() {
    let (without, _) = FILE.split_once("-- migrate: down sqlite").unwrap();
    assert_eq!(drift(FILE, without), [(Direction::Down, 1)]);
}

#[test]
fn a_down_that_was_written_later_is_drift() {
    let (without, _) = FILE.split_once("-- migrate: down sqlite").unwrap();
    assert_eq!(drift(without, FILE), [(Direction::Down, 6)]);
}

#[test]
fn an_up_for_a_dialect_that_had_none_when_it_was_stamped_is_no_drift() {
    let elsewhere = FILE.replace("-- migrate: up", "-- migrate: up postgres");
    assert_eq!(drift(&elsewhere, FILE), []);
}
