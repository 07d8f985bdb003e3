//! The examples do what their READMEs say, and carry their operator's verbs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use migrate_tests::command::{Ran, Sandbox, binaries, build};
use migrate_tests::postgres::engine_or_skip;

fn example(sandbox: &Sandbox, name: &str, arguments: &[&str]) -> Ran {
    build(&["-p", name]);
    let mut command = Command::new(binaries().join(name));
    command.args(arguments).current_dir(sandbox.path()).env_remove("DATABASE_URL");
    command.output().expect("the example runs").into()
}

#[test]
fn the_quickstart_migrates_itself_and_its_second_run_applies_nothing() {
    let sandbox = Sandbox::new();
    let first = example(&sandbox, "quickstart", &[]);
    assert_eq!(
        first.stdout,
        "applied 001 create greetings\napplied 002 add language\nhello, world: greeting number 1, at revision 002\n"
    );
    let second = example(&sandbox, "quickstart", &[]);
    assert_eq!(second.stdout, "hello, world: greeting number 2, at revision 002\n");
}

#[test]
fn the_quickstart_carries_the_operators_verbs() {
    let sandbox = Sandbox::new();
    let migrate = |arguments: &[&str]| example(&sandbox, "quickstart", &[&["migrate"], arguments].concat());
    assert_eq!(migrate(&["check"]).code, 3);
    assert_eq!(migrate(&["upgrade", "+1"]).stdout.lines().last(), Some("now at 001"));
    assert_eq!(migrate(&["up"]).stdout.lines().last(), Some("now at 002"));
    assert_eq!(migrate(&["check"]).code, 0);
    assert_eq!(migrate(&["downgrade", "-1"]).stdout.lines().last(), Some("now at 001"));
    assert_eq!(migrate(&["stamp", "head"]).code, 0);
    assert_eq!(migrate(&["current"]).stdout, "002 (head)  add language\n");
    let status = migrate(&["status", "--format", "json"]).json();
    assert_eq!((&status["heads"][0], &status["applied"]), (&"002".into(), &2.into()));
    let refused = migrate(&["upgrade", "nowhere", "--format", "json"]);
    assert_eq!((refused.code, &refused.json()["error"]["code"]), (1, &"M0202".into()));
    assert_eq!(migrate(&["history"]).stdout.lines().count(), 2);
    assert_eq!(migrate(&["frobnicate"]).code, 2);
}

#[test]
fn two_branches_are_walked_as_the_readme_says() {
    let walked = example(&Sandbox::new(), "two-branches", &[]);
    assert_eq!(
        walked.stdout,
        "billing alone: [\"users\", \"invoices\"], heads [\"invoices\"]\n\
         then the rest: [\"names_index\", \"joined\"], heads [\"joined\"]\n\
         back over the merge: [\"joined\"], heads [\"invoices\", \"names_index\"]\n"
    );
}

#[test]
fn a_library_brings_its_tables_and_its_name_is_a_label() {
    let sandbox = Sandbox::new();
    let run = |arguments: &[&str]| example(&sandbox, "library-and-app", arguments);
    let migrate = |arguments: &[&str]| run(&[&["migrate"], arguments].concat());
    assert_eq!(run(&[]).stdout, "applied [\"7f21\", \"9c04\", \"31aa\"], heads [\"9c04\", \"31aa\"]\n");
    assert_eq!(run(&[]).stdout, "applied [], heads [\"9c04\", \"31aa\"]\n");
    assert_eq!(migrate(&["check"]).code, 0);
    let base = migrate(&["downgrade", "accounts@base"]);
    assert_eq!(
        base.stdout.lines().filter(|line| line.starts_with('-')).count(),
        3,
        "what stands on it goes first: {base:?}"
    );
    assert_eq!(migrate(&["upgrade", "accounts@head"]).stdout.lines().last(), Some("now at 9c04"));
    let shown = migrate(&["show", "31aa"]).stdout;
    assert!(shown.contains("file:     library-and-app/migrations/1_31aa_orders.sql"), "{shown}");
}

#[test]
fn one_history_serves_two_databases() {
    let sandbox = Sandbox::new();
    let on_sqlite = example(&sandbox, "sqlite-and-postgres", &[]);
    assert_eq!(on_sqlite.stdout, "SQLite: applied [\"001\", \"002\"], at 002\n");
    let Some(server) = engine_or_skip("postgres") else { return };
    let database = server.create_database();
    let run = || {
        let output = Command::new(binaries().join("sqlite-and-postgres")).env("DATABASE_URL", database.url()).output();
        Ran::from(output.expect("the example runs")).stdout
    };
    assert_eq!(run(), "PostgreSQL: applied [\"001\", \"002\"], at 002\n");
    assert_eq!(run(), "PostgreSQL: applied [], at 002\n");
}

/// A started replica that ends with the test.
struct Replica(Child);

impl Drop for Replica {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn replicas_of_a_service_start_at_once_and_each_revision_is_applied_once() {
    let Some(server) = engine_or_skip("postgres") else { return };
    let database = server.create_database();
    build(&["-p", "axum-postgres"]);
    let binary = binaries().join("axum-postgres");
    let mut replicas: Vec<(Replica, u16)> = (0..4).map(|_| start(&binary, &database.url())).collect();
    let (first, port) = replicas.remove(0);
    assert_eq!(get(port), "visit number 1\n");
    drop(first);
    let rows = database.psql("SELECT count(*) FROM migrate_log").expect("the log is there");
    assert_eq!(rows.trim(), "2");
    let check = Command::new(&binary).args(["migrate", "check"]).env("DATABASE_URL", database.url()).output();
    let check = Ran::from(check.expect("the example runs"));
    assert_eq!(check.code, 0, "{check:?}");
}

#[test]
fn a_service_that_only_checks_is_not_ready_until_somebody_else_has_migrated() {
    let Some(server) = engine_or_skip("postgres") else { return };
    let database = server.create_database();
    build(&["-p", "axum-postgres"]);
    let binary = binaries().join("axum-postgres");
    let (_replica, port) = start_with(&binary, &database.url(), &[("MIGRATE", "check")]);
    assert_eq!(ask(port, "/health"), (503, "not ready, at base: 001, 002 are pending".to_owned()));
    let migrated = Command::new(&binary).args(["migrate", "upgrade"]).env("DATABASE_URL", database.url()).output();
    assert_eq!(Ran::from(migrated.expect("the example runs")).code, 0);
    assert_eq!(ask(port, "/health"), (200, "ready, at 002".to_owned()));
    assert_eq!(get(port), "visit number 1\n");
    let typo = Command::new(&binary).env("MIGRATE", "of").env("DATABASE_URL", database.url()).output();
    assert_eq!(Ran::from(typo.expect("the example runs")).code, 1);
}

fn start(binary: &Path, url: &str) -> (Replica, u16) {
    start_with(binary, url, &[])
}

fn start_with(binary: &Path, url: &str, variables: &[(&str, &str)]) -> (Replica, u16) {
    let mut command = Command::new(binary);
    command.env_remove("MIGRATE").envs(variables.iter().copied());
    command.args(["--listen", "127.0.0.1:0"]).env("DATABASE_URL", url).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the example runs");
    let mut stdout = child.stdout.take().expect("it is a pipe");
    let replica = Replica(child);
    let mut said = String::new();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !said.contains("listening on") || !said.ends_with('\n') {
        assert!(Instant::now() < deadline, "it does not listen: {said}");
        let mut buffer = [0; 256];
        let read = stdout.read(&mut buffer).expect("a pipe can be read");
        assert_ne!(read, 0, "it ended: {said}");
        said.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    let port = said.trim().rsplit(':').next().and_then(|port| port.parse().ok());
    (replica, port.expect("it says its port"))
}

fn get(port: u16) -> String {
    ask(port, "/").1
}

/// The status and the body of an answer.
fn ask(port: u16, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer.rsplit("\r\n\r\n").next().unwrap_or_default().to_owned())
}

/// The instructions of a Dockerfile, comments left out.
fn dockerfile(name: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' ')).map(|(word, rest)| (word.to_owned(), rest.to_owned())).collect()
}

/// What a container engine would start: the entry point with the default command.
fn container_command() -> Vec<String> {
    let instructions = dockerfile("examples/docker/Dockerfile");
    let last = |word: &str| instructions.iter().rfind(|(found, _)| found == word).map(|(_, rest)| rest.clone());
    assert_eq!(last("FROM").as_deref(), Some("scratch"));
    let exec = |word: &str| {
        let text = last(word).unwrap_or_else(|| panic!("there is no {word}"));
        // The form without a shell, which the image does not have.
        serde_json::from_str::<Vec<String>>(&text).unwrap_or_else(|error| panic!("{word} {text}: {error}"))
    };
    [exec("ENTRYPOINT"), exec("CMD")].concat()
}

/// The machine that this is.
fn target_triple() -> String {
    let version = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8(version.stdout).expect("text");
    version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host").to_owned()
}

/// An image as a folder: the binary alone, linked statically as it is in the image.
fn image() -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().expect("a folder");
    let target = binaries().join("static");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--locked", "--package", "docker-image", "--target"])
        .args([&*target_triple(), "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env("CARGO_TARGET_DIR", &target)
        .status();
    assert!(built.expect("cargo runs").success());
    let binary = target.join(target_triple()).join("debug/docker-image");
    std::fs::copy(binary, folder.path().join("app")).expect("it is built");
    folder
}

#[test]
fn a_container_waits_for_its_database_and_migrates_it_without_a_shell() {
    if engine_or_skip("postgres").is_none() {
        return;
    }
    let image = image();
    let command = container_command();
    assert_eq!(command, ["/app", "migrate", "upgrade"]);
    let run = |url: &str, arguments: &[String]| -> Option<Ran> {
        let mut inside = Command::new("chroot");
        inside.arg(image.path()).args(arguments).env_clear().env("PATH", "/usr/sbin:/usr/bin").env("DATABASE_URL", url);
        Some(inside.output().ok()?.into())
    };
    let help = run("postgres://nobody@127.0.0.1/none", &[command[0].clone(), "--help".to_owned()]);
    if help.is_none_or(|ran| ran.code != 0) {
        eprintln!("skipped: an empty root folder needs the rights of root");
        return;
    }
    let server = migrate_tests::postgres::Server::start().expect("a server");
    let database = server.create_database();
    server.stop().expect("it stops");
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(700));
            server.restart().expect("it starts again");
        });
        run(&database.url(), &command).expect("it runs")
    });
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.stdout.lines().last(), Some("now at 001"));
    let status = run(&database.url(), &["/app", "migrate", "check"].map(str::to_owned)).expect("it runs");
    assert_eq!(status.code, 0, "{status:?}");
    let refused = run(&server.superuser_url("nowhere"), &command).expect("it runs");
    assert!(refused.code == 7 && refused.stderr.contains("does not exist"), "{refused:?}");
}

/// A database on which both versions of the example run.
struct Rollback {
    sandbox: Sandbox,
    url: Option<String>,
}

impl Rollback {
    fn run(&self, version: &str, arguments: &[&str]) -> Ran {
        let mut command = Command::new(binaries().join(version));
        command.args(arguments).current_dir(self.sandbox.path()).env_remove("DATABASE_URL");
        command.envs(self.url.iter().map(|url| ("DATABASE_URL", url)));
        command.output().expect("the example runs").into()
    }

    fn succeeds(&self, version: &str, arguments: &[&str]) -> String {
        let ran = self.run(version, arguments);
        assert_eq!(ran.code, 0, "{}", ran.transcript());
        ran.stdout
    }
}

/// A deployment is rolled back: the older version starts, shows what it does not know, and undoes it.
fn goes_back(url: Option<String>) {
    build(&["-p", "rollback"]);
    let app = Rollback { sandbox: Sandbox::new(), url };
    app.succeeds("new", &["migrate", "upgrade", "002"]);
    assert_eq!(app.succeeds("old", &[]), "the database is ahead of this version: 002\nstarted at 002\n");
    let status = app.run("old", &["migrate", "status"]).stdout;
    assert!(status.contains("002"), "{status}");
    assert_eq!(app.succeeds("old", &["migrate", "downgrade", "001"]).lines().last(), Some("now at 001"));
    assert_eq!(app.succeeds("old", &[]), "started at 001\n");
    assert_eq!(app.succeeds("new", &[]), "started at 003\n");

    let refused = app.run("old", &["migrate", "downgrade", "001"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("M0212") && refused.stderr.contains("003"), "{}", refused.transcript());
    assert_eq!(app.succeeds("new", &["migrate", "current"]).lines().next().map(|line| &line[..3]), Some("003"));
    assert_eq!(app.succeeds("old", &[]), "the database is ahead of this version: 002, 003\nstarted at 003\n");
}

#[test]
fn an_older_version_goes_back_on_sqlite() {
    goes_back(None);
}

#[test]
fn an_older_version_goes_back_on_postgres() {
    let Some(server) = engine_or_skip("postgres") else { return };
    goes_back(Some(server.create_database().url()));
}

#[test]
fn an_older_version_goes_back_on_mariadb() {
    let Some(server) = migrate_tests::mariadb::engine_or_skip("mariadb") else { return };
    goes_back(Some(server.create_database().url()));
}

#[test]
fn a_shipped_application_takes_its_customers_database_over_from_refinery() {
    build(&["-p", "from-refinery"]);
    let sandbox = Sandbox::new();
    let run = |version: &str| -> String {
        let output = Command::new(binaries().join(version)).current_dir(sandbox.path()).output();
        let ran = Ran::from(output.expect("the example runs"));
        assert_eq!(ran.code, 0, "{}", ran.transcript());
        ran.stdout
    };
    assert_eq!(run("with-refinery"), "refinery applied 2 migrations\n");
    assert_eq!(
        run("from-refinery"),
        "taking over 2 revisions from refinery_schema_history\napplied tags add tags\nstarted at tags\n"
    );
    assert_eq!(run("from-refinery"), "started at tags\n");
    assert_eq!(run("with-refinery"), "refinery applied 0 migrations\n");
}
