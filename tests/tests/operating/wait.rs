//! `--wait`: for a server that comes later, and for nothing else.

use std::time::{Duration, Instant};

use migrate_tests::command::{Ran, Sandbox};
use migrate_tests::{mariadb, postgres};

use super::site::{REVISIONS, on_every_engine};

/// Upgrades while the server is down, and starts it meanwhile.
fn upgrade_before_the_server(url: &str, start: impl FnOnce() + Send) -> Ran {
    let sandbox = Sandbox::with_revisions(&REVISIONS);
    let down = sandbox.migrate(&["upgrade", "--database-url", url]);
    assert_eq!(down.code, 7, "{down:?}");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(700));
            start();
        });
        sandbox.migrate(&["upgrade", "--database-url", url, "--wait", "60s"])
    })
}

fn waited(ran: &Ran) {
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("waiting for the database since 0 s: the database cannot be reached"), "{ran:?}");
    assert_eq!(ran.stdout.lines().last(), Some("now at 003"));
}

#[test]
fn a_postgresql_server_that_starts_later_is_waited_for() {
    if postgres::engine_or_skip("postgres").is_none() {
        return;
    }
    let server = postgres::Server::start().expect("a server");
    let url = server.create_database().url();
    server.stop().expect("it stops");
    waited(&upgrade_before_the_server(&url, || server.restart().expect("it starts again")));
}

#[test]
fn a_mariadb_server_that_starts_later_is_waited_for() {
    if mariadb::engine_or_skip("mariadb").is_none() {
        return;
    }
    let server = mariadb::Server::start().expect("a server");
    let url = server.create_database().url();
    server.crash().expect("it stops");
    waited(&upgrade_before_the_server(&url, || server.restart().expect("it starts again")));
}

#[test]
fn a_wrong_password_and_a_missing_database_are_not_waited_for() {
    on_every_engine(&REVISIONS, |site| {
        let Some((url, password)) = site.url_with_password() else {
            // A path that leads nowhere will not come by itself.
            let started = Instant::now();
            let ran =
                site.sandbox.migrate(&["upgrade", "--database-url", "sqlite:///nowhere/at/all.db", "--wait", "60s"]);
            assert_eq!(ran.code, 7, "{ran:?}");
            assert!(started.elapsed() < Duration::from_secs(20));
            return;
        };
        for (url, code) in [(url.replace(password, "wrong"), "M0502"), (format!("{}x", site.url()), "M0503")] {
            let started = Instant::now();
            let ran = site.sandbox.migrate(&["upgrade", "--database-url", &url, "--wait", "60s"]);
            assert!(ran.code == 1 && ran.stderr.contains(code), "{ran:?}");
            assert!(!ran.stderr.contains("waiting for the database"), "{ran:?}");
            assert!(started.elapsed() < Duration::from_secs(20), "it waited");
        }
    });
}

#[test]
fn the_limit_ends_the_waiting_with_7() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port");
    let sandbox = Sandbox::with_revisions(&REVISIONS);
    for scheme in ["postgres", "mysql"] {
        let url = format!("{scheme}://app@127.0.0.1:{}/app", free.port());
        for verb in [&["upgrade"][..], &["status"], &["check"], &["database", "create"]] {
            let started = Instant::now();
            let ran = sandbox.migrate(&[verb, &["--database-url", &url, "--wait", "400ms"]].concat());
            assert_eq!(ran.code, 7, "{verb:?}: {ran:?}");
            assert!(started.elapsed() >= Duration::from_millis(400), "{verb:?}");
        }
    }
    assert_eq!(sandbox.migrate(&["upgrade", "--wait", "soon"]).code, 2);
}
