//! A real cluster: what its nodes share, what they do not, and what is left of it.

use std::net::TcpStream;

use mysql::Conn;
use mysql::prelude::Queryable;

use super::*;

/// One test, because a cluster takes long to form.
#[test]
fn nodes_share_rows_but_no_named_locks_and_one_left_alone_answers_1047() {
    let Some(cluster) = engine_or_skip() else { return };
    let database = cluster.create_database();

    cluster.sql(0, &database, "CREATE TABLE t (x INT PRIMARY KEY)").expect("a table");
    cluster.sql(1, &database, "SET wsrep_sync_wait = 7; INSERT INTO t VALUES (1)").expect("a row");
    assert_eq!(cluster.sql(2, &database, "SET wsrep_sync_wait = 1; SELECT x FROM t").expect("rows"), "1");

    let [mut holder, mut rival, mut distant] =
        [0, 0, 1].map(|node| Conn::new(cluster.url(node, &database).as_str()).expect("a session"));
    assert_eq!(get_lock(&mut holder), 1);
    assert_eq!(get_lock(&mut rival), 0, "one node knows who holds it");
    assert_eq!(get_lock(&mut distant), 1, "another node does not");

    for node in [1, 2] {
        cluster.crash(node).expect("it ends");
        assert_eq!(cluster.pid(node), None);
    }
    let answer = await_refusal(&cluster, &database);
    assert!(answer.contains("ERROR 1047") && answer.contains("WSREP has not yet prepared node"), "{answer}");

    let homes: Vec<_> = cluster.nodes.iter().map(|node| node.socket().parent().expect("a home").to_owned()).collect();
    let port = cluster.nodes[0].port();
    TcpStream::connect(("127.0.0.1", port)).expect("the last one listens");
    drop(cluster);
    assert!(homes.iter().all(|home| !home.exists()));
    TcpStream::connect(("127.0.0.1", port)).expect_err("nobody listens");
}

fn get_lock(session: &mut Conn) -> u8 {
    session.query_first("SELECT GET_LOCK('x', 1)").expect("an answer").expect("a row")
}

/// What the first node says as soon as it has noticed that it is alone.
fn await_refusal(cluster: &Cluster, database: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match cluster.sql(0, database, "SELECT COUNT(*) FROM t") {
            Err(text) => return text,
            Ok(_) => assert!(Instant::now() < deadline, "it still answers: {}", cluster.log(0)),
        }
        thread::sleep(POLL);
    }
}
