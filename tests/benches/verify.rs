//! How long it takes to verify 300 revisions on PostgreSQL, beside a plain client that applies, undoes and applies each of them:
//! on a server with its default settings, whose commits reach the disk, and on one without `fsync`. SQLite and MariaDB stand alone.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use migrate_runtime::{Dialect, Migrations, Verification};
use migrate_tests::command::Sandbox;
use migrate_tests::postgres::{Binaries, Server, engine_or_skip};
use migrate_tests::suite::{Draft, connect, connect_mysql, draft, mariadb_or_skip, runtime, set};
use tokio::runtime::Runtime;

const REVISIONS: usize = 300;
const ROUNDS: usize = 5;

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

fn drafts(dialect: Dialect) -> impl Iterator<Item = Draft> {
    (0..REVISIONS).map(move |at| {
        let (up, mut down) = sections(at);
        if dialect == Dialect::MariaDb && at % 3 == 2 {
            down = format!("DROP INDEX t{0}_name ON t{0};", at / 3);
        }
        let parent = at.checked_sub(1).map_or_else(|| "none".to_owned(), |parent| format!("r{parent:03}"));
        draft(&format!("r{at:03}")).after(&parent).up(&up).down(&down)
    })
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

/// Starts a server that is set as PostgreSQL is by default, or spares the disk.
fn server(fsync: &str) -> Option<Server> {
    engine_or_skip("postgres")?;
    let server = Server::start().expect("the server starts");
    let settings = [
        ("fsync", fsync),
        ("full_page_writes", fsync),
        ("autovacuum", "on"),
        ("shared_buffers", "'128MB'"),
        ("max_wal_size", "'1GB'"),
        ("checkpoint_timeout", "'5min'"),
        ("jit", "on"),
    ];
    for (name, value) in settings {
        server.psql("postgres", &format!("ALTER SYSTEM SET {name} = {value};")).expect("the superuser may set it");
    }
    server.restart().expect("the server starts again");
    Some(server)
}

/// Through one connection, in a program.
fn verify(runtime: &Runtime, url: &str, migrations: &Migrations) -> Duration {
    let mut db = runtime.block_on(connect(url));
    let started = Instant::now();
    let report = runtime.block_on(Verification::new(migrations).run_async(&mut db)).expect("a report");
    let took = started.elapsed();
    assert!(report.is_sound(), "{:?}", report.diagnostics());
    took
}

/// The command, with all that it makes and takes away.
fn command(folder: &Sandbox, url: &str) -> Duration {
    let started = Instant::now();
    let ran = folder.migrate(&["verify", "--quiet", "--scratch-url", url]);
    let took = started.elapsed();
    assert_eq!(ran.code, 0, "{}", ran.transcript());
    took
}

fn on_postgres(runtime: &Runtime, fsync: &str) {
    let Some(server) = server(fsync) else { return };
    let fresh = || server.create_database().url();
    let (migrations, folder) = (set(drafts(Dialect::Postgres)), Sandbox::new());
    for (at, draft) in drafts(Dialect::Postgres).enumerate() {
        folder.write(&format!("migrations/r{at:03}.sql"), draft.text());
    }
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let plain = plain(&fresh());
        let command = command(&folder, &fresh());
        let one = verify(runtime, &fresh(), &migrations);
        println!(
            "fsync {fsync}: psql {plain:.2?}, cargo migrate verify {command:.2?}, through one connection {one:.2?}"
        );
        ratios.push(command.as_secs_f64() / plain.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    println!("fsync {fsync}: {REVISIONS} revisions take {:.2} times psql (median of {ROUNDS})", ratios[ROUNDS / 2]);
}

fn on_sqlite(migrations: &Migrations) {
    for _ in 0..ROUNDS {
        let mut db = rusqlite::Connection::open_in_memory().expect("a database");
        let started = Instant::now();
        let report = Verification::new(migrations).run(&mut db).expect("a report");
        println!("SQLite: {:.2?}", started.elapsed());
        assert!(report.is_sound(), "{:?}", report.diagnostics());
    }
}

fn on_mariadb(runtime: &Runtime, migrations: &Migrations) {
    for _ in 0..ROUNDS {
        let Some(database) = mariadb_or_skip() else { return };
        let mut db = runtime.block_on(connect_mysql(&database.url()));
        let started = Instant::now();
        let report = runtime.block_on(Verification::new(migrations).run_async(&mut db)).expect("a report");
        println!("MariaDB: {:.2?}", started.elapsed());
        assert!(report.is_sound(), "{:?}", report.diagnostics());
        runtime.block_on(db.disconnect()).expect("a connection that ends");
    }
}

/// Does it where files are on a disk: the tests' servers live in memory unless a folder for temporary files is named.
fn on_disk() -> bool {
    if std::env::var_os("TMPDIR").is_some() {
        return true;
    }
    let mut again = Command::new(std::env::current_exe().expect("the bench has an executable"));
    let status = again.env("TMPDIR", std::env::temp_dir()).args(std::env::args().skip(1)).status();
    assert!(status.expect("it runs again").success());
    false
}

fn main() {
    if !on_disk() {
        return;
    }
    let runtime = runtime();
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let wanted = |engine: &str| engine.contains(&only);
    for fsync in ["on", "off"] {
        if wanted(&format!("postgres {fsync}")) {
            on_postgres(&runtime, fsync);
        }
    }
    if wanted("sqlite") {
        on_sqlite(&set(drafts(Dialect::Sqlite)));
    }
    if wanted("mariadb") {
        on_mariadb(&runtime, &set(drafts(Dialect::MariaDb)));
    }
}
