//! Real servers: what they answer, what survives a crash, and that nothing is left of them.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::server::ask;

const PATIENCE: Duration = Duration::from_secs(20);

fn fresh() -> Option<Database> {
    engine_or_skip("mariadb").map(Server::create_database)
}

/// Asks over TCP as the owner of this password, as applications do.
fn ask_as(role: &str, password: &str, database: &Database, sql: &str) -> Result<String, String> {
    let mut command = Command::new(&database.client.program);
    command
        .args(["--no-defaults", "--batch", "--skip-column-names", "--host=127.0.0.1"])
        .arg(format!("--port={}", database.client.port))
        .arg(format!("--user={role}"))
        .arg(format!("--password={password}"))
        .arg(&database.name);
    ask(command, sql)
}

fn waits_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what} in vain");
        thread::sleep(Duration::from_millis(5));
    }
}

fn home(server: &Server) -> PathBuf {
    server.socket().parent().expect("a socket is in a home").to_owned()
}

fn is_alive(pid: u32) -> bool {
    let probe = Command::new("kill").args(["-0", &pid.to_string()]).stderr(Stdio::null()).status();
    probe.expect("kill runs").success()
}

#[test]
fn rows_show_nulls_and_part_columns_by_bars() {
    let Some(database) = fresh() else { return };
    database.sql("CREATE TABLE t (a INT, b TEXT); INSERT INTO t VALUES (1, NULL), (2, 'é\\ta|\\n')").expect("a table");
    let answer = database.sql("SELECT * FROM t ORDER BY a; SELECT 'end'");
    assert_eq!(answer.expect("rows"), "1|NULL\n2|é\ta|\n\nend");
}

#[test]
fn a_failing_statement_ends_the_sql_and_says_why() {
    let Some(database) = fresh() else { return };
    let error = database.sql("CREATE TABLE a (x INT); SELECT nonsense; CREATE TABLE b (x INT)").expect_err("a failure");
    assert!(error.contains("ERROR 1054") && error.contains("nonsense"), "{error}");
    assert_eq!(database.sql("SHOW TABLES").expect("tables"), "a");
}

#[test]
fn every_database_is_another() {
    let (Some(one), Some(other)) = (fresh(), fresh()) else { return };
    one.sql("CREATE TABLE a (x INT)").expect("a table");
    assert_eq!(other.sql("SHOW TABLES").expect("tables"), "");
    assert_eq!(other.sql("SELECT DATABASE()").expect("a name"), other.name());
}

#[test]
fn settings_are_those_of_the_template() {
    let Some(database) = fresh() else { return };
    let settings = "SELECT @@time_zone, @@character_set_database, @@log_bin, @@performance_schema, @@max_connections, \
                    @@innodb_flush_log_at_trx_commit, @@innodb_flush_method, @@bind_address";
    assert_eq!(database.sql(settings).expect("settings"), "+00:00|utf8mb4|0|0|200|2|nosync|127.0.0.1");
}

#[test]
fn the_superuser_needs_no_password_on_tcp() {
    let Some(database) = fresh() else { return };
    assert_eq!(ask_as(SUPERUSER, "", &database, "SELECT CURRENT_USER()").expect("an answer"), "root@127.0.0.1");
    ask_as(SUPERUSER, "", &database, "CREATE TABLE t (x INT)").expect("a table");
}

#[test]
fn the_login_of_applications_needs_its_password_and_grants() {
    let Some(database) = fresh() else { return };
    database.sql("CREATE TABLE t (x INT)").expect("a table");
    let refused = ask_as(APP_LOGIN, "wrong", &database, "SELECT 1").expect_err("a refusal");
    assert!(refused.contains("ERROR 1045"), "{refused}");
    for denied in ["SELECT * FROM t", "CREATE TABLE u (x INT)"] {
        let error = ask_as(APP_LOGIN, APP_PASSWORD, &database, denied).expect_err("a refusal");
        assert!(error.contains("ERROR 1142"), "{error}");
    }
    database.sql(&format!("GRANT SELECT ON t TO {APP_LOGIN}")).expect("a grant");
    assert_eq!(ask_as(APP_LOGIN, APP_PASSWORD, &database, "SELECT COUNT(*) FROM t").expect("a count"), "0");
}

#[test]
fn a_discarded_database_is_gone_with_the_sessions_in_it() {
    let Some(database) = fresh() else { return };
    database.sql("CREATE TABLE t (x INT)").expect("a table");
    let (server, name) = (Server::shared(), database.name().to_owned());
    thread::scope(|scope| {
        let session = database.clone();
        let session = scope.spawn(move || session.sql("BEGIN; SELECT * FROM t; SELECT SLEEP(60)"));
        let sleeping =
            format!("SELECT COUNT(*) FROM information_schema.processlist WHERE db = '{name}' AND state = 'User sleep'");
        waits_for("waited for the session", || server.sql("mysql", &sleeping).expect("a count") == "1");
        database.discard().expect("it goes");
        session.join().expect("no panic").expect_err("a session that was ended");
    });
    let left = format!("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '{name}'");
    assert_eq!(server.sql("mysql", &left).expect("a count"), "0");
}

#[test]
fn a_crash_loses_nothing_that_was_committed_and_all_that_was_not() {
    if engine_or_skip("mariadb").is_none() {
        return;
    }
    let server = Server::start().expect("a server");
    let database = server.create_database();
    database.sql("CREATE TABLE t (x INT); INSERT INTO t VALUES (1)").expect("a committed row");
    let (url, pid) = (database.url(), server.pid().expect("it runs"));

    thread::scope(|scope| {
        let session = database.clone();
        let session = scope.spawn(move || session.sql("BEGIN; INSERT INTO t VALUES (2); SELECT SLEEP(60)"));
        let sleeping = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'";
        waits_for("waited for the session", || database.sql(sleeping).expect("a count") == "1");
        server.crash().expect("it ends");
        session.join().expect("no panic").expect_err("a session that was cut off");
    });
    assert_eq!(server.pid(), None);
    // The number lives on until the shell has collected what the process left.
    waits_for("waited for the end of the process", || !is_alive(pid));
    database.sql("SELECT 1").expect_err("nobody answers");

    server.restart().expect("it comes back");
    assert_eq!(database.sql("SELECT * FROM t").expect("rows"), "1");
    assert_eq!(database.url(), url);
    assert_ne!(server.pid().expect("it runs"), pid);

    server.restart().expect("it comes back from running, too");
    assert_eq!(database.sql("SELECT * FROM t").expect("rows"), "1");
    assert!(server.log().contains("crash recovery"), "{}", server.log());
}

#[test]
fn a_dropped_server_leaves_nothing_behind() {
    if engine_or_skip("mariadb").is_none() {
        return;
    }
    let server = Server::start().expect("a server");
    let (home, port, pid) = (home(&server), server.port(), server.pid().expect("it runs"));
    assert!(home.is_dir() && is_alive(pid));
    TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    drop(server);
    assert!(!home.exists() && !is_alive(pid));
    TcpStream::connect(("127.0.0.1", port)).expect_err("nobody listens");
}

/// Told by [`a_killed_test_process_leaves_no_server_behind`] where to write that it is ready.
const DOOMED: &str = "MIGRATE_TEST_DOOMED";

#[test]
fn a_killed_test_process_leaves_no_server_behind() {
    if engine_or_skip("mariadb").is_none() {
        return;
    }
    let name = format!("{}::the_process_that_is_killed", module_path!().split_once("::").expect("a module").1);
    let mut doomed = Command::new(std::env::current_exe().expect("a test has an executable"))
        .args(["--exact", &name, "--ignored", "--nocapture"])
        .env(DOOMED, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("a second test process");
    let words = BufReader::new(doomed.stdout.take().expect("a pipe"));
    let line = words
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.split_once("doomed ").map(|(_, rest)| rest.to_owned()));
    doomed.kill().expect("a kill");
    doomed.wait().expect("an end");
    let line = line.expect("its server started");
    let (pid, home) = line.split_once(' ').expect("a number and a folder");
    let (pid, home) = (pid.parse().expect("a number"), Path::new(home));
    waits_for("waited for the end of the server", || !home.exists() && !is_alive(pid));
}

#[test]
#[ignore = "the other half of a_killed_test_process_leaves_no_server_behind"]
fn the_process_that_is_killed() {
    if std::env::var_os(DOOMED).is_none() {
        return;
    }
    let server = Server::start().expect("a server");
    println!("doomed {} {}", server.pid().expect("it runs"), home(&server).display());
    thread::sleep(PATIENCE);
}
