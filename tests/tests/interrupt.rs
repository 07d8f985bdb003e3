//! Ctrl-C and SIGTERM: the running statement is cancelled, nothing is left half done, and nobody waits for the lock.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use migrate_tests::command::{Ran, Sandbox};
use migrate_tests::{mariadb, postgres};

/// A database on which a revision takes longer than anybody waits.
struct Slow {
    sandbox: Sandbox,
    url: String,
}

/// SQLite has no word for waiting, but it can count.
const COUNT: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";

impl Slow {
    fn new(url: &str, slow: &str) -> Self {
        let file = |id: &str, parents: &str, up: &str| {
            format!(
                "-- revision: {id}\n-- parents: {parents}\n\n-- migrate: up\n{up}\n\n-- migrate: down\nDROP TABLE t_{id};\n"
            )
        };
        let sandbox = Sandbox::with_revisions(&[
            ("1_aaa.sql", &*file("aaa", "none", "CREATE TABLE t_aaa (x INTEGER);")),
            ("2_bbb.sql", &*file("bbb", "aaa", &format!("CREATE TABLE t_bbb (x INTEGER);\n{slow};"))),
            ("3_ccc.sql", &*file("ccc", "bbb", "CREATE TABLE t_ccc (x INTEGER);")),
        ]);
        Self { sandbox, url: url.to_owned() }
    }

    fn start(&self) -> Child {
        let mut command = self.sandbox.command(&["upgrade", "--database-url", &self.url]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process")
    }

    fn migrate(&self, arguments: &[&str]) -> Ran {
        self.sandbox.migrate(&[arguments, &["--database-url", &self.url, "--quiet"]].concat())
    }

    /// Waits until the first revision is done, which is when the slow one runs.
    fn wait_for_the_slow_one(&self) {
        let since = Instant::now();
        while self.migrate(&["current"]).stdout != "aaa  aaa\n" {
            assert!(since.elapsed() < Duration::from_secs(30), "the first revision is not applied");
            std::thread::sleep(Duration::from_millis(50));
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

fn signal(child: &Child, signal: &str) {
    let sent = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

fn ends(child: Child) -> Ran {
    child.wait_with_output().expect("an end").into()
}

/// Interrupts the slow revision, and runs it to the end once it is quick.
fn interrupted(slow: &Slow, sign: &str) {
    let child = slow.start();
    slow.wait_for_the_slow_one();
    signal(&child, sign);
    let since = Instant::now();
    let ran = ends(child);
    assert!(since.elapsed() < Duration::from_secs(5), "it took {:?}", since.elapsed());
    assert_eq!(ran.code, 130, "{}", ran.transcript());
    assert!(ran.stderr.contains("1 of 3 revisions were done before that and are committed"), "{}", ran.transcript());
    assert_eq!(slow.migrate(&["current"]).stdout, "aaa  aaa\n");

    let text = slow.sandbox.read("migrations/2_bbb.sql");
    let quick: String = text
        .lines()
        .map(|line| {
            if line.starts_with("SELECT") || line.starts_with("WITH") {
                "SELECT 1;\n".to_owned()
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    slow.sandbox.write("migrations/2_bbb.sql", quick);
    let since = Instant::now();
    let again = slow.migrate(&["upgrade"]);
    assert_eq!(again.code, 0, "{}", again.transcript());
    assert!(since.elapsed() < Duration::from_secs(5), "somebody still has the lock: {:?}", since.elapsed());
    assert_eq!(slow.migrate(&["current"]).stdout, "ccc (head)  ccc\n");
    assert_eq!(slow.migrate(&["downgrade", "base"]).code, 0);
}

#[test]
fn on_sqlite() {
    for sign in ["-INT", "-TERM"] {
        interrupted(&Slow::new("sqlite://app.db", COUNT), sign);
    }
}

/// Interrupts `verify` while each of its parts runs something slow, which leaves no scratch database.
fn verify_interrupted(url: &str) {
    let slow = Slow::new(url, "SELECT pg_sleep(60)");
    slow.sandbox.write(
        "migrations/1_aaa.sql",
        slow.sandbox.read("migrations/2_bbb.sql").replace("bbb", "aaa").replace("parents: aaa", "parents: none"),
    );
    let mut command = slow.sandbox.command(&["verify", "--jobs", "2", "--database-url", url]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
    std::thread::sleep(Duration::from_secs(3));
    signal(&child, "-INT");
    let since = Instant::now();
    let ran = ends(child);
    assert!(since.elapsed() < Duration::from_secs(5), "it took {:?}", since.elapsed());
    assert_eq!(ran.code, 130, "{}", ran.transcript());
    assert_eq!(ran.stderr.matches("scratch database: ").count(), 2, "{}", ran.transcript());
}

#[test]
fn verify_on_postgres() {
    let Some(server) = postgres::engine_or_skip("postgres") else { return };
    let database = server.create_database();
    verify_interrupted(&database.url());
    let left = database.psql("SELECT count(*) FROM pg_database WHERE datname LIKE 'migrate_scratch_%'");
    assert_eq!(left.expect("a count").trim(), "0");
}

#[test]
fn on_postgres() {
    let Some(server) = postgres::engine_or_skip("postgres") else { return };
    for sign in ["-INT", "-TERM"] {
        let database = server.create_database();
        interrupted(&Slow::new(&database.url(), "SELECT pg_sleep(60)"), sign);
    }
}

#[test]
fn on_mariadb() {
    let Some(server) = mariadb::engine_or_skip("mariadb") else { return };
    for sign in ["-INT", "-TERM"] {
        let database = server.create_database();
        interrupted(&Slow::new(&database.url(), "SELECT SLEEP(60) FROM t_aaa a RIGHT JOIN (SELECT 1) b ON true"), sign);
    }
}

#[test]
fn who_waits_for_the_lock_stops_waiting() {
    let Some(server) = postgres::engine_or_skip("postgres") else { return };
    let database = server.create_database();
    let slow = Slow::new(&database.url(), "SELECT pg_sleep(60)");
    let holder = slow.start();
    slow.wait_for_the_slow_one();
    let waiter = slow.start();
    std::thread::sleep(Duration::from_millis(800));
    signal(&waiter, "-INT");
    let ran = ends(waiter);
    assert_eq!(ran.code, 130, "{}", ran.transcript());
    assert!(ran.stderr.contains("error[M0420]: the run was stopped"), "{}", ran.transcript());
    signal(&holder, "-INT");
    assert_eq!(ends(holder).code, 130);
}

#[test]
fn a_run_stops_between_two_revisions_when_nothing_can_be_cancelled() {
    use migrate_runtime::{Error, Event, Migrations, Stop};
    let files = [("1.sql", "1", "none"), ("2.sql", "2", "1")];
    let text = |id: &str, parents: &str| {
        format!("-- revision: {id}\n-- parents: {parents}\n-- migrate: up\nCREATE TABLE t{id} (x);\n")
    };
    let texts: Vec<(&str, String)> = files.iter().map(|(name, id, parents)| (*name, text(id, parents))).collect();
    let migrations = Migrations::from_files(texts.iter().map(|(name, text)| (*name, &**text))).expect("a history");
    let mut db = rusqlite::Connection::open_in_memory().expect("a database");
    for (single, applied) in [(true, 0), (false, 1)] {
        let stop = Stop::new();
        let asks = stop.clone();
        let migrator = migrations.migrator().stop_on(&stop).on_event(move |event| {
            if matches!(event, Event::StepStarted { .. }) {
                asks.request();
            }
        });
        let migrator = if single { migrator.single_transaction() } else { migrator };
        let stopped = migrator.run(&mut db).expect_err("it stops");
        assert!(matches!(stopped.error, Error::Stopped), "{stopped}");
        assert_eq!(stopped.report.steps.len(), applied);
        let tables: u32 = db
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name LIKE 't_'", [], |row| row.get(0))
            .expect("a number");
        assert_eq!(tables as usize, applied);
    }
    assert_eq!(migrations.upgrade(&mut db).expect("it goes on").steps.len(), 1);
}
