//! The real binary, stopped for longer than its lease and woken again.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use migrate_tests::command::{Ran, binaries};
use migrate_tests::galera;
use migrate_tests::pgbouncer::{PoolMode, Pooler, engine_or_skip};
use migrate_tests::suite::Ledger;

const REVISIONS: usize = 30;

/// At how many moments a run is stopped.
const STOPS: u32 = 8;

fn start(ledger: &Ledger, arguments: &[&str]) -> Child {
    ledger.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process")
}

fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill").arg(signal).arg(child.id().to_string()).status().expect("kill runs");
    assert!(sent.success());
}

fn end(child: Child) -> Ran {
    child.wait_with_output().expect("an end").into()
}

/// Stops upgrades and downgrades at other moments each time, lets their lease run out, lets another process do the
/// work, and wakes them; gives how many found their lease gone.
fn writes_nothing_after_it_was_woken(ledger: &Ledger) -> usize {
    binaries();
    let started = Instant::now();
    assert_eq!(end(start(ledger, &["upgrade"])).code, 0);
    assert_eq!(end(start(ledger, &["downgrade", "base"])).code, 0);
    let whole = started.elapsed() / 2;
    let mut robbed = 0;
    // On a busy machine the moments may all be missed: then more of them are tried.
    for stop in 0..5 * STOPS {
        if stop >= STOPS && robbed > 0 {
            break;
        }
        let (arguments, goal): (&[&str], _) =
            if stop % 2 == 0 { (&["upgrade"], REVISIONS) } else { (&["downgrade", "base"], 0) };
        let first = start(ledger, arguments);
        // The golden ratio spreads the moments evenly, however many there are.
        thread::sleep(whole.mul_f64((f64::from(stop) * 0.618_034).fract()));
        signal(&first, "-STOP");
        // What was sent already is carried out.
        thread::sleep(Duration::from_millis(50));
        let held = ledger.expire_lease();
        let second = end(start(ledger, arguments));
        assert_eq!(second.code, 0, "{}", second.transcript());
        assert_eq!(ledger.balance(), goal, "stop {stop}, before it is woken");
        let done = ledger.log().len();
        signal(&first, "-CONT");
        let first = end(first);
        assert!(first.code == 0 || (held && first.stderr.contains("M0418")), "{}", first.transcript());
        assert_eq!((ledger.balance(), ledger.log().len()), (goal, done), "stop {stop}, after it was woken");
        robbed += usize::from(first.code != 0);
    }
    robbed
}

#[test]
fn a_run_that_was_stopped_behind_a_pooler_writes_nothing_after_it_was_woken() {
    let Some(server) = engine_or_skip() else { return };
    let pooler = Pooler::start(server, PoolMode::Transaction).expect("a pooler");
    let robbed = writes_nothing_after_it_was_woken(&Ledger::behind_pooler(server, &pooler, REVISIONS));
    assert!(robbed > 0, "no run was stopped half-way");
}

#[test]
fn a_run_that_was_stopped_on_a_node_of_a_cluster_writes_nothing_after_it_was_woken() {
    let Some(cluster) = galera::engine_or_skip() else { return };
    let robbed = writes_nothing_after_it_was_woken(&Ledger::on_galera(cluster, REVISIONS));
    assert!(robbed > 0, "no run was stopped half-way");
}
