//! Private Galera clusters of three MariaDB nodes that never outlive the test process.

mod node;

use std::process;
use std::thread;
use std::time::{Duration, Instant};

use node::Ports;

use crate::mariadb::{Binaries, Server};
use crate::server::{database_name, is_required, missing_engine, skipped};

/// How many nodes a cluster has.
pub const NODES: usize = 3;

/// The Debian packages that bring the server, the provider, and what moves the data to a new node.
const DEBIAN_PACKAGES: &str = "mariadb-server galera-4 rsync iproute2";
/// The database that every node has, and no test writes to.
const SYSTEM_DATABASE: &str = "mysql";

/// A node takes seconds to be let in, and much longer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(50);
/// Somebody else may take one of the ports while the earlier nodes start.
const ATTEMPTS: u32 = 3;
const LOG_LINES: usize = 40;

/// A running private cluster; its nodes stop and their directories disappear when this value is
/// dropped or the process ends, in whatever way it ends.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Server>,
}

impl Cluster {
    /// Starts a cluster of [`NODES`] nodes, counted from zero, and waits until all of them are synced.
    ///
    /// # Errors
    ///
    /// When something is not installed, or a node does not come up or is not let in; the text holds its log.
    pub fn start() -> Result<Self, String> {
        let binaries = Binaries::find().ok_or_else(|| "no MariaDB binaries found".to_owned())?;
        let provider = node::provider().ok_or_else(|| "no Galera provider or no rsync found".to_owned())?;
        let mut attempt = 1;
        loop {
            let ports = Ports::free(NODES)?;
            let name = format!("cluster_{}_{attempt}", process::id());
            let started = (0..NODES)
                .map(|number| {
                    Server::start_as_node(&binaries, node::arguments(&provider, &name, &ports, number))
                        .map_err(|text| format!("node {number}: {text}"))
                })
                .collect::<Result<_, _>>();
            match started {
                Ok(nodes) => {
                    let cluster = Self { nodes };
                    cluster.await_synced()?;
                    return Ok(cluster);
                }
                Err(text) if node::port_was_taken(&text) && attempt < ATTEMPTS => attempt += 1,
                Err(text) => return Err(text),
            }
        }
    }

    /// Makes an empty database with a name that no other database of this process has, on the first
    /// node that runs, and returns its name when all nodes that run have it.
    ///
    /// # Panics
    ///
    /// When a node refuses.
    pub fn create_database(&self) -> String {
        let name = database_name();
        let running: Vec<&Server> = self.nodes.iter().filter(|node| node.pid().is_some()).collect();
        let create = format!("CREATE DATABASE {name};");
        // A node that reads so waits first for what the others have written.
        let wait = "SET wsrep_sync_wait = 1; SELECT COUNT(*) FROM information_schema.schemata;";
        let made = running.first().ok_or_else(|| "no node runs".to_owned()).and_then(|node| {
            node.sql(SYSTEM_DATABASE, &create)?;
            running.iter().try_for_each(|node| node.sql(SYSTEM_DATABASE, wait).map(drop))
        });
        if let Err(text) = made {
            panic!("could not create the database {name}: {text}");
        }
        name
    }

    /// The URL of a database for the superuser, over TCP to one node.
    pub fn url(&self, node: usize, database: &str) -> String {
        self.nodes[node].superuser_url(database)
    }

    /// Runs SQL on one node as the superuser, as [`Server::sql`] does.
    ///
    /// # Errors
    ///
    /// What `mariadb` wrote to stderr, when a statement fails; the statements after it do not run.
    pub fn sql(&self, node: usize, database: &str, sql: &str) -> Result<String, String> {
        self.nodes[node].sql(database, sql)
    }

    /// The process id of a node, while it runs.
    pub fn pid(&self, node: usize) -> Option<u32> {
        self.nodes[node].pid()
    }

    /// What a node has logged so far.
    pub fn log(&self, node: usize) -> String {
        self.nodes[node].log()
    }

    /// Kills the process of a node. The others notice after some seconds; a node that is left
    /// alone then has no quorum, and answers error 1047 to whatever needs the cluster.
    ///
    /// # Errors
    ///
    /// When the process does not end in time.
    pub fn crash(&self, node: usize) -> Result<(), String> {
        self.nodes[node].crash()
    }

    fn await_synced(&self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        for (number, node) in self.nodes.iter().enumerate() {
            while let Err(state) = is_synced(node) {
                if Instant::now() > deadline {
                    let end = node::last_lines(&node.log(), LOG_LINES);
                    return Err(format!("node {number} was not synced in time, but {state}:\n{end}"));
                }
                thread::sleep(POLL);
            }
        }
        Ok(())
    }
}

/// Whether a node takes part in a full cluster; what it says of itself when not.
fn is_synced(node: &Server) -> Result<(), String> {
    let state = node.sql(
        SYSTEM_DATABASE,
        "SELECT variable_value FROM information_schema.global_status \
         WHERE variable_name IN ('wsrep_cluster_size', 'wsrep_local_state_comment') ORDER BY variable_name",
    )?;
    if state == format!("{NODES}\nSynced") { Ok(()) } else { Err(state.replace('\n', ", ")) }
}

/// A cluster of the test's own, or `None` after one line on stderr unless the environment variable
/// `MIGRATE_TEST_REQUIRE` lists `galera`: clusters take too long for every run.
///
/// # Panics
///
/// When it is listed, and something is not installed or the cluster does not start.
pub fn engine_or_skip() -> Option<Cluster> {
    if !is_required("galera") {
        skipped("galera: only tested when MIGRATE_TEST_REQUIRE lists it");
        return None;
    }
    if Binaries::find().is_none() || node::provider().is_none() {
        missing_engine("galera", DEBIAN_PACKAGES);
    }
    match Cluster::start() {
        Ok(cluster) => Some(cluster),
        Err(text) => panic!("the Galera cluster did not start: {text}"),
    }
}

#[cfg(test)]
mod tests;
