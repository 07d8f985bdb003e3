//! `wait_for` against a real server: what may come is waited for, what will not is not.

use std::time::{Duration, Instant};

use migrate_runtime::wait_for_async;
use migrate_tests::postgres::{APP_LOGIN, Server, engine_or_skip};
use tokio_postgres::{Client, Error, NoTls};

const LIMIT: Duration = Duration::from_secs(60);

async fn connect(url: String) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

#[test]
fn a_server_that_starts_later_is_waited_for() {
    if engine_or_skip("postgres").is_none() {
        return;
    }
    let server = Server::start().expect("a server");
    let url = server.create_database().url();
    server.stop().expect("it stops");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(700));
            server.restart().expect("it starts again");
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let outcome =
            runtime.block_on(async { wait_for_async(LIMIT, || connect(url.clone()), tokio::time::sleep).await });
        assert!(outcome.is_ok(), "{:?}", outcome.err());
    });
}

#[tokio::test(flavor = "current_thread")]
async fn wrong_credentials_and_a_missing_database_are_not_waited_for() {
    let Some(server) = engine_or_skip("postgres") else { return };
    let database = server.create_database();
    for url in [database.login_url(APP_LOGIN, "wrong"), server.superuser_url("nowhere")] {
        let started = Instant::now();
        let outcome = wait_for_async(LIMIT, || connect(url.clone()), tokio::time::sleep).await;
        assert!(outcome.is_err());
        assert!(started.elapsed() < LIMIT / 4, "it waited");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_limit_ends_the_waiting() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port");
    let url = format!("postgres://app@127.0.0.1:{}/app", free.port());
    let started = Instant::now();
    let outcome = wait_for_async(Duration::from_millis(400), || connect(url.clone()), tokio::time::sleep).await;
    assert!(outcome.is_err());
    assert!(started.elapsed() >= Duration::from_millis(400));
}
