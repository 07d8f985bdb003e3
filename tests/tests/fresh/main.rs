//! Each test of an application gets a database of its own, at the head of its revisions.

mod copy;
mod round_trip;

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use migrate_runtime::Migrations;
use migrate_runtime::testing::{FreshDatabase, fresh_database};
use migrate_tests::suite::{connect, explain, runtime};
use migrate_tests::{mariadb, postgres};

/// Revisions with three tables, one of them with a row; no other call gives the same.
fn own_revisions() -> Migrations {
    static MADE: AtomicU32 = AtomicU32::new(0);
    revisions(&format!("{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed)))
}

/// The word by which they differ.
fn word_of(migrations: &Migrations) -> String {
    let body = &migrations.revisions()[0].sections[0].body;
    body.split_once("TABLE t_").and_then(|(_, rest)| rest.split_once(' ')).expect("it has one").0.to_owned()
}

fn revisions(word: &str) -> Migrations {
    let first = format!(
        "-- revision: 001\n-- parents: none\n\n-- migrate: up\nCREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL);\n\
         CREATE TABLE t_{word} (x INTEGER);\nINSERT INTO users VALUES (1, 'ann');\n\n\
         -- migrate: down\nDROP TABLE t_{word};\nDROP TABLE users;\n"
    );
    let second = "-- revision: 002\n-- parents: 001\n\n-- migrate: up\nCREATE TABLE notes (author INTEGER REFERENCES users (id));\n\n\
                  -- migrate: down\nDROP TABLE notes;\n";
    Migrations::from_files([("001.sql", first.as_str()), ("002.sql", second)]).expect("they are well formed")
}

fn fresh(migrations: &Migrations, url: &str) -> FreshDatabase {
    fresh_database(migrations).on(url).create().unwrap_or_else(|error| panic!("{}", explain(&error)))
}

/// Runs SQL in a database, and gives what its client prints.
type Ask = Box<dyn Fn(&str, &str) -> String + Sync>;

/// A server, and how to ask it.
struct Server {
    url: String,
    ask: Ask,
    databases: &'static str,
}

fn postgres() -> Option<Server> {
    postgres::engine_or_skip("postgres").map(Server::of_postgres)
}

fn mariadb() -> Option<Server> {
    mariadb::engine_or_skip("mariadb").map(Server::of_mariadb)
}

/// Servers on which no other test sweeps.
fn servers_of_its_own() -> impl Iterator<Item = Server> {
    let postgres = postgres().map(|_| Server::of_postgres(Box::leak(Box::new(postgres::Server::start().unwrap()))));
    let mariadb = mariadb().map(|_| Server::of_mariadb(Box::leak(Box::new(mariadb::Server::start().unwrap()))));
    [postgres, mariadb].into_iter().flatten()
}

fn servers() -> impl Iterator<Item = Server> {
    [postgres(), mariadb()].into_iter().flatten()
}

impl Server {
    fn of_postgres(server: &'static postgres::Server) -> Self {
        let url = server.create_database().url();
        let ask = Box::new(|database: &str, sql: &str| server.psql(database, sql).expect("an answer"));
        Self { url, ask, databases: "SELECT datname FROM pg_database WHERE datname LIKE 'migrate%' ORDER BY 1" }
    }

    fn of_mariadb(server: &'static mariadb::Server) -> Self {
        let url = server.create_database().url();
        let ask = Box::new(|database: &str, sql: &str| {
            let database = if database == "postgres" { "mysql" } else { database };
            server.sql(database, sql).expect("an answer")
        });
        let databases =
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'migrate%' ORDER BY 1";
        Self { url, ask, databases }
    }

    fn ask(&self, database: &str, sql: &str) -> String {
        (self.ask)(database, sql)
    }

    fn list(&self) -> Vec<String> {
        self.ask("postgres", self.databases).lines().map(str::to_owned).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.list().iter().any(|database| database == name)
    }

    /// The templates of the revisions of a fresh database.
    fn templates(&self, name: &str) -> Vec<String> {
        let sum = &name[..29];
        self.list().into_iter().filter(|other| other.starts_with(sum) && other.ends_with("_template")).collect()
    }
}

fn seconds_ago(age: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs() - age
}

#[test]
fn on_sqlite_each_database_is_another_one_at_head() {
    let migrations = own_revisions();
    let (one, two) = (fresh(&migrations, "sqlite::memory:"), fresh(&migrations, "sqlite:app.db"));
    let (mut first, again, second) = (one.rusqlite().unwrap(), one.rusqlite().unwrap(), two.rusqlite().unwrap());
    first.execute("INSERT INTO users VALUES (2, 'bob')", []).unwrap();
    let count = |db: &rusqlite::Connection| db.query_row("SELECT count(*) FROM users", [], |row| row.get::<_, i64>(0));
    assert_eq!((count(&first), count(&again), count(&second)), (Ok(2), Ok(2), Ok(1)));
    assert!(migrations.upgrade(&mut first).unwrap().steps.is_empty());
    assert!(!std::path::Path::new("app.db").exists());

    let name = one.name().to_owned();
    drop((one, first, again));
    let gone = rusqlite::Connection::open(format!("file:/{name}?vfs=memdb")).unwrap();
    assert!(count(&gone).is_err(), "it went with its last connection");
}

#[test]
fn on_sqlite_a_pool_of_sqlx_sees_one_database() {
    let migrations = own_revisions();
    runtime().block_on(async {
        let fresh = fresh_database(&migrations).on("sqlite::memory:").await.unwrap();
        let pool = fresh.sqlite_pool().await.unwrap();
        let (mut one, mut two) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
        sqlx::query("INSERT INTO users VALUES (2, 'bob')").execute(&mut *one).await.unwrap();
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut *two).await.unwrap();
        assert_eq!(count, 2);
    });
}

#[test]
fn on_a_server_each_database_is_another_one_at_head_and_goes_with_its_value() {
    for server in servers() {
        let migrations = own_revisions();
        let (one, two) = (fresh(&migrations, &server.url), fresh(&migrations, &server.url));
        server.ask(one.name(), "INSERT INTO users VALUES (2, 'bob')");
        assert_eq!(server.ask(one.name(), "SELECT count(*) FROM users"), "2");
        assert_eq!(server.ask(two.name(), "SELECT count(*) FROM users"), "1");
        assert_eq!(server.ask(two.name(), "SELECT id FROM migrate_history ORDER BY id"), "001\n002");
        assert_eq!(server.templates(one.name()).len(), 1);

        let (first, second) = (one.name().to_owned(), two.name().to_owned());
        drop(one);
        assert!(!server.has(&first));
        let url = two.keep();
        assert!(server.has(&second) && url.contains(&second));
    }
}

#[test]
fn every_driver_connects_and_none_that_is_of_another_engine() {
    let migrations = own_revisions();
    if let Some(server) = postgres() {
        let fresh = fresh(&migrations, &server.url);
        let mut client = fresh.postgres().unwrap();
        assert!(migrations.upgrade(&mut client).unwrap().steps.is_empty());
        runtime().block_on(async {
            let mut client = fresh.tokio_postgres().await.unwrap();
            assert!(migrations.upgrade_async(&mut client).await.unwrap().steps.is_empty());
            let pool = fresh.postgres_pool().await.unwrap();
            assert!(migrations.upgrade_async(&pool).await.unwrap().steps.is_empty());
            let refusal = fresh.mysql_pool().await.unwrap_err();
            assert_eq!(refusal.to_string(), "the database is of PostgreSQL, and the driver for MariaDB or MySQL");
        });
    }
    if let Some(server) = mariadb() {
        let fresh = fresh(&migrations, &server.url);
        let mut client = fresh.mysql().unwrap();
        assert!(migrations.upgrade(&mut client).unwrap().steps.is_empty());
        runtime().block_on(async {
            let mut client = fresh.mysql_async().await.unwrap();
            assert!(migrations.upgrade_async(&mut client).await.unwrap().steps.is_empty());
            let pool = fresh.mysql_pool().await.unwrap();
            assert!(migrations.upgrade_async(&pool).await.unwrap().steps.is_empty());
        });
    }
}

#[test]
fn a_database_is_dropped_under_open_sessions_and_by_a_panic() {
    if let Some(server) = postgres() {
        let fresh = fresh(&own_revisions(), &server.url);
        let name = fresh.name().to_owned();
        runtime().block_on(async {
            let client = connect(fresh.url()).await;
            client.batch_execute("BEGIN; INSERT INTO users VALUES (7, 'x')").await.unwrap();
            drop(fresh);
            assert!(client.simple_query("SELECT 1").await.is_err());
        });
        assert!(!server.has(&name));
    }
    for server in servers() {
        let url = server.url.clone();
        let name = std::thread::spawn(move || {
            let fresh = fresh(&own_revisions(), &url);
            let name = fresh.name().to_owned();
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let _fresh = fresh;
                panic!("a test that fails");
            }));
            assert!(outcome.is_err());
            name
        });
        assert!(!server.has(&name.join().unwrap()));
    }
    if let Some(server) = mariadb() {
        let fresh = fresh(&own_revisions(), &server.url);
        let name = fresh.name().to_owned();
        let mut client = fresh.mysql().unwrap();
        use mysql::prelude::Queryable;
        client.query_drop("START TRANSACTION; ").unwrap();
        client.query_drop("INSERT INTO users VALUES (7, 'x')").unwrap();
        let started = Instant::now();
        drop(fresh);
        assert!(!server.has(&name));
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}

#[test]
fn what_dead_tests_have_left_is_dropped_and_nothing_else() {
    for server in servers_of_its_own() {
        let (old, older) = (seconds_ago(2 * 3600), seconds_ago(25 * 3600));
        let left = format!("migrate_test_0123456789abcdef_{old}_89abcdef");
        let used = format!("migrate_test_0123456789abcdef_{old}_00000000");
        let young = format!("migrate_test_0123456789abcdef_{}_89abcdef", seconds_ago(9));
        let template = format!("migrate_test_fedcba9876543210_{older}_template");
        let young_template = format!("migrate_test_fedcba9876543210_{old}_template");
        let others = [format!("migrate_test_{older}"), format!("migrate_test_0123456789abcdef_{older}_backup")];
        for name in [&left, &used, &young, &template, &young_template].into_iter().chain(&others) {
            server.ask("postgres", &format!("CREATE DATABASE {name}"));
        }
        let of_used = server.url.rsplit_once('/').map(|(start, _)| format!("{start}/{used}")).unwrap();
        let mut session = None;
        let mut blocking = None;
        match server.url.starts_with("postgres") {
            true => session = Some(::postgres::Client::connect(&of_used, ::postgres::NoTls).unwrap()),
            false => blocking = Some(mysql::Conn::new(mysql::Opts::from_url(&of_used).unwrap()).unwrap()),
        }
        drop(fresh(&own_revisions(), &server.url));
        for gone in [&left, &template] {
            assert!(!server.has(gone), "{gone}");
        }
        for stays in [&used, &young, &young_template].into_iter().chain(&others) {
            assert!(server.has(stays), "{stays}");
        }
        drop((session, blocking));
    }
}

#[test]
fn a_template_that_is_gone_is_built_again() {
    for server in servers() {
        let migrations = own_revisions();
        let first = fresh(&migrations, &server.url);
        for template in server.templates(first.name()) {
            server.ask("postgres", &format!("DROP DATABASE {template}"));
        }
        let second = fresh(&migrations, &server.url);
        assert_eq!(server.ask(second.name(), "SELECT count(*) FROM users"), "1");
        assert_eq!(server.templates(second.name()).len(), 1);
    }
}

/// What a process does that the next test starts; its revisions are given by a variable.
#[test]
#[ignore = "another test starts it"]
fn child() {
    let word = std::env::var("FRESH_WORD").expect("the parent sets it");
    let fresh = fresh_database(&revisions(&word)).create().expect("a database");
    println!("made {}", fresh.name());
}

/// The names of databases that other processes make at once.
fn in_other_processes(server: &Server, migrations: &Migrations, count: usize) -> Vec<String> {
    let start = || {
        let mut command = Command::new(std::env::current_exe().expect("a test has an executable"));
        command.args(["--exact", "child", "--ignored", "--nocapture"]).stdout(Stdio::piped());
        command.env("FRESH_WORD", word_of(migrations)).env("DATABASE_URL", &server.url).spawn().expect("it starts")
    };
    let children: Vec<_> = (0..count).map(|_| start()).collect();
    let name = |child: std::process::Child| {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find_map(|line| line.split_once("made ").map(|(_, name)| name.to_owned()));
        line.unwrap_or_else(|| panic!("{text}"))
    };
    children.into_iter().map(name).collect()
}

#[test]
fn processes_that_start_at_once_build_one_template() {
    for server in servers() {
        let names = in_other_processes(&server, &own_revisions(), 6);
        assert_eq!(server.templates(&names[0]).len(), 1, "{names:?}");
        assert!(names.iter().all(|name| !server.has(name)), "they went with their processes");
    }
}

#[test]
fn revisions_that_fail_leave_no_template_and_say_why() {
    for server in servers() {
        let broken =
            "-- revision: 001\n-- parents: none\n\n-- migrate: up\nCREATE TABLE a (x int);\nSELECT nmae FROM a;\n";
        let migrations = Migrations::from_files([("001.sql", broken)]).unwrap();
        let before = server.list();
        let error = fresh_database(&migrations).on(&*server.url).create().unwrap_err();
        assert!(explain(&error).contains("001.sql:6"), "{}", explain(&error));
        let after: Vec<String> = server.list().into_iter().filter(|name| !before.contains(name)).collect();
        let sum = &fresh(&migrations_like(broken), &server.url).name()[..29].to_owned();
        assert!(!after.iter().any(|name| name.starts_with(sum)), "{after:?}");
    }
}

/// Something that works, whose databases have other names.
fn migrations_like(broken: &str) -> Migrations {
    Migrations::from_files([("001.sql", broken.replace("nmae", "x").as_str())]).unwrap()
}

#[test]
fn no_error_holds_a_password() {
    let wrong = |url: &str| url.replacen("://", "://somebody:s3cret@", 1);
    for server in servers() {
        let host = server.url.split_once('@').map_or(server.url.as_str(), |(_, host)| host).to_owned();
        let scheme = server.url.split_once("://").unwrap().0.to_owned();
        let unreachable = format!("{scheme}://somebody:s3cret@127.0.0.1:1/app");
        let malformed = format!("{scheme}://somebody:s3cret@host:port:port/app");
        for url in [wrong(&format!("{scheme}://{host}")), unreachable, malformed] {
            let error = fresh_database(&own_revisions()).on(&*url).create().unwrap_err();
            let said = format!("{error} {error:?} {}", explain(&error));
            assert!(!said.contains("s3cret"), "{said}");
        }
        let fresh = fresh(&own_revisions(), &server.url);
        assert_eq!(format!("{fresh:?}"), format!("FreshDatabase {{ name: {:?}, .. }}", fresh.name()));
    }
}

#[test]
fn fifty_tests_at_once_each_have_their_own() {
    let urls = servers().map(|server| server.url).chain(["sqlite::memory:".to_owned()]);
    for url in urls {
        let migrations = own_revisions();
        std::thread::scope(|scope| {
            let make = || fresh(&migrations, &url).name().to_owned();
            let threads: Vec<_> = (0..50).map(|_| scope.spawn(make)).collect();
            let mut names: Vec<String> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), 50);
        });
    }
}

/// Prints how long a database takes: one after the other, and fifty at once.
#[test]
#[ignore = "a measurement"]
fn how_long_it_takes() {
    let tables = |count: usize| {
        let files: Vec<(String, String)> = (0..count)
            .map(|index| {
                let parents = if index == 0 { "none".to_owned() } else { format!("{:03}", index - 1) };
                let text = format!(
                    "-- revision: {index:03}\n-- parents: {parents}\n\n-- migrate: up\nCREATE TABLE t{index} (id INTEGER PRIMARY KEY, \
                     name VARCHAR(40) NOT NULL, made TIMESTAMP);\nCREATE INDEX i{index} ON t{index} (name);\nINSERT INTO t{index} (id, name) VALUES (1, 'a');\n"
                );
                (format!("{index:03}.sql"), text)
            })
            .collect();
        Migrations::from_files(files.iter().map(|(name, text)| (name.as_str(), text.as_str()))).unwrap()
    };
    let migrations = tables(20);
    for url in servers().map(|server| server.url).chain(["sqlite::memory:".to_owned()]) {
        let started = Instant::now();
        drop(fresh(&migrations, &url));
        let first = started.elapsed();
        let mut each: Vec<(Duration, Duration)> = (0..20)
            .map(|_| {
                let started = Instant::now();
                let fresh = fresh(&migrations, &url);
                let made = started.elapsed();
                drop(fresh);
                (made, started.elapsed() - made)
            })
            .collect();
        each.sort();
        let started = Instant::now();
        let mut at_once: Vec<Duration> = std::thread::scope(|scope| {
            let make = || {
                let started = Instant::now();
                drop(fresh(&migrations, &url));
                started.elapsed()
            };
            let threads: Vec<_> = (0..50).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let all = started.elapsed();
        at_once.sort();
        let engine = url.split_once(':').unwrap().0;
        println!(
            "{engine}: first {first:?}; then {:?} and {:?} to drop it; fifty at once {all:?}, of each {:?}",
            each[10].0, each[10].1, at_once[25]
        );
    }
}
