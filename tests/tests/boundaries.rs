//! The real binary is killed at every boundary that its work has: on SQLite at each write to the file, each flush and each
//! removed journal, on the servers before each message and before each answer. Run again, nothing is lost or doubled.
//!
//! `strace` kills it there. `MIGRATE_TEST_KILLS` above 30 takes every boundary; otherwise one in a few is taken. Without
//! `strace`, or where nothing may be traced, the tests do nothing, unless `MIGRATE_TEST_REQUIRE` names it.

use std::process::{Command, Stdio};

use migrate_tests::command::Ran;
use migrate_tests::suite::Ledger;

const REVISIONS: usize = 3;

/// Every how many boundaries the process is killed.
fn stride() -> usize {
    let kills = std::env::var("MIGRATE_TEST_KILLS").ok().and_then(|kills| kills.parse::<usize>().ok());
    if kills.unwrap_or(30) > 30 { 1 } else { 5 }
}

/// Whether there is a `strace` that may trace.
fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    let can = traced.is_ok_and(|status| status.success());
    let required =
        std::env::var("MIGRATE_TEST_REQUIRE").is_ok_and(|names| names.split(',').any(|name| name == "strace"));
    assert!(can || !required, "strace is required, and cannot trace");
    if !can {
        eprintln!("skipped: there is no strace here that may trace");
    }
    can
}

/// Runs under `strace`, which kills at the `nth` call; whether it came to that.
fn is_killed(ledger: &Ledger, arguments: &[&str], call: &str, nth: usize) -> bool {
    let command = ledger.command(arguments);
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
    traced.args(["-e", &format!("inject={call}:signal=KILL:when={nth}")]);
    traced.arg(command.get_program()).args(command.get_args());
    traced.current_dir(command.get_current_dir().expect("a folder")).stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    let ran: Ran = traced.output().expect("strace runs").into();
    match ran.code {
        0 => false,
        // The shell's way to say it, and that of whoever dies of the same signal.
        137 | -1 => true,
        _ => panic!("{}", ran.transcript()),
    }
}

fn finish(ledger: &Ledger, arguments: &[&str]) {
    let ran: Ran = ledger.command(arguments).output().expect("a process").into();
    assert_eq!(ran.code, 0, "{}", ran.transcript());
}

/// Kills upgrades and downgrades at each of these calls; gives how often.
fn survives_every_kill(ledger: &Ledger, calls: &[&str]) -> usize {
    let mut kills = 0;
    for call in calls {
        for (run, back, end) in [("upgrade", "base", REVISIONS), ("downgrade", "heads", 0)] {
            let arguments: &[&str] = if run == "upgrade" { &["upgrade"] } else { &["downgrade", "base"] };
            for nth in (1..).step_by(stride()) {
                let killed = is_killed(ledger, arguments, call, nth);
                finish(ledger, arguments);
                assert_eq!(ledger.balance(), end, "{run} was killed at {call} {nth}");
                let log = ledger.log();
                assert!(log.len().is_multiple_of(REVISIONS), "{run} was killed at {call} {nth}: {log:?}");
                let back: &[&str] = if back == "base" { &["downgrade", "base"] } else { &["upgrade"] };
                if !killed {
                    // The other direction begins where this one has ended.
                    break;
                }
                kills += 1;
                finish(ledger, back);
            }
        }
    }
    kills
}

#[test]
fn on_sqlite() {
    if can_trace() {
        let kills = survives_every_kill(&Ledger::on_sqlite(REVISIONS), &["pwrite64", "fsync", "fdatasync", "unlink"]);
        eprintln!("{kills} kills");
        assert!(kills > 10, "{kills}");
    }
}

#[test]
fn on_postgres() {
    if let Some(ledger) = Ledger::on_postgres(REVISIONS).filter(|_| can_trace()) {
        let kills = survives_every_kill(&ledger, &["sendto", "recvfrom"]);
        eprintln!("{kills} kills");
        assert!(kills > 4, "{kills}");
    }
}

#[test]
fn on_mariadb() {
    if let Some(ledger) = Ledger::on_mariadb(REVISIONS).filter(|_| can_trace()) {
        let kills = survives_every_kill(&ledger, &["sendto", "recvfrom"]);
        eprintln!("{kills} kills");
        assert!(kills > 4, "{kills}");
    }
}
