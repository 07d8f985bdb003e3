//! Real poolers: which session of the server a client gets, and that nothing is left of a pooler.

use std::net::TcpStream;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use ::postgres::{Client, NoTls, SimpleQueryMessage};

use super::*;

fn connect(pooler: &Pooler, database: &postgres::Database) -> Client {
    Client::connect(&pooler.url(database.name()), NoTls).expect("a client")
}

/// The process of the server that runs a client's statements.
fn backend(client: &mut Client) -> String {
    let rows = client.simple_query("SELECT pg_backend_pid()").expect("a process id");
    rows.iter()
        .find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .expect("a row")
}

#[test]
fn transactions_of_one_client_run_in_another_session_while_a_client_sits_in_theirs() {
    let Some(server) = engine_or_skip() else { return };
    let database = server.create_database();
    let pooler = Pooler::start(server, PoolMode::Transaction).expect("a pooler");
    let (mut one, mut other) = (connect(&pooler, &database), connect(&pooler, &database));

    let first = backend(&mut one);
    other.batch_execute("BEGIN").expect("a transaction");
    assert_eq!(backend(&mut other), first);
    assert_ne!(backend(&mut one), first);
}

#[test]
fn a_client_keeps_its_session_in_session_mode() {
    let Some(server) = engine_or_skip() else { return };
    let database = server.create_database();
    let pooler = Pooler::start(server, PoolMode::Session).expect("a pooler");
    let (mut one, mut other) = (connect(&pooler, &database), connect(&pooler, &database));

    let first = backend(&mut one);
    other.batch_execute("BEGIN").expect("a transaction");
    assert_ne!(backend(&mut other), first);
    assert_eq!(backend(&mut one), first);
}

#[test]
fn statement_mode_refuses_a_transaction() {
    let Some(server) = engine_or_skip() else { return };
    let database = server.create_database();
    let pooler = Pooler::start(server, PoolMode::Statement).expect("a pooler");
    let mut client = connect(&pooler, &database);
    client.batch_execute("CREATE TABLE t (x INT)").expect("a single statement");
    client.batch_execute("BEGIN").expect_err("a refusal");
    // The client sees no more than the end of its connection.
    let log = pooler.log();
    assert!(log.contains("transaction blocks not allowed in statement pooling mode"), "{log}");
}

#[test]
fn who_finds_no_session_in_the_pool_waits() {
    let Some(server) = engine_or_skip() else { return };
    let database = server.create_database();
    let pooler = Pooler::start_with(server, PoolMode::Transaction, 1).expect("a pooler");
    let (mut one, mut other) = (connect(&pooler, &database), connect(&pooler, &database));

    one.batch_execute("BEGIN").expect("a transaction");
    let (sender, answers) = mpsc::channel();
    let waiter = thread::spawn(move || sender.send(backend(&mut other)));
    assert_eq!(answers.recv_timeout(Duration::from_millis(300)), Err(RecvTimeoutError::Timeout));
    one.batch_execute("COMMIT").expect("an end");
    answers.recv_timeout(Duration::from_secs(20)).expect("an answer");
    waiter.join().expect("no panic").expect("a receiver");
}

#[test]
fn two_hundred_clients_find_room() {
    let Some(server) = engine_or_skip() else { return };
    let database = server.create_database();
    let pooler = Pooler::start(server, PoolMode::Transaction).expect("a pooler");
    let mut clients: Vec<Client> = (0..200).map(|_| connect(&pooler, &database)).collect();
    for client in &mut clients {
        client.batch_execute("SELECT 1").expect("an answer");
    }
}

#[test]
fn a_dropped_pooler_leaves_nothing_behind() {
    let Some(server) = engine_or_skip() else { return };
    let pooler = Pooler::start(server, PoolMode::Transaction).expect("a pooler");
    let (home, port) = (pooler.instance.home().to_owned(), pooler.port());
    assert!(home.is_dir() && pooler.pid().is_some());
    TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    drop(pooler);
    assert!(!home.exists());
    TcpStream::connect(("127.0.0.1", port)).expect_err("nobody listens");
}
