//! How long it takes to verify 300 revisions, beside a plain client that applies, undoes and applies each of them.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use migrate_runtime::{Migrations, Verification};
use migrate_tests::postgres::Binaries;
use migrate_tests::suite::{connect, draft, postgres_or_skip, runtime, set};

const REVISIONS: usize = 300;
const ROUNDS: usize = 3;

/// A third makes a table, a third adds a column to it, a third an index.
fn sections(at: usize) -> (String, String) {
    let table = format!("t{}", at / 3);
    match at % 3 {
        0 => (
            format!(
                "CREATE TABLE {table} (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, created TIMESTAMP NULL);"
            ),
            format!("DROP TABLE {table};"),
        ),
        1 => (
            format!("ALTER TABLE {table} ADD COLUMN score INTEGER NOT NULL DEFAULT 0;"),
            format!("ALTER TABLE {table} DROP COLUMN score;"),
        ),
        _ => (format!("CREATE INDEX {table}_name ON {table} (name);"), format!("DROP INDEX {table}_name;")),
    }
}

fn migrations() -> Migrations {
    set((0..REVISIONS).map(|at| {
        let (up, down) = sections(at);
        let parent = at.checked_sub(1).map_or_else(|| "none".to_owned(), |parent| format!("r{parent:03}"));
        draft(&format!("r{at:03}")).after(&parent).up(&up).down(&down)
    }))
}

/// Up, down and up again, each in a transaction of its own, by psql.
fn plain(url: &str) -> Duration {
    let script: String = (0..REVISIONS)
        .flat_map(|at| {
            let (up, down) = sections(at);
            [up.clone(), down, up]
        })
        .map(|sql| format!("BEGIN; {sql} COMMIT;\n"))
        .collect();
    let psql = Binaries::find().expect("binaries").folder().join("psql");
    let started = Instant::now();
    let mut client = Command::new(psql)
        .args(["-q", "-X", "-v", "ON_ERROR_STOP=1", url])
        .stdin(Stdio::piped())
        .spawn()
        .expect("psql runs");
    client.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("psql reads");
    assert!(client.wait().expect("psql ends").success());
    started.elapsed()
}

fn main() {
    let migrations = migrations();
    let runtime = runtime();
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (Some(one), Some(other)) = (postgres_or_skip(), postgres_or_skip()) else { return };
        let plain = plain(&one.url());
        let mut times = Vec::new();
        for rows in [true, false] {
            let database = if rows { Some(&other) } else { None };
            let fresh = postgres_or_skip().expect("a server");
            let url = database.map_or_else(|| fresh.url(), |database| database.url());
            let mut db = runtime.block_on(connect(&url));
            let verification = Verification::new(&migrations);
            let verification = if rows { verification } else { verification.without_rows() };
            let started = Instant::now();
            let report = runtime.block_on(verification.run_async(&mut db)).expect("a report");
            times.push(started.elapsed());
            assert!(report.is_sound(), "{:?}", report.diagnostics());
        }
        println!("psql {plain:?}, verify {:?}, without rows {:?}", times[0], times[1]);
        ratios.push(times[0].as_secs_f64() / plain.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    println!("{REVISIONS} revisions: {:.2} times psql (median of {ROUNDS})", ratios[ROUNDS / 2]);
}
