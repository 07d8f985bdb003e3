//! Many processes start at once: all succeed, and every revision is applied exactly once.

use std::process::{Child, Stdio};

use migrate_tests::command::Ran;
use migrate_tests::suite::Ledger;

const PROCESSES: usize = 32;
const REVISIONS: usize = 12;

/// Starts the same call so many times, and waits for all of them.
fn at_once(ledger: &Ledger, arguments: &[&str]) -> Vec<Ran> {
    let start = |_| -> Child {
        let mut command = ledger.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process")
    };
    let children: Vec<Child> = (0..PROCESSES).map(start).collect();
    children.into_iter().map(|child| child.wait_with_output().expect("an end").into()).collect()
}

fn assert_all_succeed(ran: &[Ran]) {
    for ran in ran {
        assert_eq!(ran.code, 0, "{}", ran.transcript());
    }
}

fn all_succeed_and_each_revision_is_applied_once(ledger: &Ledger) {
    assert_all_succeed(&at_once(ledger, &["upgrade"]));
    assert_eq!(ledger.balance(), REVISIONS);
    assert_eq!(ledger.log().len(), REVISIONS);

    assert_all_succeed(&at_once(ledger, &["upgrade"]));
    assert_eq!(ledger.log().len(), REVISIONS);
}

/// `downgrade base` is no relative target: who comes late finds nothing to do.
fn all_succeed_and_each_revision_is_undone_once(ledger: &Ledger) {
    assert_all_succeed(&at_once(ledger, &["upgrade"])[..1]);
    assert_all_succeed(&at_once(ledger, &["downgrade", "base"]));
    assert_eq!(ledger.balance(), 0);
    assert_eq!(ledger.log().len(), 2 * REVISIONS);
}

/// `+1` is one step from what was seen; who sees it change under its hands stops.
fn relative_upgrades_never_go_further_than_they_said(ledger: &Ledger) {
    let ran = at_once(ledger, &["upgrade", "+1"]);
    let done = ran.iter().filter(|ran| ran.code == 0).count();
    for ran in ran.iter().filter(|ran| ran.code != 0) {
        assert!(ran.stderr.contains("M0406") || ran.stderr.contains("M0206"), "{}", ran.transcript());
    }
    assert!(done >= 1);
    assert_eq!(ledger.balance(), done);
}

#[test]
fn upgrades_of_an_empty_sqlite_file() {
    all_succeed_and_each_revision_is_applied_once(&Ledger::on_sqlite(REVISIONS));
}

#[test]
fn upgrades_of_an_empty_postgres_database() {
    Ledger::on_postgres(REVISIONS).iter().for_each(all_succeed_and_each_revision_is_applied_once);
}

#[test]
fn downgrades_of_a_sqlite_file() {
    all_succeed_and_each_revision_is_undone_once(&Ledger::on_sqlite(REVISIONS));
}

#[test]
fn downgrades_of_a_postgres_database() {
    Ledger::on_postgres(REVISIONS).iter().for_each(all_succeed_and_each_revision_is_undone_once);
}

#[test]
fn single_steps_on_a_sqlite_file() {
    relative_upgrades_never_go_further_than_they_said(&Ledger::on_sqlite(PROCESSES));
}

#[test]
fn single_steps_on_a_postgres_database() {
    Ledger::on_postgres(PROCESSES).iter().for_each(relative_upgrades_never_go_further_than_they_said);
}

#[test]
fn upgrades_of_an_empty_mariadb_database() {
    Ledger::on_mariadb(REVISIONS).iter().for_each(all_succeed_and_each_revision_is_applied_once);
}

#[test]
fn downgrades_of_a_mariadb_database() {
    Ledger::on_mariadb(REVISIONS).iter().for_each(all_succeed_and_each_revision_is_undone_once);
}

#[test]
fn single_steps_on_a_mariadb_database() {
    Ledger::on_mariadb(PROCESSES).iter().for_each(relative_upgrades_never_go_further_than_they_said);
}
