//! Real servers: what survives a stop, and that nothing is left of them.

use std::net::TcpStream;

use super::*;

#[test]
fn a_stopped_server_comes_back_with_its_data_and_port() {
    if engine_or_skip("postgres").is_none() {
        return;
    }
    let server = Server::start().expect("a server");
    let database = server.create_database();
    database.psql("CREATE TABLE t (x INT); INSERT INTO t VALUES (1)").expect("a committed row");
    let (url, pid) = (database.url(), server.pid().expect("it runs"));

    server.stop().expect("it ends");
    assert_eq!(server.pid(), None);
    database.psql("SELECT 1").expect_err("nobody answers");

    server.restart().expect("it comes back");
    assert_eq!(database.psql("SELECT * FROM t").expect("rows"), "1");
    assert_eq!(database.url(), url);
    assert_ne!(server.pid().expect("it runs"), pid);
}

#[test]
fn a_dropped_server_leaves_nothing_behind() {
    if engine_or_skip("postgres").is_none() {
        return;
    }
    let server = Server::start().expect("a server");
    let (home, port) = (server.socket_dir().to_owned(), server.port());
    assert!(home.is_dir());
    TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    drop(server);
    assert!(!home.exists());
    TcpStream::connect(("127.0.0.1", port)).expect_err("nobody listens");
}
