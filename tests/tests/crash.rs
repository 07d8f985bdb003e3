//! A run, or the server below it, is killed at any moment and run again: nothing is lost, and nothing is applied twice.
//!
//! `MIGRATE_TEST_KILLS` is how often each test kills; 30 by default.

use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use migrate_tests::command::{Ran, binaries};
use migrate_tests::mariadb;
use migrate_tests::postgres::{Binaries, Server};
use migrate_tests::suite::Ledger;

const REVISIONS: usize = 12;

/// On a busy machine the moments may all be missed: then so many times more of them are tried.
const MOST: u64 = 5;

fn kills() -> u64 {
    std::env::var("MIGRATE_TEST_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(30)
}

fn start(ledger: &Ledger, arguments: &[&str]) -> Child {
    ledger.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process")
}

/// Runs to the end; PostgreSQL may still be busy with what a killed client had sent.
fn finish(ledger: &Ledger, arguments: &[&str]) {
    let ran: Ran = start(ledger, arguments).wait_with_output().expect("an end").into();
    assert_eq!(ran.code, 0, "{}", ran.transcript());
}

/// How long an undisturbed run takes, so that kills are spread over all of it.
fn duration_of(ledger: &Ledger, arguments: &[&str]) -> Duration {
    // Building the binary is no part of a run.
    binaries();
    let started = Instant::now();
    finish(ledger, arguments);
    started.elapsed()
}

/// Goes up and down and kills each run at another moment; gives at how many places a run was caught half-way.
fn is_killed_again_and_again(ledger: &Ledger) -> usize {
    let (up, down): (&[&str], &[&str]) = (&["upgrade"], &["downgrade", "base"]);
    let whole = duration_of(ledger, up).max(duration_of(ledger, down));
    let mut caught = 0;
    for kill in 0..MOST * kills() {
        if kill >= kills() && caught > 0 {
            break;
        }
        let (run, end) = if kill % 2 == 0 { (up, REVISIONS) } else { (down, 0) };
        let mut child = start(ledger, run);
        thread::sleep(moment(kill, whole));
        child.kill().expect("a kill");
        child.wait().expect("an end");
        finish(ledger, run);
        assert_eq!(ledger.balance(), end, "after kill {kill}");
        caught += usize::from(was_caught(ledger));
    }
    caught
}

/// The golden ratio spreads the moments evenly, however many there are.
fn moment(kill: u64, whole: Duration) -> Duration {
    whole.mul_f64((kill as f64 * 0.618_034).fract())
}

/// Whether the last direction in the log took two runs.
fn was_caught(ledger: &Ledger) -> bool {
    ledger.runs_of_the_last(REVISIONS) > 1
}

#[test]
fn a_killed_run_on_sqlite_is_finished_by_the_next() {
    let caught = is_killed_again_and_again(&Ledger::on_sqlite(REVISIONS));
    assert!(caught > 0, "no kill met a run half-way");
}

#[test]
fn a_killed_run_on_postgres_is_finished_by_the_next() {
    let Some(ledger) = Ledger::on_postgres(REVISIONS) else { return };
    let caught = is_killed_again_and_again(&ledger);
    assert!(caught > 0, "no kill met a run half-way");
}

#[test]
fn a_killed_run_on_mariadb_is_finished_by_the_next() {
    let Some(ledger) = Ledger::on_mariadb(REVISIONS) else { return };
    let caught = is_killed_again_and_again(&ledger);
    assert!(caught > 0, "no kill met a run half-way");
}

/// Kills the server below a run at so many moments.
fn survives_crashes(ledger: &Ledger, crashes: u64, restart: impl Fn() -> Result<(), String>) {
    let whole = duration_of(ledger, &["upgrade"]);
    finish(ledger, &["downgrade", "base"]);
    let mut caught = 0;
    for kill in 0..MOST * crashes {
        if kill >= crashes && caught > 0 {
            break;
        }
        let run = start(ledger, &["upgrade"]);
        thread::sleep(moment(kill, whole));
        restart().expect("the server comes back");
        let ran: Ran = run.wait_with_output().expect("an end").into();
        let crashed = ["M0412", "M0501", "M0413"].iter().any(|code| ran.stderr.contains(code));
        assert!(ran.code == 0 || crashed, "{}", ran.transcript());
        if ledger.is_atomic() {
            ledger.balance();
        }
        finish(ledger, &["upgrade"]);
        assert_eq!(ledger.balance(), REVISIONS, "after crash {kill}");
        caught += usize::from(was_caught(ledger));
        finish(ledger, &["downgrade", "base"]);
    }
    assert!(caught > 0, "no crash met a run half-way");
}

/// A server goes on with what a killed client has sent; only its own crash can part a revision from its history row.
#[test]
fn a_run_whose_server_crashes_is_finished_by_the_next() {
    if Binaries::find().is_none() {
        return;
    }
    let server = Server::start().expect("a server");
    survives_crashes(&Ledger::on_server(&server, REVISIONS), kills() / 2, || server.restart());
}

#[test]
fn a_run_whose_mariadb_server_crashes_is_finished_by_the_next() {
    if mariadb::Binaries::find().is_none() {
        return;
    }
    let server = mariadb::Server::start().expect("a server");
    survives_crashes(&Ledger::on_mariadb_server(&server, REVISIONS), kills() / 4, || server.restart());
}
