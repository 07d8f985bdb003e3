//! Many processes start at once: all succeed, and every revision is applied exactly once.
//!
//! `MIGRATE_TEST_STARTERS` is how many; 32 by default.

use std::process::{Child, Stdio};

use migrate_tests::command::Ran;
use migrate_tests::galera;
use migrate_tests::pgbouncer::{self, PoolMode, Pooler};
use migrate_tests::suite::Ledger;

const REVISIONS: usize = 12;

fn processes() -> usize {
    std::env::var("MIGRATE_TEST_STARTERS").ok().and_then(|number| number.parse().ok()).unwrap_or(32)
}

/// Starts the same call so many times, and waits for all of them.
fn at_once(ledger: &Ledger, arguments: &[&str]) -> Vec<Ran> {
    let start = |_| -> Child {
        let mut command = ledger.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process")
    };
    let children: Vec<Child> = (0..processes()).map(start).collect();
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
    relative_upgrades_never_go_further_than_they_said(&Ledger::on_sqlite(processes()));
}

#[test]
fn single_steps_on_a_postgres_database() {
    Ledger::on_postgres(processes()).iter().for_each(relative_upgrades_never_go_further_than_they_said);
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
    Ledger::on_mariadb(processes()).iter().for_each(relative_upgrades_never_go_further_than_they_said);
}

#[test]
fn everything_through_a_transaction_pooler() {
    let Some(server) = pgbouncer::engine_or_skip() else { return };
    let pooler = Pooler::start(server, PoolMode::Transaction).expect("a pooler");
    all_succeed_and_each_revision_is_applied_once(&Ledger::behind_pooler(server, &pooler, REVISIONS));
    all_succeed_and_each_revision_is_undone_once(&Ledger::behind_pooler(server, &pooler, REVISIONS));
    relative_upgrades_never_go_further_than_they_said(&Ledger::behind_pooler(server, &pooler, processes()));
}

#[test]
fn everything_over_three_nodes_of_a_cluster() {
    let Some(cluster) = galera::engine_or_skip() else { return };
    let ledger = Ledger::on_galera(cluster, REVISIONS);
    all_succeed_and_each_revision_is_applied_once(&ledger);
    assert_all_succeed(&at_once(&ledger, &["downgrade", "base"]));
    assert_eq!(ledger.balance(), 0);
    assert_eq!(ledger.log().len(), 2 * REVISIONS);
}
